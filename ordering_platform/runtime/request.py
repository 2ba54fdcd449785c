"""What a door is given and what it may give back, without a word of WSGI."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ordering_platform.runtime.identity import Caller


@dataclass(slots=True)
class Request:
    """One HTTP request whose caller, body and query have been checked by its door."""

    method: str
    path: str
    route: str
    headers: Mapping[str, str]
    caller: Caller
    body: Any
    query: dict[str, Any]
    raw_body: bytes
    idempotency_key: str | None
    request_id: str
    remote_addr: str
    environ: dict[str, Any]


@dataclass(slots=True)
class Answer:
    """A body with a status or headers of its own; ``bytes`` bodies bring their Content-Type."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class EventStream:
    """A server-sent event stream: chunks as they go over the wire, and what to do when it ends."""

    chunks: Iterator[bytes]
