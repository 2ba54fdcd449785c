"""The services as the gateway reaches them: keep-alive connections, bounded in number, age and waiting time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ordering_platform.gateway import wire
from ordering_platform.gateway.connections import Connection, ConnectionLost
from ordering_platform.runtime import logs
from ordering_platform.runtime.errors import BadGateway, DeadlineExceeded, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

CONNECT_TIMEOUT = 1.0
MAX_RESTED = 64
# Below the time a service keeps an idle connection (75 s), so that it is we who hang up.
_REST = 45.0
# A shorter body is read first, so that one that breaks off can still become a clean 502.
_WHOLE = 1 << 20

_log = logs.get("gateway")


class Stream:
    """A body that is passed on as it comes; whoever stops reading it closes it, and with it the connection."""

    def __init__(self, connection: Connection, length: int) -> None:
        """Take over the connection: it is not used again."""
        self._connection = connection
        self._pieces = connection.pieces(length)

    def __iter__(self) -> Self:
        """Iterate over the pieces."""
        return self

    def __next__(self) -> bytes:
        """Wait for the next piece."""
        return next(self._pieces)

    def close(self) -> None:
        """Hang up; the service learns that nobody listens any more."""
        self._connection.close()


@dataclass(slots=True)
class Response:
    """What a service answered: headers fit to pass on, and a body that is whole or a Stream."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | Iterator[bytes]


class Upstream:
    """One service: its address and the connections that rest between two requests."""

    def __init__(self, url: str) -> None:
        """Take the base address of a service; nothing is connected yet."""
        parts = urlsplit(url)
        self.netloc = parts.netloc
        self._host = parts.hostname or ""
        self._port = parts.port or 80
        self._rested: list[Connection] = []

    def ask(self, message: bytes, *, repeatable: bool, seconds: float) -> Response:
        """Send one request and give its answer.

        ``repeatable`` says that carrying it out twice does no harm; only then is it sent again when a
        rested connection turns out to be dead. Raises ServiceUnavailable when the service cannot be
        reached, BadGateway when it hangs up or is not understood, DeadlineExceeded after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        try:
            rested = self._take_rested()
            if rested is not None:
                try:
                    return self._exchange(rested, message, deadline)
                except ConnectionLost:
                    if not repeatable:
                        raise
            return self._exchange(self._connect(), message, deadline)
        except TimeoutError as fault:
            raise DeadlineExceeded from fault
        except (ConnectionLost, OSError, EOFError, wire.UnreadableAnswer) as fault:
            _log.warning("%s gave no usable answer: %s", self.netloc, str(fault) or type(fault).__name__)
            raise BadGateway from fault

    def knock(self) -> None:
        """Raise ServiceUnavailable unless the service accepts connections."""
        self._rest(self._take_rested() or self._connect())

    def close(self) -> None:
        """Hang up all resting connections."""
        while self._rested:
            self._rested.pop().close()

    def _connect(self) -> Connection:
        try:
            return Connection(self._host, self._port, CONNECT_TIMEOUT)
        except OSError as fault:
            _log.warning("%s cannot be reached: %s", self.netloc, type(fault).__name__)
            raise ServiceUnavailable from fault

    def _exchange(self, connection: Connection, message: bytes, deadline: float) -> Response:
        try:
            connection.send(message, deadline)
            head = connection.read_head()
            if not 0 <= head.length <= _WHOLE:
                return Response(head.status, head.headers, Stream(connection, head.length))
            body = connection.read(head.length)
        except BaseException:  # also a worker that is stopped half-way leaves no connection in an unknown state
            connection.close()
            raise
        if head.keeps:
            self._rest(connection)
        else:
            connection.close()
        return Response(head.status, head.headers, body)

    def _rest(self, connection: Connection) -> None:
        if len(self._rested) < MAX_RESTED:
            connection.rested_at = time.monotonic()
            self._rested.append(connection)
        else:
            connection.close()

    def _take_rested(self) -> Connection | None:
        newest_first = self._rested
        while newest_first:
            connection = newest_first.pop()
            if time.monotonic() - connection.rested_at < _REST and connection.is_silent:
                return connection
            connection.close()
        return None
