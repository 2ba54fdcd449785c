"""Queues and routing as AMQP has them, inside one process: topic keys, fair turns, acks, time to live."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from kombu.exceptions import ChannelError

if TYPE_CHECKING:
    from collections.abc import Callable

UNLIMITED = 1 << 30


class Taker(Protocol):
    """The channel a consumer stands on."""

    def take(self, consumer: Consumer, message: Message) -> None:
        """Hand a message over to one of the channel's consumers."""


class Message:
    """A message on its way, with the attributes py-amqp gives its own."""

    __slots__ = ("body", "channel", "delivery_info", "delivery_tag", "expires", "properties", "queue")

    def __init__(self, body: bytes, properties: dict[str, Any]) -> None:
        """Keep body and properties; the time to live starts now."""
        self.body = body
        self.properties = properties
        life = properties.get("expiration")
        self.expires = time.monotonic() + int(life) / 1000 if life else None
        self.delivery_info: dict[str, Any] = {}
        self.delivery_tag = 0
        self.channel: Any = None
        self.queue: Any = None

    def copy(self) -> Message:
        """Give each queue a message of its own."""
        twin = Message(self.body, self.properties)
        twin.delivery_info = dict(self.delivery_info)
        return twin


class Consumer:
    """Who takes messages from a queue, and how many more it may have unanswered."""

    __slots__ = ("channel", "hand_over", "no_ack", "room", "tag")

    def __init__(
        self, channel: Taker, tag: str, hand_over: Callable[[Message], None], *, room: int, no_ack: bool
    ) -> None:
        """Take at most ``room`` unanswered messages; 0 stands for any number."""
        self.channel = channel
        self.tag = tag
        self.hand_over = hand_over
        self.no_ack = no_ack
        self.room = room or UNLIMITED


class Queue:
    """Messages in order, handed in turn to the consumers that have room."""

    def __init__(self, name: str, owner: Any, *, auto_delete: bool) -> None:
        """Begin empty; only the connection ``owner`` may use an exclusive queue."""
        self.name = name
        self.owner = owner
        self.auto_delete = auto_delete
        self.messages: deque[Message] = deque()
        self.consumers: deque[Consumer] = deque()
        self._delivering = False

    def put(self, message: Message) -> None:
        """Append a message."""
        message.queue = self
        self.messages.append(message)
        self.deliver()

    def put_back(self, message: Message) -> None:
        """Give a message its old place, marked as seen before."""
        message.delivery_info["redelivered"] = True
        self.messages.appendleft(message)
        self.deliver()

    def deliver(self) -> None:
        """Hand out what can be handed out; what lived too long is dropped."""
        if self._delivering:
            # A consumer that answers on the spot makes room for the next message; the loop below is still there.
            return
        self._delivering = True
        try:
            while self.messages and (consumer := self._next_with_room()):
                message = self.messages.popleft()
                if message.expires is None or message.expires > time.monotonic():
                    consumer.channel.take(consumer, message)
        finally:
            self._delivering = False

    def _next_with_room(self) -> Consumer | None:
        for _ in range(len(self.consumers)):
            consumer = self.consumers[0]
            self.consumers.rotate(-1)
            if consumer.room > 0:
                return consumer
        return None


class Broker:
    """Exchanges, bindings and queues; everything runs in the greenthread of whoever asks."""

    def __init__(self) -> None:
        """Begin empty; AMQP's exchanges without a name and for fan-out are known from the start."""
        self.exchanges: dict[str, str] = {"": "direct", "amq.direct": "direct", "amq.topic": "topic"}
        self.queues: dict[str, Queue] = {}
        self._bindings: dict[str, set[tuple[str, str]]] = {}
        self._routes: dict[tuple[str, str], list[Queue]] = {}

    def declare(self, name: str, owner: Any, *, auto_delete: bool) -> Queue:
        """Give the queue of this name, made on first use; raises ChannelError when another connection owns it."""
        queue = self.queues.get(name)
        if queue is None:
            self._routes.clear()
            queue = self.queues[name] = Queue(name, owner, auto_delete=auto_delete)
        elif queue.owner not in {None, owner}:
            raise ChannelError(f"RESOURCE_LOCKED - queue {name} belongs to another connection")
        return queue

    def bind(self, queue: str, exchange: str, routing_key: str) -> None:
        """Route what is published with this key, ``*`` and ``#`` as in AMQP, into the queue."""
        self._bindings.setdefault(exchange, set()).add((routing_key, queue))
        self._routes.clear()

    def unbind(self, queue: str, exchange: str, routing_key: str) -> None:
        """Undo ``bind``."""
        self._bindings.get(exchange, set()).discard((routing_key, queue))
        self._routes.clear()

    def delete(self, name: str) -> int:
        """Remove a queue with its bindings; give how many messages went with it."""
        queue = self.queues.pop(name, None)
        for bindings in self._bindings.values():
            bindings -= {binding for binding in bindings if binding[1] == name}
        self._routes.clear()
        return len(queue.messages) if queue else 0

    def publish(self, exchange: str, routing_key: str, message: Message) -> bool:
        """Put the message into every queue it is routed to; give whether there was one."""
        route = self._routes.get((exchange, routing_key))
        if route is None:
            route = self._routes[exchange, routing_key] = self._find(exchange, routing_key)
        message.delivery_info = {"exchange": exchange, "routing_key": routing_key, "redelivered": False}
        for queue in route[1:]:
            queue.put(message.copy())
        if route:
            route[0].put(message)
        return bool(route)

    def cancel(self, queue: Queue, consumer: Consumer) -> None:
        """Take a consumer away; the last one takes an auto-delete queue with it."""
        queue.consumers.remove(consumer)
        if queue.auto_delete and not queue.consumers:
            self.delete(queue.name)

    def _find(self, exchange: str, routing_key: str) -> list[Queue]:
        if exchange == "":
            names = {routing_key}
        else:
            matches = _MATCHES[self.exchanges.get(exchange, "direct")]
            names = {queue for key, queue in self._bindings.get(exchange, ()) if matches(key, routing_key)}
        return [self.queues[name] for name in sorted(names) if name in self.queues]


def _topic(pattern: str, key: str) -> bool:
    return _words_match(pattern.split("."), key.split("."))


def _words_match(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_words_match(pattern[1:], words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and pattern[0] in {"*", words[0]} and _words_match(pattern[1:], words[1:])


_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "direct": lambda pattern, key: pattern == key,
    "fanout": lambda _pattern, _key: True,
    "topic": _topic,
}
