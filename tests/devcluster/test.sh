#!/bin/sh
# Tests devcluster: its packages, then the built program from outside. DEVCLUSTER is the program (built if unset),
# DEVCLUSTER_CONTROL_PLANE the control plane of another version to run all of it on. Arguments go to `go test`.
set -eu
cd "$(dirname "$0")"
DEVCLUSTER=${DEVCLUSTER:-$(./build.sh)}
export DEVCLUSTER
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "not formatted by gofmt: $unformatted" >&2
  exit 1
fi
# The flags of build.sh, so that its build cache serves here too. Tests mostly wait: many run at once.
export GOFLAGS='-mod=mod -buildvcs=false -trimpath' CGO_ENABLED=0
exec go test -parallel 6 "$@" ./...
