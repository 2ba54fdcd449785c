#!/bin/sh
# Builds the image with whichever builder is here: docker with a running engine, or buildah. Used by `make image`.
#   IMAGE=name:tag (ordering-platform:dev)   BASE_IMAGE=a Debian with Python   TARGET=runtime or dev
set -eu
cd "$(dirname "$0")/.."
image=${1:-${IMAGE:-ordering-platform:dev}}
set -- --target "${TARGET:-runtime}" --tag "$image" ${BASE_IMAGE:+--build-arg "BASE_IMAGE=$BASE_IMAGE"}

if command -v docker > /dev/null 2>&1 && docker info > /dev/null 2>&1; then
    docker build "$@" .
elif command -v buildah > /dev/null 2>&1; then
    # Without user namespaces of its own, as in most CI machines, root builds in a plain chroot.
    isolation=${BUILDAH_ISOLATION:-$([ "$(id -u)" -eq 0 ] && echo chroot || echo rootless)}
    buildah build --isolation "$isolation" --format docker "$@" .
else
    echo "Nothing here can build an image: there is no docker with a running engine and no buildah." >&2
    echo "Install one of them (Debian: apt-get install buildah) and run 'make image' again." >&2
    exit 1
fi
echo "Built $image." >&2
