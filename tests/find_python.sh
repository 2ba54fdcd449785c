#!/bin/sh
# Prints the newest Python from 3.11 to 3.13 on the PATH that can make an environment, or nothing.
for name in python3.13 python3.12 python3.11 python3 python; do
    # Run it: a name may be a shim of a version manager with nothing behind it.
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        command -v "$name"
        exit 0
    fi
done
