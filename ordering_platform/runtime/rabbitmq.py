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
from kombu.connection import Connection as Client
from kombu.transport import pyamqp

from ordering_platform.runtime import amqp_frames as frames

if TYPE_CHECKING:
    from collections.abc import Callable

Properties = dict[str, Any]

READ_AT_ONCE = 65536


class _Patient:
    """Collects what is written in one turn of the hub and sends it in one piece, as the socket takes it."""

    sock: Any

    def _begin(self, send: Callable[[Any], int]) -> None:
        self.unsent = bytearray()
        self._send = send
        self._sending = False

    def _write(self, data: Any) -> None:
        if self.sock is None:
            raise OSError("the connection to the broker is closed")
        self.unsent += data
        if not self._sending:
            self._sending = True
            eventlet.spawn_n(self._send_all)

    def _send_all(self) -> None:
        try:
            while self.unsent and self.sock is not None:
                sent = self._send(bytes(self.unsent))
                del self.unsent[:sent]
        except (OSError, ValueError):
            # The reader meets the same end of the connection and tells everybody. (A closed TLS socket: ValueError.)
            self.unsent.clear()
        finally:
            self._sending = False


class _Plain(_Patient, TCPTransport):
    """A TCP socket that is read by the bufferful."""

    def _setup_transport(self) -> None:
        # Not py-amqp's own, which would put the socket's blocking ``sendall`` in the place of ``_write``.
        self._begin(self.sock.send)

    def receive(self) -> bytes:
        """Wait for bytes from the broker; none means the end."""
        return self.sock.recv(READ_AT_ONCE)  # type: ignore[no-any-return]


class _Secret(_Patient, SSLTransport):
    """The same inside TLS."""

    def _setup_transport(self) -> None:
        super()._setup_transport()
        self.sock.settimeout(None)
        self._begin(self.sock.write)

    def receive(self) -> bytes:
        """Wait for bytes from the broker; none means the end."""
        return self.sock.read(READ_AT_ONCE)  # type: ignore[no-any-return]


class Channel(pyamqp.Channel):
    """An AMQP channel whose every method is sent without waiting for its answer."""

    def _setup_listeners(self) -> None:
        super()._setup_listeners()
        self._callbacks[spec.Basic.ConsumeOk] = self._on_consume_ok
        self._started: dict[str, Callable[[], None]] = {}
        self._stopped: dict[str, Callable[[], None]] = {}

    def send(self, body: bytes, exchange: str, routing_key: str, properties: Properties, *, mandatory: bool) -> None:
        """Publish; a mandatory message that reaches no queue comes back through ``on_return``."""
        connection = self._open_connection()
        to = (exchange, routing_key, mandatory)
        connection.write(frames.publish(self.channel_id, to, properties, body, connection.frame_max))

    def basic_ack(self, delivery_tag: int, multiple: bool = False, argsig: str = "") -> None:  # noqa: ARG002  py-amqp's signature
        """Say that a message is done."""
        self._open_connection().write(frames.ack(self.channel_id, delivery_tag))

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

    def delivered(self, message: frames.Delivery) -> None:
        """Give a message that has arrived to whoever listens; when nobody does any more, give it back."""
        callback = self.callbacks.get(message.tag)
        if callback is None:
            self.basic_reject(message.delivery_tag, requeue=True)
        else:
            callback(message)

    def _open_connection(self) -> Connection:
        if self.connection is None:
            raise amqp.RecoverableConnectionError("the connection to the broker is closed")
        return self.connection  # type: ignore[no-any-return]

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

    def __init__(self, **options: Any) -> None:
        """Begin with nothing read."""
        super().__init__(**options)
        self._unread = b""
        self._at = 0
        self._arriving: dict[int, frames.Delivery] = {}

    def Transport(self, host: str, connect_timeout: float, ssl: Any = False, *args: Any, **options: Any) -> Any:  # noqa: N802  py-amqp's name
        """Give the socket of this connection."""
        names = ("read_timeout", "write_timeout")
        options |= dict(zip(names, args, strict=False))
        kind = _Secret if ssl else _Plain
        return kind(host, connect_timeout=connect_timeout, ssl=ssl, **options)

    def connect(self, callback: Any = None) -> Any:
        """Shake hands; whatever goes wrong, no socket is left behind."""
        try:
            return super().connect(callback)
        except BaseException:
            self.collect()
            raise

    def write(self, data: bytes) -> None:
        """Send packed frames; never waits."""
        self._transport.write(data)
        self.bytes_sent += 1

    def drain_events(self, timeout: float | None = None) -> None:
        """Wait for bytes and act on every frame they complete; raises OSError at the end of the connection."""
        transport = self.transport
        transport.sock.settimeout(timeout)
        received = transport.receive()
        if not received:
            transport.connected = False
            raise ConnectionResetError("the broker closed the connection")
        self._unread, self._at = self._unread[self._at :] + received, 0
        # Position and bytes are kept on the connection: a method that waits for its answer reads on from within.
        while frame := self._next_frame():
            self._act_on(*frame)

    def _next_frame(self) -> tuple[int, int, bytes] | None:
        start = self._at + frames.FRAME.size
        if len(self._unread) < start:
            return None
        kind, channel_id, size = frames.FRAME.unpack_from(self._unread, self._at)
        end = start + size + len(frames.END)
        if len(self._unread) < end:
            return None
        self._at = end
        return kind, channel_id, self._unread[start : end - 1]

    def _act_on(self, kind: int, channel_id: int, payload: bytes) -> None:
        arriving = self._arriving.get(channel_id)
        if kind == frames.METHOD and payload.startswith(frames.DELIVER):
            self._arriving[channel_id] = frames.Delivery(self.channels[channel_id], payload)
        elif arriving is None:
            self.on_inbound_frame((kind, channel_id, payload))
        elif arriving.add_header(payload) if kind == frames.HEADER else arriving.add_body(payload):
            del self._arriving[channel_id]
            arriving.channel.delivered(arriving)
        self.bytes_recv += 1

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


def client(url: str, heartbeat: int, connect_timeout: float) -> Any:
    """Give kombu's way to the broker at this address; anything but AMQP is left to the transport kombu knows."""
    return Client(  # type: ignore[no-untyped-call]
        url,
        transport=Transport if url.startswith("amqp") else None,
        connect_timeout=connect_timeout,
        heartbeat=heartbeat,
        # Without a name of the server given, kombu has the certificate checked against the host in the address.
        ssl={"server_hostname": None} if url.startswith("amqps:") else False,
        transport_options={"socket_settings": {socket.TCP_USER_TIMEOUT: 2000 * heartbeat}},
    )
