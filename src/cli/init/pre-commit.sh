#!/bin/sh
# Refuses a commit whose documents have errors; what looks like a secret in plain is one of them.
# To use it: git config core.hooksPath .keyforge/hooks
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd -P)
top=$(git rev-parse --show-toplevel)
# What is committed, not what lies beside it.
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
git checkout-index --all --prefix="$staged/"
keyforge validate "$staged${root#"$top"}"
