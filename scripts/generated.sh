#!/usr/bin/env bash
# Writes the generated files, or checks that they are what the code generates.
# usage: DEV_PROGRAM=path/to/custodian generated.sh write|check
set -euo pipefail
cd "$(dirname "$0")/.."

: "${DEV_PROGRAM:?set it to the program, or use make}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

stale=0
# one FILE COMMAND...: what COMMAND prints belongs into FILE
one() {
    local file=$1 made=$work/made
    shift
    "$@" >"$made"
    if [ ! -s "$made" ]; then
        echo "\`$*\` printed nothing." >&2
        exit 1
    fi
    if [ "$mode" = write ]; then
        mkdir -p "$(dirname "$file")"
        # Beside its place first: an interruption must not leave half a file.
        cp "$made" "$file.new"
        mv "$file.new" "$file"
        echo "wrote $file"
    elif ! diff -u --label "$file (committed)" --label "$file (generated)" "$file" "$made" >"$work/diff" 2>&1; then
        head -n 60 "$work/diff" >&2
        echo "$file is stale. Run \`make generated\` and commit it." >&2
        stale=1
    fi
}

mode=${1:-}
case $mode in write | check) ;; *)
    echo "usage: generated.sh write|check" >&2
    exit 2
    ;;
esac

one openapi/v1.json "$DEV_PROGRAM" openapi

# A fresh file that is not in the repository helps nobody who clones it.
if [ "$mode" = check ] && git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --error-unmatch openapi/v1.json >/dev/null || stale=1
fi
exit "$stale"
