#!/usr/bin/env bash
# What a build needs: Rust, Python >= 3.10 with venv, a C compiler. Names what is missing and how to get it;
# prints the Python to use as its only line on stdout.
set -u

missing=0
lacks() { # what, next step
    printf 'tacit needs %s\n    next: %s\n' "$1" "$2" >&2
    missing=1
}

usable() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1
}

python=
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10; do
    if usable "$candidate"; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || lacks "Python 3.10 or newer with its venv module" \
    "install it (Debian: python3 python3-venv), or name one: make PYTHON=/path/to/python3"

if ! command -v cargo >/dev/null 2>&1; then
    lacks "Rust 1.85 or newer (cargo is not on the PATH)" "install it with rustup: https://rustup.rs"
else
    version=$(cargo --version | sed 's/^cargo \([0-9]*\)\.\([0-9]*\).*/\1 \2/')
    set -- $version
    if [ "$1" -lt 1 ] || { [ "$1" -eq 1 ] && [ "$2" -lt 85 ]; }; then
        lacks "Rust 1.85 or newer ($(cargo --version) is older)" "rustup update stable"
    fi
fi

command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || command -v clang >/dev/null 2>&1 ||
    lacks "a C compiler, used by Rust as its linker" "install one (Debian: gcc, macOS: xcode-select --install)"

[ "$missing" -eq 0 ] || exit 1
printf '%s\n' "$python"
