"""What comes back from the platform: an answer, a problem with a stable code, or nothing at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_ERROR = 400


class Unreachable(Exception):
    """Nobody answers at the address, or the connection was lost and repeating did not help in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return self.status < _FIRST_ERROR

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Read the body as JSON; an empty one is None."""
        return json.loads(self.body) if self.body else None

    def checked(self) -> Answer:
        """Give the answer itself, or raise the Problem it tells of."""
        if not self.ok:
            raise Problem(self)
        return self


class Problem(Exception):
    """The platform refused; ``code`` is stable and meant for programs, the text is meant for people."""

    def __init__(self, answer: Answer) -> None:
        """Read the problem document (RFC 9457); an answer without one keeps its status."""
        document = _document(answer)
        self.status = answer.status
        self.code = str(document.get("code", f"http_{answer.status}"))
        self.detail = str(document.get("detail", answer.text[:200] or "no explanation was given"))
        self.request_id = str(document.get("request_id", answer.headers.get("x-request-id", "")))
        self.errors: list[dict[str, Any]] = document.get("errors", [])
        self.details: dict[str, Any] = document.get("details", {})
        self.headers = answer.headers
        super().__init__(self.detail)


def _document(answer: Answer) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
