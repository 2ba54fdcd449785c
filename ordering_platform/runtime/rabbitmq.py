"""RabbitMQ as the link needs it: writes that never wait, reads that take all there is, no confirms.

py-amqp waits for the broker after most methods and blocks the writer while the socket is full. Here
every method is sent and its answer is met by the reader, so no greenthread is ever held by a silent
broker, and the one greenthread that reads is the only one that can notice a loss.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import amqp
import eventlet
from amqp import spec
from amqp.transport import SSLTransport, TCPTransport
from kombu.transport import pyamqp

if TYPE_CHECKING:
    from collections.abc import Callable

Properties = dict[str, Any]

READ_AT_ONCE = 65536
WRITE_AT_ONCE = 65536


class _Patient:
    """Keeps what the socket did not take and sends it on as the socket empties."""

    sock: Any

    def _prepare(self, send: Callable[[bytes], int]) -> None:
        self.unsent = bytearray()
        self._send = send
        self._sender: Any = None

    def _write(self, data: bytes) -> None:
        if self.sock is None:
            raise OSError("the connection to the broker is closed")
        if not self.unsent:
            data = data[self._send_now(data) :]
        if data:
            self.unsent += data
            if self._sender is None:
                self._sender = eventlet.spawn(self._send_rest)

    def _send_now(self, data: bytes) -> int:
        raise NotImplementedError

    def _send_rest(self) -> None:
        try:
            while self.unsent and self.sock is not None:
                sent = self._send(bytes(self.unsent[:WRITE_AT_ONCE]))
                del self.unsent[:sent]
        except OSError:
            # The reader meets the same end of the connection and tells everybody.
            self.unsent.clear()
        finally:
            self._sender = None


class _Plain(_Patient, TCPTransport):
    """TCP: what the socket takes at once is sent at once."""

    def _setup_transport(self) -> None:
        super()._setup_transport()
        self._quick_recv = self._read_all
        self._prepare(self.sock.send)

    def _read_all(self, _wanted: int) -> bytes:
        return self.sock.recv(READ_AT_ONCE)  # type: ignore[no-any-return]

    def _send_now(self, data: bytes) -> int:
        try:
            return self.sock.fd.send(data)  # type: ignore[no-any-return]
        except BlockingIOError:
            return 0


class _Secret(_Patient, SSLTransport):
    """TLS: a record may have to be read before one can be written, so a greenthread of its own does it."""

    def _setup_transport(self) -> None:
        super()._setup_transport()
        self.sock.settimeout(None)
        self._prepare(self.sock.write)

    def _send_now(self, _data: bytes) -> int:
        return 0


class Channel(pyamqp.Channel):
    """An AMQP channel whose every method is sent without waiting for its answer."""

    def _setup_listeners(self) -> None:
        super()._setup_listeners()
        self._callbacks[spec.Basic.ConsumeOk] = self._on_consume_ok
        self._started: dict[str, Callable[[], None]] = {}
        self._stopped: dict[str, Callable[[], None]] = {}

    def send(
        self, body: bytes, exchange: str, routing_key: str, properties: dict[str, Any], *, mandatory: bool
    ) -> None:
        """Publish; a mandatory message that reaches no queue comes back through ``on_return``."""
        message = amqp.Message(body, **properties)
        self.send_method(spec.Basic.Publish, "Bssbb", (0, exchange, routing_key, mandatory, False), message)

    def listen(
        self,
        queue: str,
        tag: str,
        on_message: Callable[[Any], None],
        *,
        prefetch: int = 0,
        no_ack: bool = False,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        """Consume a queue, at most ``prefetch`` unanswered messages at once; ``on_start`` when the broker agreed."""
        if on_start is not None:
            self._started[tag] = on_start
        self.callbacks[tag] = on_message
        self.send_method(spec.Basic.Qos, "lBb", (0, prefetch, False))
        self.send_method(spec.Basic.Consume, "BssbbbbF", (0, queue, tag, False, no_ack, False, False, {}))

    def hush(self, tag: str, on_stop: Callable[[], None]) -> None:
        """Consume no more; ``on_stop`` when nothing further can arrive."""
        self._stopped[tag] = on_stop
        self.send_method(spec.Basic.Cancel, "sb", (tag, False))

    def on_return(self, callback: Callable[[str], None]) -> None:
        """Have the correlation id of each returned message told."""

        def returned(_fault: Any, _exchange: str, _routing_key: str, message: Any) -> None:
            callback(message.properties.get("correlation_id", ""))

        self.events["basic_return"].add(returned)

    def _on_consume_ok(self, tag: str) -> None:
        if started := self._started.pop(tag, None):
            started()

    def _on_basic_cancel_ok(self, consumer_tag: str) -> None:
        super()._on_basic_cancel_ok(consumer_tag)
        if stopped := self._stopped.pop(consumer_tag, None):
            stopped()


class Connection(pyamqp.Connection):
    """An AMQP connection that can be left without waiting."""

    Channel = Channel
    blocked = False

    def Transport(self, host: str, connect_timeout: float, ssl: Any = False, *args: Any, **options: Any) -> Any:  # noqa: N802  py-amqp's name
        """Give the socket of this connection."""
        names = ("read_timeout", "write_timeout")
        options |= dict(zip(names, args, strict=False))
        kind = _Secret if ssl else _Plain
        return kind(host, connect_timeout=connect_timeout, ssl=ssl, **options)

    @property
    def unsent(self) -> int:
        """How many bytes wait for the broker to read them."""
        return len(self._transport.unsent) if self._transport else 0

    def hang_up(self) -> None:
        """Say goodbye; the reader meets the answer and closes."""
        self.send_method(spec.Connection.Close, "BsBB", (0, "", 0, 0))

    def drop(self) -> None:
        """Cut the socket, so that the reader notices at once."""
        if self._transport and self._transport.sock is not None:
            self._transport.sock.shutdown(socket.SHUT_RDWR)

    def _on_blocked(self) -> None:
        self.blocked = True

    def _on_unblocked(self) -> None:
        self.blocked = False


class Transport(pyamqp.Transport):
    """What kombu needs to open such a connection."""

    Connection = Connection
