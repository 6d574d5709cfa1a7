#!/bin/sh
# Make a virtual environment in $1 with the first Python here that is new enough; an intact one is kept.
# PYTHON names another interpreter.
set -eu

venv=$1
is_new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c "$is_new_enough" 2>/dev/null &&
    "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

found=
for python in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if command -v "$python" >/dev/null 2>&1 && "$python" -c "$is_new_enough" 2>/dev/null; then
        found=$python
        break
    fi
done
if [ -z "$found" ]; then
    echo "whalebot needs Python 3.11 or newer; looked for: ${PYTHON:-python3 python3.13 python3.12 python3.11}." >&2
    echo "Install one (for example: apt install python3.11 python3.11-venv), or name it: make run PYTHON=/path/to/python" >&2
    exit 1
fi

rm -rf "$venv"
if ! "$found" -m venv "$venv"; then
    rm -rf "$venv"
    echo "$found cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install python3-venv)." >&2
    exit 1
fi
