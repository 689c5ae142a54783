#!/usr/bin/env bash
# Runs the README's commands against a server of their own and stops at the first that fails.
#
# A command is a fenced ```sh block with `<!-- ci -->` on the line before. The blocks run in order in one bash, in the root
# of the repository, so a variable set in one holds in the next. `http://127.0.0.1:8080`, `.custodian/` and `target/release/custodian` in
# them stand for this server, its data folder and its program. Besides, the environment holds CUSTODIAN_BASE and each value of dev.json: CUSTODIAN_PARTNER_API_KEY,
# CUSTODIAN_ORGANIZATION_ID, ..., and for each user CUSTODIAN_SALES_A_EMAIL, CUSTODIAN_SALES_A_PASSWORD, CUSTODIAN_SALES_A_ID.
#
# usage: DEV_PROGRAM=path/to/custodian readme-check.sh [FILE]
set -euo pipefail
cd "$(dirname "$0")/.."

: "${DEV_PROGRAM:?set it to the program, or use make}"
readme=${1:-README.md}
work=$(mktemp -d)
# As root the database runs under another account, which has to pass through.
chmod 711 "$work"
data=$work/data
server=

finish() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [ -L "$data/postgres" ]; then rm -rf "$(readlink "$data/postgres")"; fi
    # A database that is still ending may put a file into a folder being removed.
    rm -rf "$work" 2>/dev/null || rm -rf "$work" || true
}
trap finish EXIT
trap 'exit 130' INT TERM

# One bash script out of the blocks: each says where it is from and keeps its output to itself until it fails.
mkdir "$work/out"
awk -v out="$work/out" '
    function close_block() { printf "\n} >%s/%d 2>&1 </dev/null\n", out, n; inside = 0 }
    inside && /^```[ \t]*$/ { close_block(); next }
    inside { print; next }
    /^```sh[ \t]*$/ && marked { n++; inside = 1; printf "__block=%d __line=%d\n{\n:\n", n, NR; marked = 0; next }
    { marked = /^<!-- ci -->[ \t]*$/ }
    END { if (inside) { print "unclosed block" > "/dev/stderr"; exit 1 } print "__block=0" }
' "$readme" >"$work/blocks"

count=$(grep -c '^__block=[1-9]' "$work/blocks" || true)
if [ "$count" -eq 0 ]; then
    echo "$readme has no \`\`\`sh block marked with <!-- ci --> on the line before." >&2
    exit 1
fi
if [ "$count" -ne "$(grep -c '^<!-- ci -->' "$readme")" ]; then
    echo "$readme has a <!-- ci --> that does not stand on the line before a \`\`\`sh block." >&2
    exit 1
fi

"$DEV_PROGRAM" dev --data-dir "$data" --bind 127.0.0.1:0 >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 1200); do
    [ -s "$data/dev.json" ] && break
    if ! kill -0 "$server" 2>/dev/null; then
        cat "$work/server.log" >&2
        echo "\`custodian dev\` ended before it was ready; its output is above." >&2
        exit 1
    fi
    sleep 0.1
done
if [ ! -s "$data/dev.json" ]; then
    cat "$work/server.log" >&2
    echo "\`custodian dev\` was not ready within two minutes; its output is above." >&2
    exit 1
fi

base=$(jq -er .base_url "$data/dev.json")
jq -r '
    def line(name; value): "export CUSTODIAN_\(name | ascii_upcase)=\(value | @sh)";
    to_entries[] | select(.value | type == "string") | line(.key; .value)
' "$data/dev.json" >"$work/environment"
jq -r '
    .users | to_entries[] | .key as $who | .value | to_entries[]
    | "export CUSTODIAN_\("\($who)_\(.key)" | ascii_upcase)=\(.value | @sh)"
' "$data/dev.json" >>"$work/environment"
echo "export CUSTODIAN_BASE=$base" >>"$work/environment"

{
    echo 'set -euo pipefail'
    # Kept apart from the blocks, which have their standard output and error redirected.
    echo 'exec 8>&2'
    cat <<'REPORT'
__report() {
    local status=$?
    [ "$__block" = 0 ] && return
    echo "the block at line $__line of $README failed with status $status:" >&8
    sed -n "$((__line + 1)),\$p" "$README" | sed '/^```/,$d; s/^/    /' >&8
    echo "its output:" >&8
    sed 's/^/    /' "$OUT/$__block" >&8
    exit 1
}
trap __report EXIT
REPORT
    cat "$work/environment"
    sed -e "s|http://127\.0\.0\.1:8080|$base|g" -e "s|\.custodian/|$data/|g" \
        -e "s|target/release/custodian|$DEV_PROGRAM|g" "$work/blocks"
} >"$work/script"

README=$readme OUT=$work/out bash "$work/script"
echo "$readme: $count blocks ran"
