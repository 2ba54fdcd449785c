"""Workers: whatever ends one is reported, logged once if nobody expected it, and never ends the service."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import eventlet
import pytest
from nameko.extensions import DependencyProvider

from ordering_platform.runtime import context
from ordering_platform.runtime.container import Container
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE
from tests.support.http import call
from tests.support.services import serving, settings
from tests.support.shop import Shop
from tests.support.waiting import until

if TYPE_CHECKING:
    from ordering_platform.runtime.request import Request


class Failing(DependencyProvider):
    """Fails in one of its hooks."""

    def __init__(self, hook: str) -> None:
        self.hook = hook

    def get_dependency(self, _worker_ctx: Any) -> None:
        self._fail("get_dependency")

    def worker_setup(self, _worker_ctx: Any) -> None:
        self._fail("worker_setup")

    def worker_result(self, _worker_ctx: Any, _result: Any = None, _exc_info: Any = None) -> None:
        self._fail("worker_result")

    def worker_teardown(self, _worker_ctx: Any) -> None:
        self._fail("worker_teardown")

    def _fail(self, hook: str) -> None:
        if hook == self.hook:
            raise ZeroDivisionError(hook)


def failing_in(hook: str) -> type:
    class Fragile:
        name = "fragile"
        dependency = Failing(hook)

        @http("GET", "/", who=ANYONE)
        def door(self, _request: Request) -> dict[str, Any]:
            return {"fine": True}

    return Fragile


@pytest.mark.parametrize(("hook", "status"), [("get_dependency", 500), ("worker_setup", 500)])
def test_a_dependency_that_fails_before_the_work_fails_the_request_only(hook: str, status: int) -> None:
    with serving(failing_in(hook)) as service:
        assert [call(service.port, "GET", "/").status for _ in range(2)] == [status, status]


@pytest.mark.parametrize("hook", ["worker_result", "worker_teardown"])
def test_a_dependency_that_fails_after_the_work_fails_nothing(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    with serving(failing_in(hook)) as service:
        assert [call(service.port, "GET", "/").status for _ in range(2)] == [200, 200]
    assert "tidying up after door failed" in caplog.text


@pytest.mark.parametrize(("path", "errors"), [("/sold-out", 0), ("/timeout", 0), ("/broken", 1), ("/exit", 1)])
def test_only_what_nobody_expected_is_an_error_in_the_log(
    path: str, errors: int, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(Shop.fresh()) as shop:
        call(shop.port, "GET", path)
        assert shop.container.free_workers == shop.container.settings.max_workers
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == errors


def test_the_number_of_workers_is_a_setting() -> None:
    assert Container(Shop, {"settings": settings(max_workers=3)}).free_workers == 3


def test_the_context_of_a_worker_is_its_own() -> None:
    seen: list[str] = []

    def note(carried: dict[str, str]) -> None:
        seen.append(context.request_id.get())
        context.adopt(carried)
        eventlet.sleep(0)
        seen.append(context.request_id.get())

    for thread in [eventlet.spawn(note, {"request_id": name}) for name in ("first", "second")]:
        thread.wait()
    assert seen == ["", "", "first", "second"]


def test_what_is_carried_to_a_peer_is_adopted_there() -> None:
    def carry() -> dict[str, str]:
        context.adopt({"request_id": "abc", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
        return context.headers()

    carried = eventlet.spawn(carry).wait()
    assert carried == {"request_id": "abc", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}


def test_a_service_that_is_killed_still_tells_who_waits() -> None:
    service = Shop.fresh()
    with serving(service) as shop:
        asked = eventlet.spawn(call, shop.port, "GET", "/held")
        until(lambda: service.entered == 1)
        shop.container.kill()
        assert asked.wait().code == "service_unavailable"
