"""What every answer of the gateway carries for browsers: security headers, and CORS where settings allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.runtime.replies import Reply

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.request import Request

_METHODS = "GET, POST, PUT, PATCH, DELETE"
_ASKED = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id"
_SHOWN = "ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
_YEAR = 365 * 24 * 3600


class Manners:
    """The headers of this house, worked out once from the settings."""

    def __init__(self, settings: Settings) -> None:
        """Know whether we are reached by TLS and which other origins may call."""
        self._origins = frozenset(settings.cors_origins)
        self._always = [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
        ]
        if settings.public_url.startswith("https://"):
            self._always.append(("Strict-Transport-Security", f"max-age={_YEAR}"))

    def preflight(self, request: Request) -> Reply | None:
        """Answer a browser that asks what another origin may do, or give nothing for any other request."""
        if request.method != "OPTIONS" or request.headers.get("Origin") not in self._origins:
            return None
        return Reply(
            204,
            [
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", _ASKED),
                ("Access-Control-Max-Age", "600"),
            ],
        )

    def added(self, request: Request, reply: Reply) -> Reply:
        """Add what every answer carries."""
        reply.headers += self._always
        if self._origins:
            reply.headers.append(("Vary", "Origin"))
            origin = request.headers.get("Origin")
            if origin in self._origins:
                reply.headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", _SHOWN)]
        return reply
