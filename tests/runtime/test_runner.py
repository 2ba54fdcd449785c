"""Several services in one process: their ports, the order of their end, and what happens when one cannot start."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import eventlet
import pytest

from ordering_platform.runtime import internal
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE
from ordering_platform.runtime.port import PortTaken
from ordering_platform.runtime.runner import Runner, Served
from ordering_platform.runtime.web import local_apps
from tests.support.http import Wire, call, free_port
from tests.support.services import serving, settings
from tests.support.shop import Shop
from tests.support.waiting import until

if TYPE_CHECKING:
    from ordering_platform.runtime.request import Request


class Front:
    """Asks the shop before it answers, as a gateway does."""

    name = "front"
    shop_port = 0
    asking = 0

    @http("GET", "/through", who=ANYONE)
    def through(self, _request: Request) -> dict[str, Any]:
        type(self).asking += 1
        return {"shop": call(self.shop_port, "GET", "/held").json}


def test_services_of_one_process_have_ports_of_their_own() -> None:
    shop, front = settings(), settings()
    runner = Runner([Served(Shop.fresh(), shop, tier=1), Served(Front, front)])
    runner.start()
    try:
        assert call(shop.http_port, "GET", "/health/live").json["service"] == "shop"
        assert call(front.http_port, "GET", "/health/live").json["service"] == "front"
        assert call(front.http_port, "GET", "/cakes").status == 404
    finally:
        assert runner.stop()


def test_the_front_finishes_before_the_services_behind_it_stop() -> None:
    service = Shop.fresh()
    behind = settings(drain_delay=60.0)
    front = type("Front", (Front,), {"shop_port": behind.http_port})
    runner = Runner([Served(service, behind, tier=1), Served(front, settings())])
    runner.start()
    asked = eventlet.spawn(call, runner._served[1].settings.http_port, "GET", "/through")
    until(lambda: service.entered == 1)
    stopping = eventlet.spawn(runner.stop)
    until(lambda: not _listens(runner._served[1].settings.http_port))
    assert _listens(behind.http_port)
    service.gate.send(None)
    assert asked.wait().json == {"shop": {"held": True}}
    assert stopping.wait()
    assert not _listens(behind.http_port)


def test_services_of_one_process_are_found_by_name_without_a_socket() -> None:
    with serving(Shop.fresh()) as shop:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/cakes/1",
            "QUERY_STRING": "",
            "REMOTE_ADDR": "192.0.2.1",
            "HTTP_X_REQUEST_ID": "abc",
        }
        reply = local_apps["shop"].handle(environ, b"")
        assert (reply.status, reply.body) == (200, b'{"id":"1","path":"/cakes/1","route":"/cakes/<cake_id>"}')
        assert ("X-Request-Id", "abc") in reply.headers
        assert shop.app is local_apps["shop"]
    assert "shop" not in local_apps


def test_a_taken_port_is_refused_before_anything_starts() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        free = settings()
        runner = Runner([Served(Shop.fresh(), free), Served(Front, settings(http_port=other.getsockname()[1]))])
        with pytest.raises(PortTaken, match="is taken by another process"):
            runner.start()
        assert not _listens(free.http_port)


def test_a_port_taken_by_one_of_ours_is_refused() -> None:
    with serving(Shop.fresh()) as shop, pytest.raises(PortTaken):
        Runner([Served(Front, settings(http_port=shop.port))]).start()


def test_processes_of_one_service_may_share_a_port() -> None:
    with serving(Shop.fresh(), reuse_port=True) as shop:
        second = Runner([Served(Shop.fresh(), settings(http_port=shop.port, reuse_port=True))])
        second.start()
        try:
            assert {call(shop.port, "GET", "/cakes").status for _ in range(20)} == {200}
        finally:
            second.stop()


def test_a_shared_port_is_not_shared_with_another_service() -> None:
    with serving(Shop.fresh(), reuse_port=True) as shop:
        other = Runner([Served(Front, settings(http_port=shop.port, reuse_port=True))])
        with pytest.raises(PortTaken, match="shared by the service shop"):
            other.start()


def test_a_stop_past_the_grace_period_is_forced_and_says_so() -> None:
    service = Shop.fresh()
    chosen = settings()
    runner = Runner([Served(service, chosen)])
    runner.start()
    with Wire(chosen.http_port) as wire:
        wire.send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: service.entered == 1)
        assert not runner.stop(0.2)
        assert wire.response().code == "service_unavailable"
        assert wire.ended()


def test_a_service_that_dies_is_told_to_who_waits() -> None:
    runner = Runner([Served(Shop.fresh(), settings())])
    runner.start()
    (container,) = runner.containers.values()
    waiting = eventlet.spawn(_fault_of, runner)
    container.spawn_managed_thread(lambda: 1 / 0)
    assert isinstance(waiting.wait(), ZeroDivisionError)


def _fault_of(runner: Runner) -> BaseException | None:
    try:
        runner.wait()
    except ZeroDivisionError as fault:
        return fault
    return None


def test_metrics_are_on_a_port_of_their_own_once_for_a_process() -> None:
    inside = free_port()
    with serving(Shop.fresh(), internal_port=inside) as shop:
        call(shop.port, "GET", "/cakes/17")
        call(shop.port, "GET", "/nothing/17")
        text = call(inside, "GET", "/metrics").body.decode()
        assert 'http_requests_total{method="GET",route="/cakes/<cake_id>",service="shop",status="200"}' in text
        assert 'http_requests_total{method="GET",route="none",service="shop",status="404"}' in text
        assert 'http_request_seconds_bucket{le="0.25",route="/cakes/<cake_id>",service="shop"}' in text
        assert 'service_gauge{name="connections",service="shop"}' in text
        assert "/17" not in text
        assert call(inside, "GET", "/cakes").status == 404
        assert call(inside, "POST", "/metrics").headers["allow"] == "GET, HEAD"
        assert call(shop.port, "GET", "/metrics").status == 404
    after = call(inside, "GET", "/metrics").body.decode()
    assert 'service="shop",status="200"' in after
    assert not any(line.startswith("service_gauge{") and '"shop"' in line for line in after.splitlines())
    with serving(Shop.fresh(), internal_port=inside):
        assert 'service_gauge{name="free_workers",service="shop"}' in call(inside, "GET", "/metrics").body.decode()
    internal.close_all()


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
