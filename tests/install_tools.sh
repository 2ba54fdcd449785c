#!/bin/sh
# Sees to it that the programs the tests start are here: RabbitMQ and Chromium. On Debian root installs them;
# everybody else is told what to do. With arguments, only those are seen to.
set -eu

present() {
    case "$1" in
        rabbitmq) test -x /usr/lib/rabbitmq/bin/rabbitmq-server || command -v rabbitmq-server ;;
        chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    esac > /dev/null 2>&1
}

package() {
    case "$1" in
        rabbitmq) echo rabbitmq-server ;;
        chromium) echo chromium ;;
    esac
}

missing=""
for tool in ${*:-rabbitmq chromium}; do
    present "$tool" || missing="$missing $(package "$tool")"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null 2>&1; then
    echo "The tests need:$missing. Please install them; on Debian: sudo apt-get install$missing" >&2
    exit 1
fi
echo "Installing what the tests need:$missing" >&2
# The tests start a node of their own; the one Debian would start stays off.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  the list is meant to be split
apt-get install -qq -y --no-install-recommends $missing
