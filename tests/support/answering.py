"""A service that is none: answers each request on a socket with exactly the bytes a test wants."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import eventlet

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator


@dataclass
class Answering:
    """What reached the service so far, and where it listens."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    gone: list[int] = field(default_factory=list)


@contextmanager
def answering(script: Callable[[socket.socket, bytes], bool | None]) -> Iterator[Answering]:
    """Run a service for the length of a block; ``script`` gets the socket and a whole request.

    It returns False to hang up; anything else waits for the next request on the connection.
    """
    listener = eventlet.listen(("127.0.0.1", 0))
    seen = Answering(f"http://127.0.0.1:{listener.getsockname()[1]}")
    threads = []

    def serve(sock: socket.socket) -> None:
        seen.connections += 1
        try:
            while request := read_request(sock):
                seen.requests.append(request)
                if script(sock, request) is False:
                    break
        except OSError:
            pass
        finally:
            seen.gone.append(1)
            sock.close()

    def accept() -> None:
        while True:
            sock, _ = listener.accept()
            threads.append(eventlet.spawn(serve, sock))

    threads.append(eventlet.spawn(accept))
    try:
        yield seen
    finally:
        for thread in threads:
            thread.kill()
        listener.close()


def read_request(sock: socket.socket) -> bytes:
    """Read one request with its body; nothing when the connection ended before one began."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        more = sock.recv(65536)
        body += more
        missing -= len(more)
    return head + b"\r\n\r\n" + body


def whole(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Write a plain answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
