#!/usr/bin/env bash
# Finds PostgreSQL 15 or newer, or installs Debian's package without letting it start a cluster of its own.
set -euo pipefail

oldest=15

# The same places, in the same order, as `custodian dev` looks in.
folders() {
    if [ -n "${CUSTODIAN_PG_BIN:-}" ]; then
        echo "$CUSTODIAN_PG_BIN"
        return
    fi
    pg_config --bindir 2>/dev/null || true
    printf '%s\n' /usr/lib/postgresql/*/bin /usr/local/pgsql/bin
}

found() {
    local folder major
    while read -r folder; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] || continue
        major=$("$folder/postgres" --version 2>/dev/null | sed -nE 's/.*\(PostgreSQL\) ([0-9]+).*/\1/p')
        [ "${major:-0}" -ge "$oldest" ] && return 0
    done < <(folders)
    return 1
}

found && exit 0

if [ -n "${CUSTODIAN_PG_BIN:-}" ]; then
    echo "CUSTODIAN_PG_BIN is $CUSTODIAN_PG_BIN, but no PostgreSQL $oldest or newer is there. Correct it or unset it." >&2
    exit 1
fi

here=$(dirname "$0")
if [ "$(id -u)" -eq 0 ]; then
    as_root=()
else
    as_root=(sudo)
    # Without root and without sudo this prints the command and ends here.
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        exec "$here/apt-install.sh" postgresql
    fi
fi

# The package makes and starts a cluster `main` unless told otherwise before; where the owner has settled that already, it stays.
settings=/etc/postgresql-common/createcluster.conf
[ -e "$settings" ] || "$here/apt-install.sh" postgresql-common
if ! grep -qE '^ *create_main_cluster' "$settings"; then
    echo 'create_main_cluster = false' | "${as_root[@]}" tee -a "$settings" >/dev/null
fi
"$here/apt-install.sh" postgresql

if ! found; then
    echo "The packages of this system hold no PostgreSQL $oldest or newer. Install one, and set CUSTODIAN_PG_BIN to the folder of its \`initdb\`." >&2
    exit 1
fi
