"""Timers: steady, never two at once, and not ended by an error."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import eventlet
import pytest
from eventlet.event import Event

from ordering_platform.runtime.entrypoints import Timer, http, timer
from ordering_platform.runtime.errors import Conflict
from ordering_platform.runtime.identity import ANYONE
from tests.support.services import serving
from tests.support.waiting import until

if TYPE_CHECKING:
    from ordering_platform.runtime.request import Request


class Refused(Conflict):
    """Not now."""


class Clockwork:
    name = "clockwork"
    runs = 0
    at_once = 0
    most_at_once = 0

    @classmethod
    def fresh(cls) -> Any:
        return type("Clockwork", (cls,), {})

    @timer(0.02)
    def tick(self) -> None:
        cls = type(self)
        cls.runs += 1
        cls.at_once += 1
        cls.most_at_once = max(cls.most_at_once, cls.at_once)
        try:
            self.work()
        finally:
            cls.at_once -= 1

    def work(self) -> None:
        """Do nothing; a test gives it something to do."""

    @http("GET", "/", who=ANYONE)
    def door(self, _request: Request) -> dict[str, Any]:
        return {}


def test_a_timer_runs_again_and_again_until_the_service_stops() -> None:
    service = Clockwork.fresh()
    with serving(service) as running:
        (clock,) = [one._clock for one in running.container.entrypoints if isinstance(one, Timer)]
        until(lambda: service.runs >= 3)
    until(lambda: clock.dead)


def test_a_run_that_takes_long_is_not_joined_by_another() -> None:
    service = Clockwork.fresh()
    service.work = lambda _self: eventlet.sleep(0.05)
    with serving(service):
        until(lambda: service.runs >= 3)
    assert service.most_at_once == 1


@pytest.mark.parametrize(
    ("fault", "level"),
    [(ZeroDivisionError(), logging.ERROR), (Refused(), logging.WARNING), (eventlet.Timeout(), logging.WARNING)],
    ids=["a bug", "a refusal", "a timeout"],
)
def test_an_error_ends_a_run_and_not_the_service(
    fault: BaseException, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_self: Any) -> None:
        raise fault

    service = Clockwork.fresh()
    service.work = fail
    with serving(service):
        until(lambda: service.runs >= 3)
    assert any(record.levelno == level for record in caplog.records)


def test_a_stop_waits_for_the_run_under_way_and_begins_no_other() -> None:
    service = Clockwork.fresh()
    gate = Event()
    service.work = lambda _self: gate.wait()
    with serving(service) as running:
        until(lambda: service.at_once == 1)
        stopping = eventlet.spawn(running.container.stop)
        until(lambda: running.app.draining)
        gate.send(None)
        stopping.wait()
        assert (service.runs, service.at_once) == (1, 0)


def test_a_stop_does_not_wait_for_the_next_run() -> None:
    class Slow:
        name = "slow"

        @timer(60.0)
        def tick(self) -> None:
            """Never comes to it."""

        @http("GET", "/", who=ANYONE)
        def door(self, _request: Request) -> dict[str, Any]:
            return {}

    with serving(Slow):
        began = time.monotonic()
    assert time.monotonic() - began < 1
