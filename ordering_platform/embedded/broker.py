"""A broker inside the process: what kombu and our link need of AMQP behind ``inproc://``, without a socket.

Importing this module makes the address known to kombu, so stock nameko runs on it as well. One broker
exists per host name (``inproc://embedded``) and lives as long as the process. Nothing is polled: a
message that is handed over wakes the greenthread that reads its connection.
"""

from __future__ import annotations

import itertools
from collections import namedtuple
from typing import TYPE_CHECKING, Any

from eventlet import queue as green
from kombu import transport as transports
from kombu.exceptions import ChannelError
from kombu.message import Message as KombuMessage
from kombu.transport import base

from ordering_platform.embedded.queues import Broker, Consumer, Message, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

Properties = dict[str, Any]
_DeclareOk = namedtuple("_DeclareOk", ("queue", "message_count", "consumer_count"))  # noqa: PYI024  kombu's own shape


class Channel(base.StdChannel):  # type: ignore[misc]  # kombu carries no types
    """What kombu, nameko and our link ask of an AMQP channel."""

    def __init__(self, connection: Connection) -> None:
        """Speak with the broker of this connection."""
        self.connection: Any = connection
        self.broker = connection.broker
        self.channel_id = next(connection.ids)
        self.prefetch = 0
        self._consumers: dict[str, tuple[Queue, Consumer]] = {}
        self._unacked: dict[int, tuple[Message, Consumer]] = {}
        self._tags = itertools.count(1)
        self._return: Callable[[str], None] | None = None
        connection.channels.append(self)

    # -- as our link speaks

    def send(
        self, body: bytes, exchange: str, routing_key: str, properties: dict[str, Any], *, mandatory: bool
    ) -> None:
        """Publish; a mandatory message that reaches no queue is told to ``on_return``."""
        routed = self.broker.publish(exchange, routing_key, Message(body, properties))
        if mandatory and not routed and self._return:
            self._return(properties.get("correlation_id", ""))

    def on_return(self, callback: Callable[[str], None]) -> None:
        """Have the correlation id of each returned message told."""
        self._return = callback

    def listen(
        self,
        queue: str,
        tag: str,
        on_message: Callable[[Message], None],
        *,
        prefetch: int = 0,
        no_ack: bool = False,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        """Consume a queue, at most ``prefetch`` unanswered messages at once."""
        self.prefetch = prefetch
        if on_start:
            on_start()
        self.basic_consume(queue, no_ack=no_ack, callback=on_message, consumer_tag=tag)

    def hush(self, tag: str, on_stop: Callable[[], None]) -> None:
        """Consume no more; ``on_stop`` when what is on its way has arrived."""
        self.basic_cancel(tag)
        self.connection.inbox.put((lambda _nothing: on_stop(), None))

    # -- as kombu speaks

    def exchange_declare(self, exchange: str, type: str = "direct", **_options: Any) -> None:  # noqa: A002  AMQP's name
        """Know an exchange by its type."""
        self.broker.exchanges[exchange] = type

    def queue_declare(
        self, queue: str = "", passive: bool = False, exclusive: bool = False, auto_delete: bool = False, **_: Any
    ) -> Any:
        """Make a queue on first use; a passive declaration only looks."""
        if passive and queue not in self.broker.queues:
            raise ChannelError(f"NOT_FOUND - no queue {queue}")
        name = queue or f"amq.gen-{id(self)}-{next(self._tags)}"
        made = self.broker.declare(name, self.connection if exclusive else None, auto_delete=auto_delete)
        return _DeclareOk(name, len(made.messages), len(made.consumers))

    def queue_bind(self, queue: str, exchange: str, routing_key: str = "", **_options: Any) -> None:
        """Route into a queue."""
        self.broker.bind(queue, exchange, routing_key)

    def queue_unbind(self, queue: str, exchange: str, routing_key: str = "", **_options: Any) -> None:
        """Undo ``queue_bind``."""
        self.broker.unbind(queue, exchange, routing_key)

    def queue_delete(self, queue: str, **_options: Any) -> int:
        """Remove a queue."""
        return self.broker.delete(queue)

    def queue_purge(self, queue: str, **_options: Any) -> int:
        """Empty a queue."""
        messages = self.broker.queues[queue].messages
        count = len(messages)
        messages.clear()
        return count

    def prepare_message(  # noqa: PLR0917  kombu passes them by position
        self,
        body: bytes | str,
        priority: int | None = None,
        content_type: str | None = None,
        content_encoding: str | None = None,
        headers: dict[str, Any] | None = None,
        properties: dict[str, Any] | None = None,
    ) -> Message:
        """Put body and properties together."""
        own = dict(properties or {}, application_headers=headers or {}, priority=priority)
        own |= {"content_type": content_type, "content_encoding": content_encoding}
        return Message(body.encode() if isinstance(body, str) else body, own)

    def basic_publish(
        self, message: Message, exchange: str = "", routing_key: str = "", mandatory: bool = False, **_: Any
    ) -> None:
        """Publish; a mandatory message that reaches no queue raises ChannelError, as with confirms."""
        if not self.broker.publish(exchange, routing_key, message) and mandatory:
            raise ChannelError("NO_ROUTE")

    def basic_qos(self, _size: int = 0, prefetch_count: int = 0, _global: bool = False, **_: Any) -> None:
        """Set how many unanswered messages the consumers to come may have."""
        self.prefetch = prefetch_count

    def basic_consume(
        self, queue: str, no_ack: bool = False, callback: Any = None, consumer_tag: str = "", **_: Any
    ) -> str:
        """Consume a queue."""
        tag = consumer_tag or f"tag-{next(self._tags)}"
        source = self.broker.queues[queue]
        consumer = Consumer(self, tag, callback, room=self.prefetch, no_ack=no_ack)
        self._consumers[tag] = source, consumer
        source.consumers.append(consumer)
        source.deliver()
        return tag

    def basic_cancel(self, consumer_tag: str, **_options: Any) -> None:
        """Consume no more."""
        if held := self._consumers.pop(consumer_tag, None):
            self.broker.cancel(*held)

    def basic_ack(self, delivery_tag: int, multiple: bool = False, **_options: Any) -> None:
        """Say that a message is done."""
        tags = [tag for tag in self._unacked if tag <= delivery_tag] if multiple else [delivery_tag]
        for tag in tags:
            self._free(tag)

    def basic_reject(self, delivery_tag: int, requeue: bool = False, **_options: Any) -> None:
        """Give a message back, or drop it."""
        message = self._free(delivery_tag)
        if requeue and message:
            message.queue.put_back(message)

    def message_to_python(self, raw: Message) -> Any:
        """Give a message the shape kombu hands to its consumers."""
        return KombuMessage(  # type: ignore[no-untyped-call]
            body=raw.body,
            channel=self,
            delivery_tag=raw.delivery_tag,
            content_type=raw.properties.get("content_type"),
            content_encoding=raw.properties.get("content_encoding"),
            delivery_info=raw.delivery_info,
            properties=raw.properties,
            headers=raw.properties.get("application_headers") or {},
        )

    def close(self) -> None:
        """Stop consuming and give back what was not acked."""
        for tag in list(self._consumers):
            self.basic_cancel(tag)
        for delivery_tag in list(self._unacked):
            self.basic_reject(delivery_tag, requeue=True)
        if self in self.connection.channels:
            self.connection.channels.remove(self)

    # -- as the broker speaks

    def take(self, consumer: Consumer, message: Message) -> None:
        """Hand a message over; the consumer's callback runs when its connection reads."""
        tag = message.delivery_tag = next(self._tags)
        message.channel = self
        message.delivery_info["delivery_tag"] = tag
        message.delivery_info["consumer_tag"] = consumer.tag
        if not consumer.no_ack:
            consumer.room -= 1
            self._unacked[tag] = message, consumer
        self.connection.inbox.put((consumer.callback, message))

    def _free(self, delivery_tag: int) -> Message | None:
        held = self._unacked.pop(delivery_tag, None)
        if held is None:
            return None
        message, consumer = held
        consumer.room += 1
        message.queue.deliver()
        return message


class Connection:
    """An inbox that a reader waits on, and the channels that fill it."""

    blocked = False
    unsent = 0
    client: Any = None

    def __init__(self, broker: Broker) -> None:
        """Be connected at once."""
        self.broker = broker
        self.connected = True
        self.inbox = green.LightQueue()
        self.channels: list[Channel] = []
        self.ids = itertools.count(1)

    def channel(self) -> Channel:
        """Open a channel."""
        return Channel(self)

    def drain_events(self, timeout: float | None = None) -> None:
        """Wait for one message and give it to its consumer; raises TimeoutError."""
        try:
            callback, message = self.inbox.get(timeout=timeout)
        except green.Empty:
            raise TimeoutError from None
        callback(message)

    def hang_up(self) -> None:
        """Let the reader find the end."""
        self.inbox.put((lambda _nothing: self.collect(), None))

    def heartbeat_tick(self) -> None:
        """Nothing can fall silent inside a process."""

    def collect(self) -> None:
        """Close every channel and delete what only this connection could use."""
        self.connected = False
        for channel in list(self.channels):
            channel.close()
        for name in [name for name, queue in self.broker.queues.items() if queue.owner is self]:
            self.broker.delete(name)

    drop = close = collect


class Transport(base.Transport):  # type: ignore[misc]  # kombu carries no types
    """What kombu needs to open such a connection."""

    driver_type = driver_name = "inproc"
    connection_errors: Any = (ChannelError, OSError)
    channel_errors: Any = (ChannelError,)
    # Without these kombu takes NO_ROUTE for a broken connection and tries for ever.
    recoverable_connection_errors: Any = ()
    recoverable_channel_errors: Any = ()
    client: Any
    brokers: dict[str, Broker] = {}  # noqa: RUF012  the brokers of this process

    def establish_connection(self) -> Connection:
        """Connect to the broker of this host name."""
        connection = Connection(self.brokers.setdefault(self.client.hostname, Broker()))
        connection.client = self.client
        return connection

    def close_connection(self, connection: Connection) -> None:
        """Leave the broker."""
        connection.close()

    def create_channel(self, connection: Connection) -> Channel:
        """Open a channel."""
        return connection.channel()

    def close_channel(self, channel: Channel) -> None:
        """Close a channel."""
        channel.close()

    def drain_events(self, connection: Connection, timeout: float | None = None, **_options: Any) -> None:
        """Wait for one message."""
        connection.drain_events(timeout)

    def verify_connection(self, connection: Connection) -> bool:
        """Whether the connection is open."""
        return connection.connected

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:  # noqa: ARG002  kombu's signature
        """Show the address, which holds no secret."""
        return uri


transports.TRANSPORT_ALIASES["inproc"] = f"{__name__}:Transport"
