"""All services in one process: settings made here, doors on the loopback, the gateway on the address guests reach."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

from ordering_platform.catalogue import SERVICES
from ordering_platform.embedded import broker
from ordering_platform.embedded.errors import CannotStart
from ordering_platform.runtime import config
from ordering_platform.runtime.runner import Served

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.embedded.home import Home

FRONT, BACK = 0, 1
LOOPBACK = "127.0.0.1"
AMQP_URL = f"{broker.Transport.driver_type}://embedded"

_GATEWAY = "gateway"
_DEFAULTS = {"ORDERING_PAYMENT_PROVIDERS": "cash,card_terminal,sandbox"}


def served(
    *,
    home: Home,
    database_url: str,
    host: str,
    port: int,
    public_url: str,
    environ: Mapping[str, str] | None = None,
) -> list[Served]:
    """Give every service with settings of its own; what is not fixed here may be set as usual.

    ``port`` is the gateway's; the others get free ones that only this machine reaches.
    """
    ports = {service.name: port if service.name == _GATEWAY else free_port(LOOPBACK) for service in SERVICES}
    urls = {f"{name}_url": f"http://{LOOPBACK}:{own}" for name, own in ports.items() if name != _GATEWAY}
    source = {**_DEFAULTS, **(os.environ if environ is None else environ)}
    common = {
        "database_url": database_url,
        "amqp_url": AMQP_URL,
        "jwks_url": f"{urls['auth_url']}/.well-known/jwks.json",
        "public_url": public_url,
        "signing_keys_file": str(home.signing_keys()),
        "sandbox_webhook_secret": home.webhook_secret(),
        "drain_delay": 0.0,
        "grace_period": 1.5,
        "db_pool_size": 10,
        "db_pool_overflow": 20,
        **urls,
    }
    front = config.load(source, **common, http_host=host, http_port=port)
    back = {
        name: config.load(source, **common, http_host=LOOPBACK, http_port=own, trusted_proxies=(LOOPBACK,))
        for name, own in ports.items()
        if name != _GATEWAY
    }
    return [
        Served(service.load(), back.get(service.name, front), FRONT if service.name == _GATEWAY else BACK)
        for service in SERVICES
    ]


def free_port(host: str) -> int:
    """Give a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def usable_port(host: str, port: int) -> int:
    """Give the port, or a free one for 0; raises CannotStart when it is taken or not ours to open."""
    if port == 0:
        return free_port(host)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as fault:
            why = {
                errno.EADDRINUSE: "Another program already listens there.",
                errno.EACCES: "Ports below 1024 are for administrators.",
                errno.EADDRNOTAVAIL: f"This machine has no address {host}.",
            }.get(fault.errno or 0, str(fault))
            raise CannotStart(
                f"Port {port} on {host} cannot be used.",
                why,
                "Choose another one with --port, or let one be chosen with --port 0.",
            ) from fault
    return port


def public_address(host: str, port: int) -> str:
    """Give the address phones in the same network most likely reach, as ``http://192.168.0.7:8000``."""
    return f"http://{_network_address() if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104  compared, not bound


def _network_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: the kernel only says which of its addresses would be used. TEST-NET-1, RFC 5737.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])
