#!/bin/sh
# Builds devcluster once and prints the program's path; with --skew, the control plane of the next Kubernetes version.
# A cold build takes 5 to 7 minutes on 2 cores, so it is kept by the digest of all that goes into it.
set -eu
cd "$(dirname "$0")"
say() { echo "devcluster/build.sh: $*" >&2; }

main=. name=devcluster version=v1.34.4 needs='1.24'
if [ "${1:-}" = --skew ]; then
  main=skew name=controlplane version=v1.37.2 needs='1.26'
fi

digest=$(find . -type f \( -name '*.go' -o -name go.mod -o -name go.sum -o -name build.sh \) ! -name '*_test.go' \
  | if [ $main = skew ]; then grep -E '^\./(skew/|controlplane\.go$|build\.sh$)'; else grep -v '^\./skew/'; fi \
  | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/keyforge/$name
program=$cache/$digest/$name

if [ ! -x "$program" ]; then
  if ! command -v go > /dev/null; then
    say "Go is not installed; Go $needs or later is needed: https://go.dev/dl, or your distribution's package (golang-go)"
    exit 2
  fi
  # `go version` in the module's folder is the version that go.mod asks for, where GOTOOLCHAIN lets Go fetch it.
  found=$(cd $main && go env GOVERSION 2> /dev/null || true)
  if ! printf '%s\n' "go$needs" "$found" | sort -V -C; then
    say "Go $needs or later is needed, found '$(go version)' (GOTOOLCHAIN=$(go env GOTOOLCHAIN))"
    say "install it from https://go.dev/dl, or, from Go 1.21 on, let Go fetch it: GOTOOLCHAIN=auto"
    exit 2
  fi
  mkdir -p "$cache"
  exec 9> "$cache/lock"
  flock 9 # two calls at once build once
  if [ ! -x "$program" ]; then
    say "building $name $version (some minutes when nothing is in Go's build cache)"
    stamp=k8s.io/component-base/version
    minor=${version#v1.}
    # Clients and version checks read the stamp. Changing a flag means another cold build.
    (cd $main && GOFLAGS='-mod=mod -buildvcs=false' CGO_ENABLED=0 go build -trimpath -o "$cache/$name.new" -ldflags="-s -w \
      -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=${minor%%.*} -X $stamp.gitTreeState=clean \
      -X $stamp.gitCommit=0000000000000000000000000000000000000000" .) >&2
    mkdir -p "$cache/$digest"
    mv "$cache/$name.new" "$program"
    # The two that were used last stay (this one, and the one of the branch before), and what may be in use just now.
    ls -dt "$cache"/*/ | tail -n +3 | while read -r old; do
      find "$old" -maxdepth 0 -mmin +60 -exec rm -rf {} +
    done
  fi
fi
touch "$cache/$digest"
echo "$program"
