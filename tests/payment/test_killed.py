"""A real process is killed at every point of a bill and of a refund; its connections break off, its lease stays."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ordering_platform.payment import models
from ordering_platform.payment.states import POINTS, REFUND_POINTS
from tests.payment import test_refund_saga as giving_back
from tests.payment.conftest import KEY, Restaurant
from tests.payment.refund_checks import ended
from tests.payment.test_faults import behind
from tests.payment.ways import ALL, WAYS, act, carry_on, passed_on, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.config import Settings

pytestmark = pytest.mark.processes

HOUSE = Path(__file__).parents[2]
# The ways of bills and of refunds that lead over a point, found by walking each of them once.
OVER: dict[str, list[str]] = {}
REFUNDS_OVER: dict[str, list[str]] = {}


@dataclass
class Drivers:
    """The process that makes drivers, each of which dies."""

    process: subprocess.Popen[str]

    def killed_at(self, point: str, way: str, restaurant: Restaurant, memory: Path, what: str = "bill") -> Restaurant:
        """Let a driver die and give the restaurant as it left it, behind a line that delivers everything twice."""
        restaurant.start_over()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([what, way, point, str(memory)]) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"{signal.SIGKILL.value}\n", f"{way} does not die at {point}"
        orders, promotions = pickle.loads(memory.read_bytes())  # noqa: S301  written by ourselves a moment ago
        left = Restaurant(replace(restaurant.till, order=orders, promotion=promotions), orders, promotions)
        return behind(left, times=2)


@pytest.fixture(scope="module")
def drivers(settings: Settings) -> Iterator[Drivers]:
    words = [sys.executable, "-W", "ignore", "-m", "tests.payment.dying_driver", settings.database_url]
    with subprocess.Popen(words, cwd=HOUSE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Drivers(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def ways_over(restaurant: Restaurant) -> dict[str, list[str]]:
    """Give the ways that lead over each point."""
    for way in () if OVER else ALL:
        for point in passed_on(restaurant, way):
            OVER.setdefault(point, []).append(way)
    return OVER


@pytest.mark.parametrize("point", sorted(POINTS))
def test_a_killed_process_costs_nobody_a_second_charge(
    restaurant: Restaurant, drivers: Drivers, ways_over: dict[str, list[str]], tmp_path: Path, point: str
) -> None:
    """Paid, charged and confirmed belong together; nothing stays held or reserved; a repeat changes nothing."""
    assert ways_over.get(point), "no way of ways.py leads over this point"
    # Two ways of many: test_saga.py lets drivers die on all of them, in the test's own process.
    for way in {ways_over[point][0], ways_over[point][-1]}:
        left = drivers.killed_at(point, way, restaurant, tmp_path / "memory")
        carry_on(left, way)
        settled(left)
        charged = [one["id"] for one in left.charged]
        act(left, way)
        carry_on(left, way)
        settled(left)
        assert [one["id"] for one in left.charged][: len(charged)] == charged


@pytest.fixture
def refunds_over(restaurant: Restaurant) -> dict[str, list[str]]:
    """Give the ways of refunds that lead over each point."""
    for way in () if REFUNDS_OVER else giving_back.WAYS:
        for point in giving_back.passed_on(restaurant, way):
            REFUNDS_OVER.setdefault(point, []).append(way)
    return REFUNDS_OVER


@pytest.mark.parametrize("point", sorted(REFUND_POINTS))
def test_a_killed_process_gives_nothing_back_twice(
    restaurant: Restaurant, drivers: Drivers, refunds_over: dict[str, list[str]], tmp_path: Path, point: str
) -> None:
    """What is back is back once, by our counters and by the sandbox's own books, and everybody knows of it."""
    assert refunds_over.get(point), "no way of test_refund_saga.py leads over this point"
    # One way of many: test_refund_saga.py lets drivers die on all of them, in the test's own process.
    way = refunds_over[point][0]
    left = drivers.killed_at(point, way, restaurant, tmp_path / "memory", "refund")
    giving_back.carry_on(left, way)
    ended(left)
    giving_back.walk(left, way)
    ended(left)
    assert len(left.rows(models.refunds)) <= 2


def test_whoever_repeats_waits_for_the_lease_of_the_dead(
    restaurant: Restaurant, drivers: Drivers, tmp_path: Path
) -> None:
    left = drivers.killed_at("after provider.create", "approved", restaurant, tmp_path / "memory")
    assert left.refused(KEY, **WAYS["approved"]).code == "idempotency_in_progress"
    left.make_due()
    assert left.check_out(KEY, **WAYS["approved"]).status == 201
    assert [one["asked"] for one in left.charged] == [2]
    assert [one["status"] for one in left.rows(models.bills)] == ["completed"]
