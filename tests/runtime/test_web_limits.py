"""What a service does when there is too much of something: it says so, quickly, and goes on."""

from __future__ import annotations

import logging
import os
import resource
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import eventlet
import pytest

from tests.support.http import PATIENCE, ConnectionEnded, Response, Wire, call
from tests.support.services import Running, serving
from tests.support.shop import Shop
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator


def held(shop: Running, service: type[Shop], count: int) -> list[Any]:
    """Send requests that stay in the service until its gate opens; gives their greenthreads."""
    before = service.entered
    threads = [eventlet.spawn(call, shop.port, "GET", "/held") for _ in range(count)]
    until(lambda: service.entered == before + count)
    return threads


def test_a_full_queue_is_told_at_once_and_with_a_time_to_come_back() -> None:
    service = Shop.fresh()
    with serving(service, max_workers=1, max_queue=1, queue_timeout=30.0) as shop:
        first = held(shop, service, 1)
        waiting = eventlet.spawn(call, shop.port, "GET", "/cakes")
        until(lambda: shop.app.waiting == 1)
        answer = call(shop.port, "GET", "/cakes")
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "overloaded", "2")
        service.gate.send(None)
        assert first[0].wait().status == 200
        assert waiting.wait().status == 200


def test_nobody_waits_longer_for_a_worker_than_the_queue_allows() -> None:
    service = Shop.fresh()
    with serving(service, max_workers=1, queue_timeout=0.1) as shop:
        threads = held(shop, service, 1)
        assert call(shop.port, "GET", "/cakes").code == "overloaded"
        assert shop.app.waiting == 0
        service.gate.send(None)
        assert threads[0].wait().status == 200
        assert call(shop.port, "GET", "/cakes").status == 200


def test_a_request_past_its_deadline_is_answered_and_its_worker_ended() -> None:
    service = Shop.fresh()
    with serving(service) as shop:
        answer = call(shop.port, "GET", "/late")
        assert (answer.status, answer.code) == (504, "deadline_exceeded")
        assert (service.entered, service.left) == (1, 1)
        assert shop.container.free_workers == shop.container.settings.max_workers


def test_the_deadline_of_the_settings_holds_where_a_door_has_none() -> None:
    with serving(Shop.fresh(), request_timeout=0.1) as shop:
        assert call(shop.port, "GET", "/nap/5.0").code == "deadline_exceeded"


def test_health_answers_while_every_worker_is_busy() -> None:
    service = Shop.fresh()
    with serving(service, max_workers=2) as shop:
        threads = held(shop, service, 2)
        seconds = []
        for _ in range(3):
            began = time.monotonic()
            live = call(shop.port, "GET", "/health/live")
            ready = call(shop.port, "GET", "/health/ready")
            seconds.append(time.monotonic() - began)
        assert min(seconds) < 0.25
        assert (live.status, live.json) == (200, {"status": "live", "service": "shop"})
        assert (ready.status, ready.json["faults"]) == (503, {"workers": "all busy"})
        service.gate.send(None)
        assert [thread.wait().status for thread in threads] == [200, 200]
        assert call(shop.port, "GET", "/health/ready").status == 200


class TestReadiness:
    @pytest.fixture
    def shop(self) -> Iterator[Running]:
        with serving(Shop.fresh()) as running:
            yield running

    def test_a_service_is_ready_while_what_it_needs_is_there(self, shop: Running) -> None:
        shop.container.readiness.add("database", lambda: None)
        assert call(shop.port, "GET", "/health/ready").json == {"status": "ready", "faults": {}}

    @pytest.mark.parametrize("check", [lambda: False, lambda: 1 / 0], ids=["says no", "raises"])
    def test_what_is_away_is_named(self, shop: Running, check: Any) -> None:
        shop.container.readiness.add("database", check)
        shop.container.readiness.add("broker", lambda: True)
        answer = call(shop.port, "GET", "/health/ready")
        assert (answer.status, answer.json) == (503, {"status": "not ready", "faults": {"database": "away"}})

    def test_a_check_that_hangs_is_bounded(self, shop: Running) -> None:
        shop.container.readiness.add("database", lambda: eventlet.sleep(60))
        began = time.monotonic()
        assert call(shop.port, "GET", "/health/ready").status == 503
        assert time.monotonic() - began < 3

    def test_the_checks_run_once_for_many_who_ask(self, shop: Running) -> None:
        runs: list[int] = []
        shop.container.readiness.add("database", lambda: runs.append(1))
        asked = [eventlet.spawn(call, shop.port, "GET", "/health/ready") for _ in range(20)]
        assert {one.wait().status for one in asked} == {200}
        assert len(runs) == 1


def test_a_connection_too_many_is_told_so_while_all_others_are_at_work() -> None:
    service = Shop.fresh()
    with serving(service, max_connections=2) as shop:
        threads = held(shop, service, 2)
        with Wire(shop.port) as wire:
            assert wire.response().code == "overloaded"
            assert wire.ended()
        service.gate.send(None)
        assert [thread.wait().status for thread in threads] == [200, 200]


