#!/bin/sh
# What the image `postgres` does at its start, with the programs of this machine (their folder is the argument): makes the
# database of its environment in $PGDATA where there is none, then serves it to everybody who knows the password.
set -eu
bin=$1

# The image has a user of this number; PostgreSQL asks for its name. Here the process becomes somebody who has one.
if ! id -un >/dev/null 2>&1; then
    exec unshare --user --map-user nobody --map-group "$(id -g nobody)" "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
    # Options are words of their own in the image too.
    # shellcheck disable=SC2086
    "$bin/initdb" -D "$PGDATA" -U "$POSTGRES_USER" --pwfile /tmp/password -E UTF8 --locale=C $POSTGRES_INITDB_ARGS
    rm /tmp/password
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    echo "create database $POSTGRES_DB" | "$bin/postgres" --single -D "$PGDATA" postgres
fi
exec "$bin/postgres" -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
