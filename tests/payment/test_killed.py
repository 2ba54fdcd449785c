"""A real process is killed at every point a bill passes; its connections break off, its lease stays behind."""

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
from ordering_platform.payment.states import POINTS
from tests.payment.conftest import KEY, Restaurant
from tests.payment.test_faults import behind
from tests.payment.ways import ALL, WAYS, act, carry_on, passed_on, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.config import Settings

pytestmark = pytest.mark.processes

HOUSE = Path(__file__).parents[2]
# The ways that lead over a point, found by walking each of them once.
OVER: dict[str, list[str]] = {}


@dataclass
class Drivers:
    """The process that makes drivers, each of which dies."""

    process: subprocess.Popen[str]

    def killed_at(self, point: str, way: str, restaurant: Restaurant, memory: Path) -> Restaurant:
        """Let a driver die and give the restaurant as it left it, behind a line that delivers everything twice."""
        restaurant.start_over()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([way, point, str(memory)]) + "\n")
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
    for way in ways_over[point]:
        left = drivers.killed_at(point, way, restaurant, tmp_path / "memory")
        carry_on(left, way)
        settled(left)
        charged = [one["id"] for one in left.charged]
        act(left, way)
        carry_on(left, way)
        settled(left)
        assert [one["id"] for one in left.charged][: len(charged)] == charged


def test_whoever_repeats_waits_for_the_lease_of_the_dead(
    restaurant: Restaurant, drivers: Drivers, tmp_path: Path
) -> None:
    left = drivers.killed_at("after provider.create", "approved", restaurant, tmp_path / "memory")
    assert left.refused(KEY, **WAYS["approved"]).code == "idempotency_in_progress"
    left.make_due()
    assert left.check_out(KEY, **WAYS["approved"]).status == 201
    assert [one["asked"] for one in left.charged] == [2]
    assert [one["status"] for one in left.rows(models.bills)] == ["completed"]