def test_an_idle_connection_makes_room_for_a_new_one() -> None:
    with serving(Shop.fresh(), max_connections=2) as shop, Wire(shop.port) as first, Wire(shop.port) as second:
        assert first.request("GET", "/cakes").status == 200
        assert second.request("GET", "/cakes").status == 200
        assert call(shop.port, "GET", "/cakes").status == 200
        with pytest.raises(ConnectionEnded):
            first.response()


def test_a_client_that_left_before_its_answer_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    service = Shop.fresh()
    with serving(service) as shop:
        wire = Wire(shop.port)
        wire.send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: service.entered == 1)
        wire.reset()
        service.gate.send(None)
        until(lambda: len(shop.server) == 0)
        assert call(shop.port, "GET", "/cakes").status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_client_that_never_reads_is_let_go() -> None:
    with serving(Shop.fresh(), body_timeout=0.2) as shop, Wire(shop.port) as wire:
        wire.send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: len(shop.server) == 1)
        until(lambda: len(shop.server) == 0, timeout=PATIENCE)


@contextmanager
def no_file_descriptor_left() -> Iterator[None]:
    """Let nobody in this process open another file or socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class TestFileDescriptors:
    def test_a_shortage_is_waited_out(self, caplog: pytest.LogCaptureFixture) -> None:
        service = Shop.fresh()
        with serving(service) as shop:
            threads = held(shop, service, 1)
            late = socket.socket()
            with no_file_descriptor_left():
                late.connect(("127.0.0.1", shop.port))
                until(lambda: "no connection can be accepted" in caplog.text)
            late.sendall(b"GET /cakes HTTP/1.1\r\nHost: x\r\n\r\n")
            assert late.recv(4096).startswith(b"HTTP/1.1 200 ")
            late.close()
            service.gate.send(None)
            assert threads[0].wait().status == 200

    def test_idle_connections_are_given_up_for_new_ones(self, caplog: pytest.LogCaptureFixture) -> None:
        with serving(Shop.fresh()) as shop, Wire(shop.port) as idle:
            assert idle.request("GET", "/cakes").status == 200
            late = socket.socket()
            with no_file_descriptor_left():
                late.connect(("127.0.0.1", shop.port))
                late.sendall(b"GET /cakes HTTP/1.1\r\nHost: x\r\n\r\n")
                assert late.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert "no connection can be accepted" in caplog.text
            late.close()


def test_every_file_descriptor_of_a_client_that_left_is_closed_at_once() -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  as above

    with serving(Shop.fresh()) as shop:
        before = descriptors()
        wires = [Wire(shop.port) for _ in range(50)]
        assert {wire.request("GET", "/cakes").status for wire in wires} == {200}
        for wire in wires:
            wire.close()
        until(lambda: descriptors() <= before)


def test_requests_at_the_same_time_keep_their_own_ids() -> None:
    def ask(shop: Running, number: int) -> tuple[str, Response]:
        name = f"request-{number}"
        return name, call(shop.port, "GET", f"/nap/{0.01 * (number % 5):.2f}", headers={"X-Request-Id": name})

    with serving(Shop.fresh()) as shop:
        for thread in [eventlet.spawn(ask, shop, number) for number in range(50)]:
            name, answer = thread.wait()
            assert (answer.json, answer.headers["x-request-id"]) == ({"request_id": name}, name)


def test_a_client_that_never_finishes_its_request_does_not_keep_a_stopping_service() -> None:
    with serving(Shop.fresh(), grace_period=4.0) as shop, Wire(shop.port) as wire:
        wire.send(b"GET /cakes HTTP/1.1\r\nHost: x\r\n")
        until(lambda: len(shop.server) == 1)
        shop.container.stop()
        assert not shop.container.forced
        assert wire.response().code == "malformed_request"


def test_connections_need_not_be_kept() -> None:
    with serving(Shop.fresh(), keepalive_timeout=0.0) as shop, Wire(shop.port) as wire:
        assert wire.request("GET", "/cakes").status == 200
        assert wire.ended()


def test_somebody_who_connects_and_says_nothing_is_let_go() -> None:
    with serving(Shop.fresh(), header_timeout=0.1) as shop, Wire(shop.port) as wire:
        assert wire.ended()


def test_more_than_it_can_do_is_refused_quickly_and_the_rest_is_done() -> None:
    with serving(Shop.fresh(), max_workers=2, max_queue=4, queue_timeout=0.3) as shop:
        began = time.monotonic()
        asked = [eventlet.spawn(call, shop.port, "GET", "/nap/0.05") for _ in range(60)]
        answers = [one.wait() for one in asked]
        assert {answer.status for answer in answers} == {200, 503}
        assert sum(answer.status == 200 for answer in answers) >= 6
        assert time.monotonic() - began < 1.5
        assert shop.container.free_workers == 2
        assert call(shop.port, "GET", "/health/ready").status == 200
