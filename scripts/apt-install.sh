#!/usr/bin/env bash
# Installs Debian packages as root or through sudo; otherwise prints the one command that does, and fails.
# usage: apt-install.sh PACKAGE...
set -euo pipefail

if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: install what Debian calls \`$*\` with your own package manager, then run again." >&2
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    # Asking for a password makes sense only where somebody can type one.
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=(sudo)
    else
        echo "Missing: $*. Run this as root, then run again:" >&2
        echo "  apt-get install -y $*" >&2
        exit 1
    fi
fi

quietly() {
    local log
    log=$(mktemp)
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "\`$*\` failed; its output is above." >&2
        return 1
    fi
    rm -f "$log"
}

echo "Installing $* ..." >&2
quietly apt-get -o DPkg::Lock::Timeout=300 update
quietly apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
