"""Messages nobody should send: each is acked, answered where it can be, and costs the service nothing."""

from __future__ import annotations

import json
import struct
import time
from typing import TYPE_CHECKING, Any

import amqp
import pytest
from amqp import spec

from ordering_platform.runtime.entrypoints import rpc
from tests.support import rabbitmq
from tests.support.bus import calling, serving
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.peers import Calls

pytestmark = pytest.mark.broker

JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
GOOD = json.dumps({"args": [], "kwargs": {"number": 1}}).encode()


class Target:
    name = "target"
    ran: list[Any] = []  # noqa: RUF012  what the door saw, across instances

    @rpc(callers=("stranger",))
    def count(self, *, number: int) -> int:
        Target.ran.append(number)
        return number


class Stranger:
    """A client that speaks AMQP and nothing of our conventions."""

    def __init__(self, url: str) -> None:
        host = url.rpartition("@")[2].partition("/")[0]
        self.connection = amqp.Connection(host)
        self.connection.connect()
        self.channel = self.connection.channel()
        self.replies = self.channel.queue_declare(exclusive=True).queue
        self.channel.queue_bind(self.replies, "nameko-rpc", self.replies)

    def send(self, body: bytes, routing_key: str = "target.count", **properties: Any) -> None:
        message = amqp.Message(body, **properties)
        self.channel.basic_publish(message, exchange="nameko-rpc", routing_key=routing_key, mandatory=False)

    def ask(self, body: bytes, routing_key: str = "target.count", **properties: Any) -> Any:
        """Send and wait for the answer; gives its error, or None."""
        self.send(body, routing_key, reply_to=self.replies, correlation_id="c1", **properties)
        answer = until(lambda: self.channel.basic_get(self.replies, no_ack=True))
        assert answer.properties["correlation_id"] == "c1"
        return json.loads(answer.body)["error"]

    def left_in_queue(self) -> int:
        return int(self.channel.queue_declare("rpc-target", passive=True).message_count)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    stranger = Stranger(rabbitmq.shared_node().url)
    yield stranger
    stranger.connection.close()


@pytest.fixture
def target() -> Iterator[Calls]:
    Target.ran = []
    url = rabbitmq.shared_node().url
    with serving(Target, url, max_workers=5), calling(url, "target") as calls:
        yield calls


def assert_unharmed(target: Calls, stranger: Stranger) -> None:
    # More calls than the prefetch of 5: one unacked message too many would show as a call without an answer.
    assert [target.count(number=100 + number) for number in range(6)] == list(range(100, 106))
    assert stranger.left_in_queue() == 0


