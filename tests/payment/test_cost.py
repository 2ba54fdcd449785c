"""What a checkout costs: few statements, few commits, no call that is not needed. More of them fails here first."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from ordering_platform.payment import counter, refund_runs, saga
from tests.payment.conftest import CASHIER, Restaurant
from tests.support.statements import watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

    from ordering_platform.payment.till import Till


@contextmanager
def commits(engine: Engine) -> Iterator[list[Any]]:
    """Give a list that fills with transactions committed by ``transaction()``."""
    seen: list[Any] = []

    def note(connection: Any) -> None:
        seen.append(connection)

    event.listen(engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(engine, "commit", note)


@pytest.mark.parametrize(
    ("fields", "statements", "calls"),
    [
        pytest.param({}, 4, 3, id="by card"),
        pytest.param({"code": "TEN"}, 4, 4, id="by card with a code"),
        pytest.param({"method": "cash", "card": None}, 2, 2, id="cash, until staff confirm"),
        pytest.param({"code": "FREE"}, 3, 4, id="nothing to pay"),
    ],
)
def test_a_checkout_costs(restaurant: Restaurant, fields: dict[str, Any], statements: int, calls: int) -> None:
    """Statements of payment-service itself, each of which commits: the sandbox's books stand for a provider outside."""
    engine = restaurant.till.db.engine
    with watched(engine) as sent, commits(engine) as committed:
        restaurant.check_out(**fields)
    asked = restaurant.orders.asked + restaurant.promotions.asked
    assert (len(sent), len(committed), len(asked)) == (statements, 0, calls), sent


def test_a_confirmation_costs(restaurant: Restaurant) -> None:
    restaurant.check_out(method="cash", card=None)
    payment_id = str(restaurant.payment["id"])
    with watched(restaurant.till.db.engine) as sent:
        counter.confirm(restaurant.till, CASHIER, payment_id)
    assert len(sent) == 3, sent


@pytest.mark.parametrize("sweep", [saga.sweep, refund_runs.sweep], ids=["of bills", "of refunds"])
def test_a_quiet_sweep_costs_one_statement(restaurant: Restaurant, sweep: Callable[[Till], int]) -> None:
    for _ in range(3):
        restaurant.orders.add()
        restaurant.check_out()
    with watched(restaurant.till.db.engine) as sent:
        sweep(restaurant.till)
    assert len(sent) == 1
