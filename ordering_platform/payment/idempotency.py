"""One answer for each Idempotency-Key, also across a crash: the row that is made carries the key and the answer.

Keys here live on the bill or the payment itself, not in a table of their own: what was claimed, what came
of it and what was answered can then never disagree, and the claim costs no statement of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.runtime.errors import DomainError, IdempotencyKeyReused
from ordering_platform.runtime.idempotency import REPLAYED, fingerprint
from ordering_platform.runtime.problems import problem
from ordering_platform.runtime.replies import JSON, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.request import Request

# Refusals that stay true for this key; everything else may be tried again with it.
_KEPT = frozenset({402, 404, 409, 422})


def claim(request: Request) -> dict[str, Any]:
    """Give the columns by which a row belongs to this request."""
    return {
        "caller_id": request.caller.id,
        "route": route_of(request),
        "key": request.idempotency_key,
        "fingerprint": fingerprint(request),
    }


def route_of(request: Request) -> str:
    """Give the half of a key's scope that is not the caller."""
    return f"{request.method} {request.route}"


def check_same(row: Mapping[str, Any], request: Request) -> None:
    """Let a repeat pass that asks for the same thing as the first; raises IdempotencyKeyReused."""
    if bytes(row["fingerprint"]) != fingerprint(request):
        raise IdempotencyKeyReused


def failure_of(error: DomainError) -> dict[str, Any]:
    """Write a refusal for the row; ``kept`` says whether repeats get it, too, or start anew."""
    kept = int(error.status) in _KEPT and error.retry_after is None
    return {**error.to_wire(), "kept": kept}


def refusal(failure: Mapping[str, Any]) -> DomainError:
    """Rebuild the refusal kept on a row."""
    return DomainError.from_wire({name: value for name, value in failure.items() if name != "kept"})


def replay(row: Mapping[str, Any], request: Request) -> Reply:
    """Give the first answer again: its bytes, or its refusal under the id of the present request."""
    if row["answer"] is not None:
        return Reply(201, [("Content-Type", JSON), (REPLAYED, "true")], bytes(row["answer"]))
    again = problem(refusal(row["failure"]), request.path, request.request_id)
    again.headers.append((REPLAYED, "true"))
    return again
