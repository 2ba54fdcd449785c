"""The broker inside the process does what AMQP says, as far as anybody here relies on it."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import eventlet
import pytest
from kombu.connection import Connection
from kombu.exceptions import ChannelError
from nameko.containers import ServiceContainer
from nameko.events import EventDispatcher, event_handler
from nameko.rpc import RpcProxy, rpc
from nameko.standalone.rpc import ClusterRpcProxy

from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from ordering_platform.embedded.queues import _topic
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_names = itertools.count(1)


@pytest.fixture
def url() -> str:
    return f"inproc://broker-{next(_names)}"


@pytest.fixture
def connect(url: str) -> Iterator[Callable[[], Any]]:
    opened = []

    def connect() -> Any:
        connection = Connection(url).transport.establish_connection()  # type: ignore[no-untyped-call]
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def channel(connect: Callable[[], Any]) -> Any:
    return connect().channel()


def publish(channel: Any, body: str, routing_key: str, exchange: str = "", **properties: Any) -> None:
    message = channel.prepare_message(body, content_type="text/plain", properties=properties)
    channel.basic_publish(message, exchange=exchange, routing_key=routing_key, mandatory=True)


def consume(channel: Any, queue: str, prefetch: int = 0, **options: Any) -> list[Any]:
    """Consume a queue in the background; gives the list that fills."""
    seen: list[Any] = []
    channel.basic_qos(prefetch_count=prefetch)
    channel.basic_consume(queue, callback=seen.append, **options)
    if channel.connection not in _reading:
        _reading.append(channel.connection)
        eventlet.spawn(read, channel.connection)
    return seen


_reading: list[Any] = []


def read(connection: Any) -> None:
    while connection.connected:
        connection.drain_events()


def bodies(messages: list[Any]) -> list[str]:
    return [message.body.decode() for message in messages]


def test_a_queue_gives_messages_in_order(channel: Any) -> None:
    channel.queue_declare("q")
    for body in "abc":
        publish(channel, body, "q")
    seen = consume(channel, "q")
    until(lambda: bodies(seen) == ["a", "b", "c"])


def test_consumers_take_turns_and_no_more_than_they_may(connect: Callable[[], Any]) -> None:
    one, other = connect().channel(), connect().channel()
    one.queue_declare("q")
    first, second = consume(one, "q", prefetch=1), consume(other, "q", prefetch=2)
    for body in "abcde":
        publish(one, body, "q")
    until(lambda: len(first) == 1 and len(second) == 2)

    one.basic_ack(first[0].delivery_tag)

    until(lambda: len(first) == 2)
    assert sorted(bodies(first + second)) == ["a", "b", "c", "d"]


def test_a_rejected_message_comes_again_and_says_so(channel: Any) -> None:
    channel.queue_declare("q")
    seen = consume(channel, "q")
    publish(channel, "a", "q")
    until(lambda: seen)
    assert seen[0].delivery_info["redelivered"] is False

    channel.basic_reject(seen[0].delivery_tag, requeue=True)

    until(lambda: len(seen) == 2)
    assert seen[1].delivery_info["redelivered"] is True


def test_what_a_lost_connection_had_not_acked_goes_to_another(connect: Callable[[], Any]) -> None:
    dying, other = connect(), connect().channel()
    other.queue_declare("q")
    lost = consume(dying.channel(), "q")
    publish(other, "a", "q")
    until(lambda: lost)
    seen = consume(other, "q")

    dying.close()

    until(lambda: bodies(seen) == ["a"])
    assert seen[0].delivery_info["redelivered"] is True


def test_a_message_that_lived_too_long_is_not_delivered(channel: Any) -> None:
    channel.queue_declare("q")
    publish(channel, "old", "q", expiration="1")
    publish(channel, "fresh", "q", expiration="60000")
    published = time.monotonic()
    until(lambda: time.monotonic() - published > 0.01)
    seen = consume(channel, "q")
    until(lambda: bodies(seen) == ["fresh"])


def test_an_auto_delete_queue_goes_with_its_last_consumer(channel: Any) -> None:
    channel.queue_declare("q", auto_delete=True)
    channel.basic_consume("q", callback=lambda _message: None, consumer_tag="t")
    channel.basic_cancel("t")
    with pytest.raises(ChannelError, match="NO_ROUTE"):
        publish(channel, "a", "q")


def test_an_exclusive_queue_is_for_one_connection_and_goes_with_it(connect: Callable[[], Any]) -> None:
    owner, other = connect(), connect().channel()
    owner.channel().queue_declare("q", exclusive=True)
    with pytest.raises(ChannelError, match="RESOURCE_LOCKED"):
        other.queue_declare("q")
    owner.close()
    with pytest.raises(ChannelError, match="NOT_FOUND"):
        other.queue_declare("q", passive=True)


def test_each_bound_queue_gets_a_message_of_its_own(channel: Any) -> None:
    channel.exchange_declare("events", "fanout")
    for queue in ("q1", "q2"):
        channel.queue_declare(queue)
        channel.queue_bind(queue, "events")
    first, second = consume(channel, "q1"), consume(channel, "q2")
    publish(channel, "a", "ignored", exchange="events")
    until(lambda: bodies(first) == bodies(second) == ["a"])
    assert first[0].delivery_tag != second[0].delivery_tag


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("order.*", "order.lock", True),
        ("order.*", "order", False),
        ("order.*", "order.lock.now", False),
        ("order.#", "order", True),
        ("order.#", "order.lock.now", True),
        ("#.now", "order.lock.now", True),
        ("*.lock.#", "order.lock", True),
        ("order.lock", "order.lock", True),
        ("order.lock", "order.unlock", False),
        ("#", "", True),
    ],
)
def test_topic_keys_match_by_words(pattern: str, key: str, matches: bool) -> None:
    assert _topic(pattern, key) is matches


def test_an_unbound_key_is_routed_no_longer(channel: Any) -> None:
    channel.exchange_declare("things", "topic")
    channel.queue_declare("q")
    channel.queue_bind("q", "things", "a.*")
    publish(channel, "a", "a.b", exchange="things")
    channel.queue_unbind("q", "things", "a.*")
    with pytest.raises(ChannelError, match="NO_ROUTE"):
        publish(channel, "a", "a.b", exchange="things")


def test_a_thousand_messages_answered_on_the_spot_need_no_deep_stack(channel: Any) -> None:
    channel.queue_declare("q")
    for _ in range(2000):
        publish(channel, "x", "q")
    seen = []

    def ack(message: Any) -> None:
        seen.append(message)
        message.channel.basic_ack(message.delivery_tag)

    channel.listen("q", "tag", ack, prefetch=1)
    assert len(seen) == 2000


class Bell:
    name = "bell"
    dispatch = EventDispatcher()
    door = RpcProxy("door")

    @rpc
    def ring(self) -> str:
        self.dispatch("rung", {"loud": True})
        return str(self.door.knock())


class Door:
    name = "door"
    heard: list[Any] = []  # noqa: RUF012  what the handler saw, across instances

    @rpc
    def knock(self) -> str:
        return "come in"

    @event_handler("bell", "rung")
    def on_ring(self, payload: Any) -> None:
        Door.heard.append(payload)


def test_stock_nameko_runs_on_it_with_calls_and_events(url: str) -> None:
    containers = [ServiceContainer(service, {"AMQP_URI": url}) for service in (Door, Bell)]
    for container in containers:
        container.start()
    with ClusterRpcProxy({"AMQP_URI": url}, timeout=3) as proxy:
        assert proxy.bell.ring() == "come in"
    until(lambda: Door.heard == [{"loud": True}])
    for container in containers:
        container.kill()