UNREADABLE: dict[str, tuple[bytes, dict[str, Any]]] = {
    "broken json": (b'{"args": [', JSON),
    "two documents": (GOOD + GOOD, JSON),
    "not utf-8": (b'{"args": [], "kwargs": {"number": "\xff"}}', JSON),
    "a list": (b"[1, 2]", JSON),
    "a number": (b"1", JSON),
    "null": (b"null", JSON),
    "nothing": (b"", JSON),
    "an empty object": (b"{}", JSON),
    "args is an object": (b'{"args": {}, "kwargs": {}}', JSON),
    "kwargs is a list": (b'{"args": [], "kwargs": []}', JSON),
    "deeply nested": (b"[" * 100_000, JSON),
    "no content type": (GOOD, {}),
    "unknown content type": (GOOD, {"content_type": "application/x-unheard-of"}),
    "pickle": (b"\x80\x04N.", {"content_type": "application/x-python-serialize", "content_encoding": "binary"}),
    "another encoding": (GOOD, {"content_type": "application/json", "content_encoding": "utf-16"}),
    "too large": (b'{"args": [], "kwargs": {"number": "' + b"x" * 9_000_000 + b'"}}', JSON),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_an_unreadable_message_is_answered_with_an_error(target: Calls, stranger: Stranger, what: str) -> None:
    body, properties = UNREADABLE[what]

    error = stranger.ask(body, **properties)

    assert error["exc_type"] == "MalformedRequest"
    assert error["domain_error"]["code"] == "internal_error"
    assert not Target.ran
    assert_unharmed(target, stranger)


def test_a_method_nobody_has_is_answered(target: Calls, stranger: Stranger) -> None:
    assert stranger.ask(GOOD, "target.nothing", **JSON)["exc_type"] == "MethodNotFound"
    assert_unharmed(target, stranger)


def test_wrong_arguments_are_answered(target: Calls, stranger: Stranger) -> None:
    assert stranger.ask(b'{"args": [1], "kwargs": {}}', **JSON)["exc_type"] == "IncorrectSignature"
    assert_unharmed(target, stranger)


SILENT: dict[str, tuple[bytes, str]] = {
    "a good call": (GOOD, "target.count"),
    "an unknown method": (GOOD, "target.nothing"),
    "broken json": (b"{", "target.count"),
}


@pytest.mark.parametrize("what", SILENT)
def test_a_message_that_wants_no_answer_gets_none_and_is_acked(target: Calls, stranger: Stranger, what: str) -> None:
    body, routing_key = SILENT[what]
    for _ in range(6):
        stranger.send(body, routing_key, **JSON)
    until(lambda: stranger.left_in_queue() == 0)
    assert_unharmed(target, stranger)


@pytest.mark.parametrize(
    "headers",
    [
        {"nameko.call_id_stack": "not a list"},
        {"nameko.call_id_stack": [1, {"a": 2}]},
        {"nameko.request_id": {"a": [1, 2]}},
        {"nameko.request_id": "x" * 100_000},
        {"nameko.traceparent": 7, "nameko.": True},
        {"x-deadline": "tomorrow"},
        {"x-deadline": [1]},
        {"x-deadline": True},
    ],
    ids=str,
)
def test_a_good_call_with_odd_headers_is_carried_out(target: Calls, stranger: Stranger, headers: Any) -> None:
    assert stranger.ask(GOOD, application_headers=headers, **JSON) is None
    assert_unharmed(target, stranger)


def test_a_call_whose_deadline_has_passed_is_dropped(
    target: Calls, stranger: Stranger, caplog: pytest.LogCaptureFixture
) -> None:
    an_hour_ago = int((time.time() - 3600) * 1000)
    stranger.send(GOOD, application_headers={"x-deadline": an_hour_ago}, **JSON)
    until(lambda: "stopped waiting 3600" in caplog.text)
    assert_unharmed(target, stranger)
    assert 1 not in Target.ran


@pytest.mark.parametrize("table", [b"\x02\xff\xfeS\x00\x00\x00\x01\xff", b"\x01aT" + b"\xff" * 8])
def test_bytes_that_are_no_header_table_do_not_cost_the_connection(
    target: Calls, stranger: Stranger, table: bytes
) -> None:
    link = target._link
    before = link._name
    send_raw(stranger, table)
    until(lambda: stranger.connection.connected and stranger.left_in_queue() == 0)
    assert_unharmed(target, stranger)
    assert link._name == before


def test_a_routing_key_that_is_no_text_does_not_cost_the_connection(target: Calls, stranger: Stranger) -> None:
    before = target._link._name
    stranger.channel.send_method(
        spec.Basic.Publish, "Bssbb", (0, "nameko-rpc", b"target.\xff\xfe", False, False), amqp.Message(GOOD, **JSON)
    )
    assert_unharmed(target, stranger)
    assert target._link._name == before


def send_raw(stranger: Stranger, table: bytes) -> None:
    """Publish with a header table py-amqp would never write."""

    class Odd(amqp.Message):
        def _serialize_properties(self) -> bytes:
            return struct.pack(">H", 1 << 13) + struct.pack(">I", len(table)) + table

    stranger.channel.send_method(
        spec.Basic.Publish, "Bssbb", (0, "nameko-rpc", "target.count", False, False), Odd(GOOD)
    )
