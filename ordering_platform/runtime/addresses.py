"""Whose address a request comes from: the peer's, or what a proxy we trust says about it."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOR = re.compile(r'for="?(?:\[([0-9a-fA-F:.]+)\]|([0-9a-fA-F:.]+?))(?::\d+)?"?(?=[;,\s]|$)', re.IGNORECASE)


class Proxies:
    """The networks whose word about the client's address is believed; a gateway's services list the gateway."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Read networks like ``10.0.0.0/8`` or single addresses; raises ValueError for anything else."""
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(one, strict=False) for one in networks]
        self._trusted = lru_cache(maxsize=1024)(self._is_trusted)

    def client(self, peer: str, environ: dict[str, Any]) -> str:
        """Give the nearest address that is no proxy of ours; ``peer`` itself when it is not trusted."""
        if not self._networks or not self._trusted(peer):
            return peer
        for hop in reversed(_hops(environ)):
            try:
                plain = _plain(hop)
            except ValueError:
                return peer
            if not self._trusted(plain):
                return plain
            peer = plain
        return peer

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


@lru_cache(maxsize=4096)
def _plain(address: str) -> str:
    return str(ip_address(address))


def _hops(environ: dict[str, Any]) -> list[str]:
    if forwarded := environ.get("HTTP_FORWARDED"):
        return [six or four for six, four in _FOR.findall(forwarded)]
    return [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
