"""A channel to the broker inside the process, as kombu and nameko speak AMQP, and as our link does."""

from __future__ import annotations

import itertools
from collections import namedtuple
from typing import TYPE_CHECKING, Any

from kombu.exceptions import ChannelError
from kombu.message import Message as KombuMessage
from kombu.transport import base

from ordering_platform.embedded.queues import Consumer, Message, Queue

if TYPE_CHECKING:
    from collections.abc import Callable

Properties = dict[str, Any]
_DeclareOk = namedtuple("_DeclareOk", ("queue", "message_count", "consumer_count"))  # noqa: PYI024  kombu's own shape


class Channel(base.StdChannel):  # type: ignore[misc]  # kombu carries no types
    """What kombu, nameko and our link ask of an AMQP channel."""

    def __init__(self, connection: Any) -> None:
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

    def send(self, body: bytes, exchange: str, routing_key: str, properties: Properties, *, mandatory: bool) -> None:
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
        """Consume a queue, at most ``prefetch`` unanswered messages at once.

        ``on_message`` never waits, so it runs at once where the message is sent, which saves two switches.
        """
        if on_start:
            on_start()
        self._consume(queue, Consumer(self, tag, on_message, room=prefetch, no_ack=no_ack))

    def hush(self, tag: str, on_stop: Callable[[], None]) -> None:
        """Consume no more; nothing is ever on its way here."""
        self.basic_cancel(tag)
        on_stop()

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
        return int(self.broker.delete(queue))

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

        def post(message: Message) -> None:
            self.connection.inbox.put((callback, message))

        self._consume(queue, Consumer(self, tag, post, room=self.prefetch, no_ack=no_ack))
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
        """Hand a message over to one of the consumers on this channel."""
        tag = message.delivery_tag = next(self._tags)
        message.channel = self
        message.delivery_info["delivery_tag"] = tag
        message.delivery_info["consumer_tag"] = consumer.tag
        if not consumer.no_ack:
            consumer.room -= 1
            self._unacked[tag] = message, consumer
        consumer.hand_over(message)

    def _consume(self, queue: str, consumer: Consumer) -> None:
        source = self.broker.queues[queue]
        self._consumers[consumer.tag] = source, consumer
        source.consumers.append(consumer)
        source.deliver()

    def _free(self, delivery_tag: int) -> Message | None:
        held = self._unacked.pop(delivery_tag, None)
        if held is None:
            return None
        message, consumer = held
        consumer.room += 1
        message.queue.deliver()
        return message
