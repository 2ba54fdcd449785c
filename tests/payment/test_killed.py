"""A real process is killed in the middle of a checkout; its connections break off, its lease stays behind."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ordering_platform.payment import models
from tests.payment.conftest import KEY, Restaurant

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings

HOUSE = Path(__file__).parents[2]


def killed_at(point: str, restaurant: Restaurant, settings: Settings, memory: Path) -> Restaurant:
    """Let a driver die and give the restaurant as it left it."""
    words = ["-m", "tests.payment.dying_driver", settings.database_url, point, str(memory)]
    ended = subprocess.run([sys.executable, "-W", "ignore", *words], cwd=HOUSE, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    orders, promotions = pickle.loads(memory.read_bytes())  # noqa: S301  written by ourselves a moment ago
    return Restaurant(replace(restaurant.till, order=orders, promotion=promotions), orders, promotions)


@pytest.mark.processes
@pytest.mark.parametrize(
    "point", ["after promotion.apply", "before provider.create", "after provider.create", "after order.mark_paid"]
)
def test_a_killed_process_costs_nobody_a_second_charge(
    restaurant: Restaurant, settings: Settings, tmp_path: Path, point: str
) -> None:
    left = killed_at(point, restaurant, settings, tmp_path / "memory")
    assert left.refused(KEY, code="TEN").code == "idempotency_in_progress"
    left.make_due()
    assert left.sweep() == 1
    assert left.check_out(KEY, code="TEN").status == 201
    assert [one["amount_minor"] for one in left.charged] == [900]
    assert [one["status"] for one in left.rows(models.bills)] == ["completed"]
    assert left.orders.is_paid()
    assert list(left.promotions.state.values()) == ["confirmed"]
