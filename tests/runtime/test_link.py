"""What becomes of calls when the broker dies, falls silent, or was never there."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import amqp
import eventlet
import pytest

from ordering_platform.runtime.container import Container
from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.errors import DeadlineExceeded, DomainError, ServiceUnavailable
from ordering_platform.runtime.link import ConnectionLost, join, leave
from ordering_platform.runtime.peers import Calls
from tests.support import rabbitmq
from tests.support.bus import calling, linked, serving, settings
from tests.support.http import free_port
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.broker


class Kitchen:
    name = "kitchen"
    gate = eventlet.Event()
    started: list[str] = []  # noqa: RUF012  what the doors saw, across instances

    @rpc(callers=())
    def ping(self) -> str:
        return "pong"

    @rpc(callers=())
    def cook(self, *, dish: str) -> str:
        Kitchen.started.append(dish)
        Kitchen.gate.wait()
        return dish


@pytest.fixture
def node() -> Iterator[rabbitmq.RabbitNode]:
    node = rabbitmq.shared_node()
    yield node
    node.restore()


@pytest.fixture(autouse=True)
def _cold_kitchen() -> None:
    Kitchen.gate = eventlet.Event()
    Kitchen.started = []


def elsewhere(url: str) -> str:
    """Give the same broker under another name, so that a caller has a link of its own."""
    return url.replace("127.0.0.1", "localhost")


def outcome(call: Any) -> tuple[float, Any]:
    before = time.monotonic()
    try:
        result: Any = call()
    except DomainError as error:
        result = error
    return time.monotonic() - before, result


def answers(calls: Calls) -> bool:
    return bool(outcome(calls.with_timeout(1.0).ping)[1] == "pong")


def test_a_killed_broker_fails_calls_at_once_and_everything_heals_when_it_is_back(node: rabbitmq.RabbitNode) -> None:
    with (
        serving(Kitchen, node.url) as kitchen,
        calling(elsewhere(node.url), "kitchen", timeout=20.0, retry_for=0.5) as calls,
    ):
        in_flight = eventlet.spawn(outcome, lambda: calls.cook(dish="soup"))
        until(lambda: Kitchen.started)
        node.kill()

        assert isinstance(in_flight.wait()[1], ConnectionLost)
        Kitchen.gate.send()
        took, first = outcome(calls.ping)
        assert isinstance(first, ServiceUnavailable)
        assert took < 2.5
        took, second = outcome(calls.ping)
        assert isinstance(second, ServiceUnavailable)
        assert took < 0.4
        assert kitchen.started

        late = Container(Kitchen, {"settings": settings(node.url, rpc_prefix="late-")})
        late.start()
        node.start()
        back = time.monotonic()
        until(lambda: answers(calls), timeout=10)
        assert time.monotonic() - back < 5
        until(lambda: answers(Calls(calls._link, "late-kitchen", 1.0)))
        late.stop()


def test_a_silent_broker_delays_nobody_beyond_the_deadline_and_is_noticed(node: rabbitmq.RabbitNode) -> None:
    with (
        serving(Kitchen, node.url),
        calling(elsewhere(node.url), "kitchen", timeout=1.0, retry_for=0.2) as calls,
    ):
        frozen = time.monotonic()
        node.freeze()
        try:
            seen = []
            while time.monotonic() - frozen < 40:
                took, result = outcome(calls.ping)
                assert took < 2.5
                seen.append((time.monotonic() - frozen, type(result)))
                eventlet.sleep(0.2)
        finally:
            node.thaw()
        noticed = next(at for at, kind in seen if kind is ServiceUnavailable)
        assert noticed < 30
        assert {kind for at, kind in seen if at < noticed} <= {DeadlineExceeded, ConnectionLost}
        assert {kind for at, kind in seen if at >= noticed} == {ServiceUnavailable}
        thawed = time.monotonic()
        until(lambda: answers(calls), timeout=10)
        assert time.monotonic() - thawed < 5


def test_signs_of_life_keep_an_idle_connection(node: rabbitmq.RabbitNode) -> None:
    with linked(node.url, heartbeat=1) as link:
        name, heard, since = link._name, link._connection.bytes_recv, time.monotonic()
        # A broker that hears nothing for two heartbeats hangs up; one that says nothing would be left.
        until(lambda: time.monotonic() - since > 3.5, interval=0.1)
        assert (link._name, link.usable) == (name, True)
        assert link._connection.bytes_recv > heard


def test_without_a_broker_a_service_starts_and_its_calls_fail_soon() -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    kitchen = Container(Kitchen, {"settings": settings(url)})
    kitchen.start()
    link = join(url, 10)
    took, result = outcome(Calls(link, "kitchen", 3.0, retry_for=0.3).ping)
    assert isinstance(result, ServiceUnavailable)
    assert took < 1
    before = time.monotonic()
    leave(link)
    kitchen.stop()
    assert time.monotonic() - before < 1


def test_a_broker_that_accepts_and_says_nothing_is_left_promptly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/"
        link = join(url, 10)
        peer, _ = silent.accept()
        assert isinstance(outcome(Calls(link, "kitchen", 0.5).ping)[1], ServiceUnavailable)
        before = time.monotonic()
        leave(link)
        assert time.monotonic() - before < 1
        peer.close()


def test_a_refused_password_is_told_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    link = join(rabbitmq.shared_node().url_of("/", "nobody"), 10)
    until(lambda: "ACCESS_REFUSED" in caplog.text)
    assert not link.usable
    leave(link)


def test_a_queue_that_somebody_deleted_is_made_again(node: rabbitmq.RabbitNode) -> None:
    with serving(Kitchen, node.url), calling(elsewhere(node.url), "kitchen", retry_for=3.0) as calls:
        with amqp.Connection(f"127.0.0.1:{node.port}") as somebody:
            somebody.channel().queue_delete("rpc-kitchen")
        assert calls.ping() == "pong"


def test_callers_and_services_of_a_process_share_one_connection(node: rabbitmq.RabbitNode) -> None:
    with serving(Kitchen, node.url), calling(node.url, "kitchen") as calls:
        assert calls._link.users == 2
        assert calls.ping() == "pong"
    assert not calls._link.usable


def test_a_broker_out_of_memory_refuses_calls_at_once(node: rabbitmq.RabbitNode) -> None:
    with serving(Kitchen, node.url), calling(elsewhere(node.url), "kitchen", timeout=5.0, retry_for=0.1) as calls:
        node.control("set_vm_memory_high_watermark", "absolute", "1")
        try:
            # The broker tells a connection when it next publishes; that one call has no answer.
            until(lambda: isinstance(outcome(calls.with_timeout(0.3).ping)[1], ServiceUnavailable))
            assert outcome(calls.ping)[0] < 0.5
        finally:
            node.control("set_vm_memory_high_watermark", "0.4")
        until(lambda: answers(calls))


def test_a_service_is_not_ready_while_its_broker_is_away(node: rabbitmq.RabbitNode) -> None:
    with serving(Kitchen, node.url) as kitchen:
        assert kitchen.readiness.faults() == {}
    away = Container(Kitchen, {"settings": settings(f"amqp://guest:guest@127.0.0.1:{free_port()}/")})
    away.start()
    assert away.readiness.faults() == {"broker": "away"}
    away.stop()


def test_calls_cross_inside_tls_and_the_certificate_is_checked(
    node: rabbitmq.RabbitNode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    untrusting = join(node.tls_url, 10)
    until(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text)
    leave(untrusting)
    monkeypatch.setenv("SSL_CERT_FILE", str(node.ca_file))
    with serving(Kitchen, node.tls_url) as kitchen, calling(node.tls_url, "kitchen") as calls:
        assert kitchen.started
        assert calls.ping() == "pong"
        Kitchen.gate.send()
        assert calls.cook(dish="x" * 1_000_000) == "x" * 1_000_000
