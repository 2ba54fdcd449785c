"""Which service answers an address: the longest prefix of the catalogue that ends at a whole segment."""

from __future__ import annotations

from ordering_platform.catalogue import BEHIND_GATEWAY, Service

_BY_PREFIX = {prefix: service for service in BEHIND_GATEWAY for prefix in service.prefixes}


def service_for(path: str) -> Service | None:
    """Give the service behind a path, or nothing where no service is meant."""
    end = len(path)
    while end > 0:
        if service := _BY_PREFIX.get(path[:end]):
            return service
        end = path.rfind("/", 0, end)
    return None
