"""One kept connection to the platform: sends a request, reads the answer, opens itself again when it was closed."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ordering_platform.client.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping


class NotSent(Exception):
    """No connection came about, so the request was certainly not carried out."""


class AnswerLost(Exception):
    """The connection was lost before the answer came; the request may have been carried out."""


class Connection:
    """A keep-alive connection; used by one thread at a time."""

    def __init__(self, base_url: str, timeout: float) -> None:
        """Name the server, ``http://host:port`` or ``https://host/path``; nothing is opened yet."""
        parts = urlsplit(base_url.rstrip("/"))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{base_url!r} is not an address like http://127.0.0.1:8000")
        secure = parts.scheme == "https"
        self._prefix = parts.path
        make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._http = make(parts.hostname, parts.port, timeout=timeout)

    def send(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send one request and give its answer; raises NotSent or AnswerLost."""
        if self._http.sock is None:
            try:
                self._http.connect()
            except OSError as fault:
                raise NotSent(str(fault)) from fault
        try:
            self._http.request(method, self._prefix + target, body, dict(headers))
            answer = self._http.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as fault:
            self._http.close()
            raise AnswerLost(f"{type(fault).__name__}: {fault}") from fault
        if answer.will_close:
            self._http.close()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def close(self) -> None:
        """Hang up."""
        self._http.close()
