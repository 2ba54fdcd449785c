"""What belongs to the request at hand and travels with it: its id and its trace.

Every connection and every worker is a greenthread with a context of its own, so requests that run at
the same time never see each other's values.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

request_id: ContextVar[str] = ContextVar("request_id", default="")
traceparent: ContextVar[str] = ContextVar("traceparent", default="")

_SAFE_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")
# https://www.w3.org/TR/trace-context/: version, trace id, parent id, flags
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def new_request_id() -> str:
    """Make an id for a request that came without one."""
    return "req_" + secrets.token_hex(12)


def usable_request_id(text: object) -> str:
    """Give the client's own request id when it is safe to log and to echo, else a new one."""
    return text if isinstance(text, str) and _SAFE_ID.fullmatch(text) else new_request_id()


def usable_traceparent(text: object) -> str:
    """Give a W3C traceparent when it is well-formed, else nothing."""
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) else ""


def headers() -> dict[str, str]:
    """Give what crosses to a peer with every call."""
    crossing = {"request_id": request_id.get()}
    if trace := traceparent.get():
        crossing["traceparent"] = trace
    return crossing


def adopt(carried: Mapping[str, Any]) -> None:
    """Take over what ``headers()`` gave on the other side; a missing or unsafe id is replaced."""
    request_id.set(usable_request_id(carried.get("request_id")))
    traceparent.set(usable_traceparent(carried.get("traceparent")))
