"""Carries a request to the service it is meant for and its answer back, body untouched.

What speaks of one connection only, what a client may not say (who it is, where it comes from) and what
the web server writes itself stay behind. A service in the same process is asked without a socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.catalogue import BEHIND_GATEWAY
from ordering_platform.gateway.routes import service_for
from ordering_platform.gateway.upstreams import Upstream
from ordering_platform.runtime.errors import InvalidToken, NotFound, ServiceUnavailable
from ordering_platform.runtime.replies import Reply
from ordering_platform.runtime.web import local_apps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.request import Request

# RFC 9110, 7.6.1, and the ways a client could tell us where it is; that is told anew, by ourselves.
_KEPT_BACK = frozenset(
    f"HTTP_{name}"
    for name in (
        "CONNECTION",
        "KEEP_ALIVE",
        "PROXY_AUTHORIZATION",
        "PROXY_CONNECTION",
        "TE",
        "TRAILER",
        "TRANSFER_ENCODING",
        "UPGRADE",
        "EXPECT",
        "HOST",
        "FORWARDED",
        "X_REAL_IP",
        "X_REQUEST_ID",
    )
)
# T26: nobody becomes somebody by a header.
_NEVER = ("HTTP_X_FORWARDED", "HTTP_X_USER", "HTTP_X_INTERNAL", "DROPPED_")
# Doors have deadlines of their own, which end a worker that waits here; this only bounds what escapes them.
_LONGEST = 60.0
_HARMLESS_TWICE = frozenset({"GET", "HEAD"})

_names: dict[str, str] = {}


class Services:
    """The way from the gateway to every service."""

    def __init__(self, settings: Settings) -> None:
        """Know where each service is; nothing is connected yet."""
        self._upstreams = {service.name: Upstream(service.url(settings)) for service in BEHIND_GATEWAY}

    def forward(self, request: Request) -> Reply:
        """Pass a request on and give the answer.

        Raises NotFound where no service is meant, InvalidToken for a token that is not sound, and what
        ``Upstream.ask`` raises when the service is away, late or not understood.
        """
        service = service_for(request.path)
        if service is None:
            raise NotFound("There is nothing at this address.")
        # A token that has run out must not keep its owner from getting a new one.
        if service.name != "auth" and "HTTP_AUTHORIZATION" in request.environ and request.caller.kind == "anyone":
            raise InvalidToken
        return self.ask(service.name, carried(request), request.raw_body)

    def ask(self, name: str, environ: dict[str, Any], body: bytes = b"") -> Reply:
        """Put a request to one service, through its socket or, in the same process, directly."""
        if app := local_apps.get(name):
            reply = app.handle(environ, body)
            return Reply(reply.status, [header for header in reply.headers if header[0] != "X-Request-Id"], reply.body)
        upstream = self._upstreams[name]
        repeatable = environ["REQUEST_METHOD"] in _HARMLESS_TWICE or "HTTP_IDEMPOTENCY_KEY" in environ
        response = upstream.ask(written(environ, body, upstream.netloc), repeatable=repeatable, seconds=_LONGEST)
        return Reply(response.status, response.headers, response.body)

    def knock(self) -> None:
        """Raise ServiceUnavailable when not a single service can be reached: then it is we who are cut off.

        One service away is its own trouble; the gateway goes on for the others.
        """
        for name, upstream in self._upstreams.items():
            if name in local_apps:
                return
            try:
                upstream.knock()
            except ServiceUnavailable:
                continue
            return
        raise ServiceUnavailable

    def close(self) -> None:
        """Hang up."""
        for upstream in self._upstreams.values():
            upstream.close()


def carried(request: Request) -> dict[str, Any]:
    """Give what of a request crosses to a service, in WSGI's names, with our own word on where it comes from."""
    environ = request.environ
    kept = {key: value for key, value in environ.items() if key not in _KEPT_BACK and not key.startswith(_NEVER)}
    for name in environ.get("HTTP_CONNECTION", "").split(","):
        kept.pop("HTTP_" + name.strip().upper().replace("-", "_"), None)
    # The web server leaves the body away by itself and then knows its length.
    if request.method == "HEAD":
        kept["REQUEST_METHOD"] = "GET"
    kept["SERVER_PROTOCOL"] = "HTTP/1.1"
    kept["REMOTE_ADDR"] = request.remote_addr
    kept["HTTP_X_FORWARDED_FOR"] = request.remote_addr
    kept["HTTP_X_REQUEST_ID"] = request.request_id
    return kept


def written(environ: Mapping[str, Any], body: bytes, host: str) -> bytes:
    """Write a request as it goes over the wire."""
    lines = [f"{environ['REQUEST_METHOD']} {environ['RAW_URI']} HTTP/1.1\r\nHost: {host}\r\n"]
    lines += [f"{_name(key)}: {value}\r\n" for key, value in environ.items() if key.startswith("HTTP_")]
    if content_type := environ.get("CONTENT_TYPE"):
        lines.append(f"Content-Type: {content_type}\r\n")
    if body or environ["REQUEST_METHOD"] not in _HARMLESS_TWICE:
        lines.append(f"Content-Length: {len(body)}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1") + body


def _name(key: str) -> str:
    name = _names.get(key)
    if name is None:
        name = key.removeprefix("HTTP_").replace("_", "-").title()
        # What clients invent is not remembered without bound.
        if len(_names) < 512:  # noqa: PLR2004  far more names than any client of ours has
            _names[key] = name
    return name
