"""Server-sent events as they go over the wire: https://html.spec.whatwg.org/multipage/server-sent-events.html."""

from __future__ import annotations

from typing import Any

from ordering_platform.runtime.replies import dump

#: A comment; sent now and then it keeps proxies from closing a quiet stream.
PING = b": ping\n\n"


def sse(event_id: str | None, kind: str, data: Any) -> bytes:
    """Write one event; ``event_id`` is what a client sends back as Last-Event-ID, ``data`` goes as JSON.

    Raises ValueError for a line break in the id or the kind, which would begin another field.
    """
    for text in (event_id or "", kind):
        if "\n" in text or "\r" in text or "\0" in text:
            raise ValueError("an event's id and kind are one line each")
    head = f"event: {kind}\n" if event_id is None else f"id: {event_id}\nevent: {kind}\n"
    return head.encode() + b"data: " + dump(data) + b"\n\n"
