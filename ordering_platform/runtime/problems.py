"""How a refusal reads to a client: RFC 9457 problem details with a stable code and the request id."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ordering_platform.runtime.errors import InvalidToken, MethodNotAllowed
from ordering_platform.runtime.replies import PROBLEM, Reply, dump

if TYPE_CHECKING:
    from ordering_platform.runtime.errors import DomainError

CATALOGUE = "/docs/errors"

# RFC 3986, 3.3: what a path may hold as it is.
_IN_A_PATH = "/:@!$&'()*+,;=~"

# RFC 9110 renamed these; which name the standard library has depends on the version of Python.
_RENAMED = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}


def problem(error: DomainError, path: str, request_id: str) -> Reply:
    """Write an error as a problem document; ``path`` is the one the client asked for."""
    status = int(error.status)
    document: dict[str, Any] = {
        "type": f"{CATALOGUE}#{error.code}",
        "title": _title(status),
        "status": status,
        "detail": error.message,
        "instance": quote(path, safe=_IN_A_PATH),
        "code": error.code,
        "request_id": request_id,
    }
    if error.errors:
        document["errors"] = [fault.as_dict() for fault in error.errors]
    if error.details:
        document["details"] = error.details
    headers = [("Content-Type", PROBLEM), ("Cache-Control", "no-store"), *_extra_headers(error, status)]
    return Reply(status, headers, dump(document))


def _title(status: int) -> str:
    try:
        return _RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _extra_headers(error: DomainError, status: int) -> list[tuple[str, str]]:
    headers = []
    if status == HTTPStatus.UNAUTHORIZED:
        # RFC 6750, 3: the error is named only where a token was sent at all.
        headers.append(
            ("WWW-Authenticate", 'Bearer error="invalid_token"' if error.code == InvalidToken.code else "Bearer")
        )
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, MethodNotAllowed) and "allow" in error.details:
        headers.append(("Allow", ", ".join(error.details["allow"])))
    return headers
