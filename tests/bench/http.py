"""The cheapest client that still speaks HTTP, so that the driver costs little beside what it drives."""

from __future__ import annotations

import json
import socket
from typing import Any


class Refused(Exception):
    """The platform answered with an error; the flow does not count."""


class Client:
    """One keep-alive connection of one guest."""

    def __init__(self, port: int) -> None:
        """Connect to the gateway."""
        self._sock = socket.create_connection(("127.0.0.1", port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.settimeout(30)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request and give the parsed answer; raises Refused for anything but success."""
        payload = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: bench"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
        self._sock.sendall("\r\n".join([*lines, "", ""]).encode() + payload)
        status, answer = self._read()
        if status >= 300:
            raise Refused(f"{method} {path}: {status} {answer[:500]!r}")
        return json.loads(answer) if answer else None

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def _read(self) -> tuple[int, bytes]:
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end].lower(), data[end + 4 :]
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]) if b"content-length:" in head else 0
        while len(body) < length:
            body += self._more()
        return int(head.split(b" ", 2)[1]), body

    def _more(self) -> bytes:
        chunk = self._sock.recv(65536)
        if not chunk:
            raise Refused("the connection was closed")
        return chunk
