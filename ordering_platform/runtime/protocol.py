"""One HTTP/1 connection: reads requests within their deadlines, writes replies, notices who has left."""

from __future__ import annotations

import errno
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import eventlet
from eventlet import greenthread

from ordering_platform.runtime import framing, writing
from ordering_platform.runtime.errors import (
    DomainError,
    HeadersTooLarge,
    MalformedRequest,
    PayloadTooLarge,
    RequestTimeout,
    UriTooLong,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.replies import Reply

FRESH, IDLE, READING, ANSWERING, STREAMING = "fresh", "idle", "reading", "answering", "streaming"
# What a connection that is taken leave of may still need: who has just come for a first request, who has begun
# one for the rest of it.
_PATIENCE = {FRESH: 0.5, READING: 2.0}

_CHUNK = 65536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Answering(Protocol):
    """Whoever answers the requests of a connection; while ``draining``, each reply is the last."""

    draining: bool

    def handle(self, environ: dict[str, Any], body: bytes) -> Reply:
        """Reply to a request."""

    def refuse(self, error: DomainError, environ: dict[str, Any]) -> Reply:
        """Reply to what is no readable request."""


class ClientGone(Exception):
    """The client closed the connection; there is nobody to tell."""


class StreamEnd(BaseException):
    """Thrown into a stream that has to end: its client left or the service is stopping."""


class Connection:
    """Carries the requests of one client, one after the other."""

    def __init__(self, sock: Any, peer: str, app: Answering, settings: Settings) -> None:
        """Take over an accepted socket."""
        self.sock = sock
        self.peer = peer
        self.state = FRESH
        self.closing = False
        self._settings = settings
        self._app = app
        self._buffer = bytearray()
        self._patience = settings.header_timeout
        self._greenthread: Any = None

    def serve(self) -> None:
        """Answer requests until either side has had enough; closes the socket whatever happens."""
        self._greenthread = greenthread.getcurrent()
        try:
            self._serve_one()
            while not self.closing:
                self._serve_one()
        except ClientGone:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close the socket for good; nothing may be waiting for it."""
        self.closing = True
        self.sock.close()

    def cut(self) -> None:
        """Break off whatever is under way; a request is still told so."""
        self.closing = True
        if self._greenthread is not None:
            greenthread.kill(self._greenthread)

    def refuse(self, error: DomainError) -> None:
        """Answer whatever this client wants with an error, and close."""
        self.closing = True
        environ = {"REMOTE_ADDR": self.peer}
        with suppress(ClientGone):
            self._write(self._app.refuse(error, environ), environ)
            self._linger()

    def take_leave(self) -> None:
        """Make the request under way the last one; between two requests the connection closes now.

        A client that has only just connected has its first request on the way and no other answer to it.
        """
        self.closing = True
        if self.state == IDLE:
            # Only the reading side: a request that has already arrived is still read and answered.
            _shut(self.sock, socket.SHUT_RD)
        elif self.state == STREAMING:
            self.end_stream()

    def hurry(self, waited: float) -> None:
        """Read no further from a client that has kept a leave waiting for more seconds than is good."""
        if waited > _PATIENCE.get(self.state, waited):
            _shut(self.sock, socket.SHUT_RD)

    def shed(self) -> None:
        """Give the place to somebody else; a request that has already arrived is still answered."""
        self.closing = True
        _shut(self.sock, socket.SHUT_RD)

    def end_stream(self) -> None:
        """End the event stream on this connection, if one runs."""
        if self.state == STREAMING:
            greenthread.kill(self._greenthread, StreamEnd)

    def _serve_one(self) -> None:
        environ: dict[str, Any] = {"REMOTE_ADDR": self.peer}
        try:
            environ |= self._read_head()
            body = self._read_body(environ)
        except DomainError as error:
            self.closing = True
            self._write(self._app.refuse(error, environ), environ)
            self._linger()
            return
        self.state = ANSWERING
        reply = self._app.handle(environ, body)
        if self._app.draining or not _keeps(environ):
            self.closing = True
        if reply.streams:
            self._stream(reply, environ)
        else:
            self._write(reply, environ)
        self.state = IDLE

    def _read_head(self) -> dict[str, Any]:
        if not self._buffer:
            self._receive(self._patience, quiet=True)
        self._patience = self._settings.keepalive_timeout
        self.state = READING
        deadline = time.monotonic() + self._settings.header_timeout
        while True:
            while self._buffer[:2] == b"\r\n":
                del self._buffer[:2]
            end = self._buffer.find(framing.END)
            if end >= 0:
                break
            _check_growth(self._buffer)
            self._receive(deadline - time.monotonic())
        if end > framing.MAX_HEAD:
            raise HeadersTooLarge
        head = bytes(self._buffer[:end])
        del self._buffer[: end + len(framing.END)]
        return framing.read_head(head)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        length: int = environ["CONTENT_LENGTH"]
        if not length:
            return b""
        if length > self._settings.max_body:
            raise PayloadTooLarge
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue" and not self._buffer:
            self._send(_CONTINUE)
        deadline = time.monotonic() + self._settings.body_timeout
        while len(self._buffer) < length:
            self._receive(deadline - time.monotonic())
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _receive(self, seconds: float, *, quiet: bool = False) -> None:
        """Wait for more bytes; raises RequestTimeout or, when the client left or ``quiet``, ClientGone."""
        if seconds <= 0:
            raise ClientGone if quiet else RequestTimeout
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(_CHUNK)
        except TimeoutError:
            raise (ClientGone if quiet else RequestTimeout) from None
        except (OSError, EOFError):
            raise ClientGone from None
        if not data:
            if self._buffer and not quiet:
                raise MalformedRequest
            raise ClientGone
        self._buffer += data

    def _send(self, data: bytes) -> None:
        self.sock.settimeout(self._settings.body_timeout or None)
        try:
            self.sock.sendall(data)
        except (OSError, EOFError):
            raise ClientGone from None

    def _write(self, reply: Reply, environ: dict[str, Any]) -> None:
        self._send(
            writing.whole(
                reply,
                old=environ.get("SERVER_PROTOCOL") == "HTTP/1.0",
                closing=self.closing,
                bodyless=environ.get("REQUEST_METHOD") == "HEAD",
            )
        )

    def _stream(self, reply: Reply, environ: dict[str, Any]) -> None:
        chunks: Iterator[bytes] = reply.body  # type: ignore[assignment]  # the caller has looked
        chunked = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        self.closing = True
        try:
            self._send(writing.stream_head(reply, chunked=chunked))
            if environ["REQUEST_METHOD"] != "HEAD":
                self._pour(chunks, chunked=chunked)
        finally:
            if close := getattr(chunks, "close", None):
                close()

    def _pour(self, chunks: Iterator[bytes], *, chunked: bool) -> None:
        self.state = STREAMING
        watch = eventlet.spawn(self._watch)
        whole = True
        try:
            for chunk in chunks:
                if chunk:
                    whole = False
                    self._send(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
                    whole = True
        except StreamEnd:
            pass
        finally:
            self.state = ANSWERING
            watch.kill()
        if chunked and whole:
            self._send(b"0\r\n\r\n")

    def _watch(self) -> None:
        """End the stream the moment its client leaves, instead of at the next event."""
        while True:
            try:
                if not self.sock.recv(_CHUNK):
                    break
            except TimeoutError:
                # The time for a send is also the socket's time for a receive; silence here is what is hoped for.
                continue
            except (OSError, EOFError):
                break
        self.end_stream()

    def _linger(self) -> None:
        """Let a client that is still sending read the refusal before the connection is reset."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(1.0)
            budget = 16
            while budget and self.sock.recv(_CHUNK):
                budget -= 1
        except (OSError, EOFError):
            return


def _check_growth(buffer: bytearray) -> None:
    if buffer and not framing.looks_like_http(buffer):
        raise MalformedRequest
    if b"\r\n" not in buffer[: framing.MAX_LINE + 2] and len(buffer) > framing.MAX_LINE:
        raise UriTooLong
    if len(buffer) > framing.MAX_HEAD:
        raise HeadersTooLarge
    if b"\n\n" in buffer:
        raise MalformedRequest


def _keeps(environ: dict[str, Any]) -> bool:
    wishes = environ.get("HTTP_CONNECTION", "").lower()
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        return "keep-alive" in wishes
    return "close" not in wishes


def _shut(sock: Any, how: int) -> None:
    try:
        sock.shutdown(how)
    except OSError as fault:
        if fault.errno not in {errno.ENOTCONN, errno.EBADF}:
            raise
