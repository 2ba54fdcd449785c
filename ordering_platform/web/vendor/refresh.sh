#!/bin/sh
# Makes preact.js anew from the versions in vendor.lock. For maintainers, with npm; nobody else needs it.
#   ./refresh.sh            the versions of vendor.lock
#   ./refresh.sh update     the latest ones, written to vendor.lock
set -eu
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packages="preact @preact/signals @preact/signals-core htm esbuild"
wanted=""
for package in $packages; do
    version=$(sed -n "s|^$package ||p" vendor.lock 2>/dev/null || true)
    if [ "${1:-}" = update ] || [ -z "$version" ]; then version=latest; fi
    wanted="$wanted $package@$version"
done
cd "$work"
npm init --yes >/dev/null
# shellcheck disable=SC2086
npm install --no-audit --no-fund --save-exact $wanted >/dev/null
cat >entry.js <<'EOF'
export { render } from "preact";
export { useEffect, useRef } from "preact/hooks";
export { batch, computed, effect, signal, useComputed, useSignal } from "@preact/signals";
export { html } from "htm/preact";
EOF
npx esbuild entry.js --bundle --minify --format=esm --target=es2022 --legal-comments=none --outfile="$here/preact.js"
{
    echo "Bundled into preact.js, each under its own licence."
    for package in preact @preact/signals @preact/signals-core htm; do
        printf '\n==== %s\n\n' "$package"
        cat "node_modules/$package/LICENSE"
    done
} >"$here/LICENSES"
cd "$here"
{
    for package in $packages; do
        echo "$package $(node -p "require('$work/node_modules/$package/package.json').version")"
    done
    echo "sha256 $(sha256sum preact.js | cut -d' ' -f1)"
} >"$work/vendor.lock"
mv "$work/vendor.lock" vendor.lock
cat vendor.lock
