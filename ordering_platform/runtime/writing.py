"""Writes the head of a response, and the whole of it where it comes in one piece."""

from __future__ import annotations

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ordering_platform.runtime.replies import Reply

# RFC 9110, 8.6: these never carry a body, nor a length.
_NEVER_A_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def whole(reply: Reply, *, old: bool, closing: bool, bodyless: bool) -> bytes:
    """Write a reply that does not stream; ``old`` is for HTTP/1.0, ``bodyless`` for HEAD."""
    body = reply.body if isinstance(reply.body, bytes) else b""
    framing = "" if reply.status in _NEVER_A_BODY else f"Content-Length: {len(body)}\r\n"
    if closing:
        framing += "Connection: close\r\n"
    elif old:
        framing += "Connection: keep-alive\r\n"
    head = _head(reply, framing)
    return head if bodyless or reply.status in _NEVER_A_BODY else head + body


def stream_head(reply: Reply, *, chunked: bool) -> bytes:
    """Write the head of a reply whose body follows in chunks, or up to the end of the connection."""
    return _head(reply, ("Transfer-Encoding: chunked\r\n" if chunked else "") + "Connection: close\r\n")


def _head(reply: Reply, framing: str) -> bytes:
    lines = [_STATUS_LINES.get(reply.status) or f"HTTP/1.1 {reply.status} \r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in reply.headers]
    lines += (f"Date: {_date()}\r\n", framing, "\r\n")
    return "".join(lines).encode("latin-1")


_today: tuple[int, str] = (0, "")


def _date() -> str:
    global _today  # noqa: PLW0603  one formatted second, shared by every reply in it
    now = int(time.time())
    if _today[0] != now:
        _today = (now, formatdate(now, usegmt=True))
    return _today[1]
