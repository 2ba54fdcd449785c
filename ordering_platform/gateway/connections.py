"""One connection to a service: sends a request, reads the answer, tells a lost connection from a bad answer."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from ordering_platform.gateway import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 65536
# Streams of events carry a sign of life far more often than this.
_SILENCE = 60.0


class ConnectionLost(Exception):
    """The connection ended before the first byte of an answer."""


class Connection:
    """A connected socket and what was read from it beyond the answer at hand."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        """Connect within ``seconds``; raises OSError."""
        self._sock = socket.create_connection((host, port), timeout=max(seconds, 0.001))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._deadline = 0.0
        self.rested_at = 0.0

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    @property
    def is_silent(self) -> bool:
        """Whether nothing came since the last answer: neither bytes nor the end."""
        if self._buffer:
            return False
        self._sock.settimeout(0)
        try:
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def send(self, message: bytes, deadline: float) -> None:
        """Send a request; ``deadline`` (monotonic seconds) holds until its answer is read. Raises ConnectionLost."""
        self._deadline = deadline
        self._sock.settimeout(self._left())
        try:
            self._sock.sendall(message)
        except TimeoutError:
            raise
        except OSError as fault:
            raise ConnectionLost from fault

    def read_head(self) -> wire.Head:
        """Read the head of the answer; raises ConnectionLost, UnreadableAnswer, TimeoutError or OSError."""
        if not self._buffer:
            try:
                self._receive()
            except (ConnectionError, EOFError) as fault:
                raise ConnectionLost from fault
        while (end := self._buffer.find(wire.END)) < 0:
            if len(self._buffer) > wire.MAX_HEAD:
                raise wire.UnreadableAnswer("the head has no end")
            self._receive()
        head = wire.read_head(self._take(end))
        del self._buffer[: len(wire.END)]
        # RFC 9110, 15.2: an interim answer precedes the one that counts.
        return self.read_head() if head.status < 200 else head  # noqa: PLR2004  1xx

    def read(self, length: int) -> bytes:
        """Read a body of known length."""
        while len(self._buffer) < length:
            self._receive()
        return self._take(length)

    def pieces(self, length: int) -> Iterator[bytes]:
        """Give a body as it comes, each piece within a minute; raises UnreadableAnswer, EOFError or OSError."""
        if length == wire.CHUNKED:
            yield from self._chunks()
            return
        left = length
        try:
            while left:
                if not self._buffer:
                    self._wait()
                piece = self._take(len(self._buffer) if left < 0 else min(left, len(self._buffer)))
                left -= len(piece) if left > 0 else 0
                yield piece
        except EOFError:
            if length != wire.UNTIL_CLOSE:
                raise

    def _chunks(self) -> Iterator[bytes]:
        while size := wire.chunk_size(self._line()):
            while size:
                if not self._buffer:
                    self._wait()
                piece = self._take(min(size, len(self._buffer)))
                size -= len(piece)
                yield piece
            if self._line():
                raise wire.UnreadableAnswer("a chunk longer than it says")

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > wire.MAX_LINE:
                raise wire.UnreadableAnswer("a line without end")
            self._wait()
        line = self._take(end)
        del self._buffer[:2]
        return line

    def _wait(self) -> None:
        self._deadline = time.monotonic() + _SILENCE
        self._receive()

    def _receive(self) -> None:
        self._sock.settimeout(self._left())
        data = self._sock.recv(_CHUNK)
        if not data:
            raise EOFError
        self._buffer += data

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
