"""The client itself: knows who is asking, repeats what may be repeated, reads lists to their end."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

from ordering_platform.client.answers import Answer, Unreachable
from ordering_platform.client.connection import AnswerLost, Connection, NotSent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE = 20.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_TRY_LATER = {429, 502, 503, 504}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_STILL_RUNNING = "idempotency_in_progress"


class Client:
    """Speaks with one platform as one caller, over one kept connection."""

    def __init__(self, base_url: str, *, token: str = "", timeout: float = 15.0, patience: float = PATIENCE) -> None:
        """Name the platform; ``patience`` is how many seconds a request is repeated while the platform is away."""
        self.base_url = base_url
        self.token = token
        self.timeout = timeout
        self.patience = patience
        self.repeats = 0
        self._connection = Connection(base_url, timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def as_caller(self, token: str) -> Client:
        """Give a client with a token of its own."""
        return Client(self.base_url, token=token, timeout=self.timeout, patience=self.patience)

    def as_guest(self, table_code: str, *, visit_code: str = "") -> Client:
        """Sit down at a table by the code on it, and the one staff show where the house asks for it; raises Problem."""
        codes = {"table_code": table_code} | ({"visit_code": visit_code} if visit_code else {})
        return self.as_caller(self.post("/v1/auth/guest", codes)["access_token"])

    def as_staff(self, email: str, password: str) -> Client:
        """Log in as somebody who works there; raises Problem."""
        return self.as_caller(self.post("/v1/auth/login", {"email": email, "password": password})["access_token"])

    def get(self, path: str, **query: Any) -> Any:
        """Read something; raises Problem or Unreachable."""
        return self.ask("GET", path, query=query).checked().json()

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Make or do something, once however often it is sent; ``key`` names the attempt. Raises Problem."""
        return self.ask("POST", path, body={} if body is None else body, key=key).checked().json()

    def patch(self, path: str, body: Any, *, key: str | None = None) -> Any:
        """Change something; raises Problem."""
        return self.ask("PATCH", path, body=body, key=key).checked().json()

    def delete(self, path: str, *, key: str | None = None) -> Any:
        """Take something away; raises Problem."""
        return self.ask("DELETE", path, key=key).checked().json()

    def pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Read a list entry by entry to its end, a page at a time."""
        page = self.get(path, **query)
        while True:
            yield from page["data"]
            if not page["has_more"]:
                return
            page = self.get(path, **{**query, "after": page["next"]})

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and give whatever answer it gets; raises Unreachable.

        While the platform is away (502, 503, 504, no connection) or asks for a pause (429), the same request is sent
        again with the same Idempotency-Key, which is made when ``key`` is not given. ``content`` is sent as it is
        instead of a JSON body.
        """
        target = quote(path, safe="/:@-._~!$&'()*+,;=%") + (f"?{urlencode(query)}" if query else "")
        sent = self._headers(method, key, headers)
        if body is not None:
            content = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        until = time.monotonic() + self.patience
        pause = _FIRST_PAUSE
        while True:
            answer, fault = self._once(method, target, content, sent)
            if answer is not None and not _worth_repeating(answer):
                return answer
            wait = max(pause, _asked_to_wait(answer))
            if time.monotonic() + wait > until:
                if answer is not None:
                    return answer
                raise Unreachable(f"{self.base_url} cannot be reached: {fault}.") from fault
            time.sleep(wait)
            self.repeats += 1
            pause = min(_LONGEST_PAUSE, pause * 2)

    def _once(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Answer | None, Exception | None]:
        try:
            return self._connection.send(method, target, body, headers), None
        except (NotSent, AnswerLost) as fault:
            return None, fault

    def _headers(self, method: str, key: str | None, extra: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if method not in _SAFE:
            headers["Idempotency-Key"] = key or secrets.token_hex(16)
        return {**headers, **(extra or {})}


def _worth_repeating(answer: Answer) -> bool:
    return answer.status in _TRY_LATER or (answer.status == 409 and _STILL_RUNNING.encode() in answer.body)  # noqa: PLR2004  Conflict


def _asked_to_wait(answer: Answer | None) -> float:
    asked = answer.headers.get("retry-after", "") if answer else ""
    return float(asked) if asked.isdigit() else 0.0
