from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import eventlet
import pytest
from eventlet import patcher

from ordering_platform.runtime.errors import Overloaded
from ordering_platform.runtime.offloop import Lane
from tests.support.waiting import until

real_threading = patcher.original("threading")


def test_it_gives_what_the_work_gives() -> None:
    lane = Lane("sums", at_once=1, waiting=0)
    assert lane.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        lane.run(divmod, 7, 0)
    assert lane.run(divmod, 9, 2) == (4, 1)


def test_the_loop_goes_on_meanwhile_and_what_cannot_start_soon_is_refused() -> None:
    lane = Lane("slow", at_once=2, waiting=1)
    gate = real_threading.Event()
    running: list[int] = []

    def slow() -> int:
        running.append(real_threading.get_ident())
        gate.wait(10)
        return threading.get_ident()

    with ThreadPoolExecutor(3) as crowd:
        ends = [crowd.submit(lane.run, slow) for _ in range(3)]
        until(lambda: len(running) == 2 and lane.inside == 3)
        with pytest.raises(Overloaded) as refused:
            lane.run(slow)
        assert refused.value.details == {"busy": "slow"}
        gate.set()
        assert len([end.result() for end in ends]) == 3
    assert len(running) == 3
    assert len(set(running[:2])) == 2


def test_who_gives_up_waiting_leaves_the_lane_free() -> None:
    lane = Lane("slow", at_once=1, waiting=1)
    gate = real_threading.Event()
    first = eventlet.spawn(lane.run, gate.wait, 10)
    until(lane._places.locked)
    with pytest.raises(eventlet.Timeout), eventlet.Timeout(0.05):
        lane.run(divmod, 7, 2)
    assert lane.inside == 1
    gate.set()
    assert first.wait() is True
    assert lane.run(divmod, 7, 2) == (3, 1)
    assert lane.inside == 0


def test_a_place_may_be_held_before_the_work_is_ready() -> None:
    lane = Lane("slow", at_once=1, waiting=0)
    with lane.admitted():
        with pytest.raises(Overloaded):
            lane.run(divmod, 7, 2)
        assert lane.compute(divmod, 7, 2) == (3, 1)
    assert lane.run(divmod, 7, 2) == (3, 1)
