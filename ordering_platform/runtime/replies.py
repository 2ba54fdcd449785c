"""What goes back over the wire: status, headers and a body that is bytes or comes in chunks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson

from ordering_platform.runtime.clock import rfc3339
from ordering_platform.runtime.errors import FieldError
from ordering_platform.runtime.request import Answer, EventStream

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = "application/json"
PROBLEM = "application/problem+json"
EVENTS = "text/event-stream"

# The last one asks nginx, which stands before many a cluster, not to collect events before passing them on.
_STREAM_HEADERS = (("Content-Type", EVENTS), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_BODYLESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_JSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


class UnsafeHeader(ValueError):
    """A response header with a name or value that may not go over the wire."""


@dataclass(slots=True)
class Reply:
    """A response ready to be written; ``body`` is whole, or an iterator that streams."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | Iterator[bytes] = b""

    @property
    def streams(self) -> bool:
        """Whether the body comes in chunks."""
        return not isinstance(self.body, bytes)


def dump(value: Any) -> bytes:
    """Write a value as JSON; datetimes become RFC 3339 in UTC. Raises TypeError for anything else unknown."""
    return orjson.dumps(value, _plain, _JSON_OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("a time without a time zone may not leave the house")
        return rfc3339(value.astimezone(UTC))
    if isinstance(value, FieldError):
        return value.as_dict()
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    raise TypeError(type(value).__name__)


def reply_from(result: Any, status: int) -> Reply:
    """Turn what a door returned into a reply; ``status`` is the door's own.

    Raises UnsafeHeader or TypeError when the door gave something that cannot be sent.
    """
    if isinstance(result, Answer):
        return _reply_from_answer(result)
    if isinstance(result, EventStream):
        return Reply(200, list(_STREAM_HEADERS), result.chunks)
    if result is None:
        return Reply(status, [])
    if isinstance(result, Reply):
        return result
    return Reply(status, [("Content-Type", JSON)], dump(result))


def _reply_from_answer(answer: Answer) -> Reply:
    headers = [checked(name, value) for name, value in answer.headers.items()]
    body = answer.body
    if body is None or answer.status in _BODYLESS:
        return Reply(answer.status, headers)
    if isinstance(body, bytes) or hasattr(body, "__next__"):
        return Reply(answer.status, headers, body)
    typed = any(name.lower() == "content-type" for name, _ in headers)
    if typed and isinstance(body, str):
        return Reply(answer.status, headers, body.encode())
    if not typed:
        headers.append(("Content-Type", JSON))
    return Reply(answer.status, headers, dump(body))


def checked(name: str, value: str) -> tuple[str, str]:
    """Let a response header pass; raises UnsafeHeader for line breaks and text outside Latin-1."""
    if not _FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
        raise UnsafeHeader(f"the response header {name!r} may not be sent")
    return name, value
