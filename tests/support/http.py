"""Speaks HTTP to a real port, byte by byte where a test is about bytes."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 10.0


class ConnectionEnded(Exception):
    """The server closed the connection before a whole response had come."""


@dataclass(slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        assert self.headers["content-type"] == "application/problem+json", self
        return str(self.json["code"])


class Wire:
    """One TCP connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.sock.close()

    def reset(self) -> None:
        """Leave with a RST instead of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def send(self, data: bytes) -> Self:
        self.sock.sendall(data)
        return self

    def finish(self) -> Self:
        """Send no more, but go on reading."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def until(self, mark: bytes) -> bytes:
        """Read up to and including ``mark``."""
        while mark not in self._buffer:
            self._more()
        found, self._buffer = self._buffer.split(mark, 1)
        return found + mark

    def exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._more()
        found, self._buffer = self._buffer[:length], self._buffer[length:]
        return found

    def head(self) -> Response:
        """Read a status line and headers; the body stays on the wire."""
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, *_ = lines[0].split(" ")
        assert version == "HTTP/1.1"
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        return Response(int(status), {name.lower(): value for name, value in pairs}, b"")

    def response(self, *, bodyless: bool = False) -> Response:
        found = self.head()
        if not bodyless and "content-length" in found.headers:
            found.body = self.exactly(int(found.headers["content-length"]))
        return found

    def ended(self) -> bool:
        """Whether the server closes the connection, leaving nothing unread."""
        try:
            return self.sock.recv(65536) == b"" and not self._buffer
        except ConnectionResetError:
            return True

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        raw: bytes | None = None,
    ) -> Response:
        self.send(request_bytes(method, path, body, headers, raw=raw))
        return self.response(bodyless=method == "HEAD")

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionEnded(self._buffer)
        self._buffer += data


def request_bytes(
    method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, raw: bytes | None = None
) -> bytes:
    content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    lines = {"Host": "localhost", **(headers or {})}
    if body is not None:
        lines.setdefault("Content-Type", "application/json")
    if content:
        lines.setdefault("Content-Length", str(len(content)))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + content


def call(
    port: int,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    raw: bytes | None = None,
) -> Response:
    """Send one request over a connection of its own."""
    with Wire(port) as wire:
        return wire.request(method, path, body, headers, raw=raw)


def say(port: int, data: bytes) -> Response:
    """Send bytes as they are and read one response."""
    with Wire(port) as wire:
        return wire.send(data).response()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
