"""How often a caller may ask: a token bucket for each policy and caller, in this process and of bounded size.

Anonymous requests are counted by address, others by their owner, so that the guests of a restaurant who
share one address do not share one allowance. The arithmetic is the generic cell rate algorithm: one
number for each caller, the moment its bucket would be full again.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from ordering_platform.runtime.errors import RateLimited

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.request import Request

_MAX_CALLERS = 50_000


@dataclass(slots=True)
class Bucket:
    """At most ``quota`` requests in ``window`` seconds for each caller; unused ones do not pile up."""

    name: str
    quota: int
    window: float = 60.0
    _full_at: dict[str, float] = field(default_factory=dict)

    def take(self, caller: str, now: float) -> list[tuple[str, str]]:
        """Count one request and give the headers that tell what is left; raises RateLimited.

        The headers are those of draft-ietf-httpapi-ratelimit-headers-11.
        """
        pause = self.window / self.quota
        full_at = max(self._full_at.pop(caller, now), now) + pause
        wait = full_at - now - self.window
        if wait > 0:
            self._full_at[caller] = full_at - pause
            raise RateLimited(retry_after=math.ceil(wait))
        self._full_at[caller] = full_at
        if len(self._full_at) > _MAX_CALLERS:
            self._forget(now)
        left = int((self.window - full_at + now) / pause + 1e-6)
        return [
            ("RateLimit-Policy", f'"{self.name}";q={self.quota};w={self.window:.0f}'),
            ("RateLimit", f'"{self.name}";r={left};t={math.ceil(full_at - now)}'),
        ]

    def _forget(self, now: float) -> None:
        """Drop full buckets and, should that not do, the half that was used longest ago."""
        running = [(caller, full_at) for caller, full_at in self._full_at.items() if full_at > now]
        self._full_at = dict(running[-_MAX_CALLERS // 2 :])


class Limits:
    """The policies of the gateway."""

    def __init__(self, settings: Settings) -> None:
        """Begin with every bucket full."""
        self._enabled = settings.rate_limits
        self._general = Bucket("general", 600)
        scan, login = Bucket("scan", 30), Bucket("login", 10)
        self._special = {
            "/v1/auth/guest": scan,
            "/v1/auth/login": login,
            "/v1/auth/register": login,
            "/v1/promotions/validate": Bucket("codes", 20),
            "/t/<code>": Bucket("pages", 60),
        }

    def take(self, request: Request) -> list[tuple[str, str]]:
        """Count a request and give the headers that tell what is left; raises RateLimited."""
        if not self._enabled:
            return []
        bucket = self._special.get(request.path) or self._special.get(request.route, self._general)
        return bucket.take(request.caller.id or _neighbourhood(request.remote_addr), time.monotonic())


def _neighbourhood(address: str) -> str:
    """Give what one subscriber has: an IPv4 address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address
