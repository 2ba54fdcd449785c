"""Years of receipts cost nothing: no statement about them reads a table from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from ordering_platform.payment.receipts import issuing, showing
from ordering_platform.payment.reports import day
from tests.payment.test_reports import MANAGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.payment.conftest import Restaurant

LONG_AGO = 3000
A_DAY = 60
GROWING = {"bills", "payments", "refunds", "receipts", "receipt_series"}

# As many copies of the bill that was paid, of its payment and of its receipt, over as many days as that takes.
_PAST = """
    INSERT INTO payments.bills SELECT (jsonb_populate_record(b, jsonb_build_object('id', 'bil_00' || n, 'key', NULL))).*
    FROM payments.bills b, generate_series(1, :many) n;
    INSERT INTO payments.payments SELECT (jsonb_populate_record(p, jsonb_build_object(
        'id', 'pay_00' || n, 'bill_id', 'bil_00' || n, 'key', NULL))).*
    FROM payments.payments p, generate_series(1, :many) n;
    INSERT INTO payments.receipts SELECT (jsonb_populate_record(r, jsonb_build_object(
        'id', 'rct_00' || n, 'bill_id', 'bil_00' || n, 'number', n % :a_day + 1,
        'business_date', CAST('2020-01-01' AS date) + CAST(n / :a_day AS int)))).*
    FROM payments.receipts r, generate_series(1, :many) n;
    INSERT INTO payments.receipt_series
    SELECT venue_id, business_date, max(number) FROM payments.receipts GROUP BY 1, 2 ON CONFLICT DO NOTHING;
    ANALYZE payments.bills, payments.payments, payments.receipts, payments.receipt_series
"""


@pytest.fixture
def old_house(restaurant: Restaurant) -> Restaurant:
    """Give a restaurant with a long past."""
    restaurant.check_out()
    issuing.issue_due(restaurant.till)
    with restaurant.till.db.engine.begin() as tx:
        # Making a past takes longer than anybody may wait for an answer.
        tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
        tx.execute(sa.text(_PAST), {"many": LONG_AGO, "a_day": A_DAY})
    return restaurant


def scanned(restaurant: Restaurant, step: Callable[[], Any]) -> set[str]:
    """Give the growing tables that a step reads from end to end, by the plans of all its statements."""
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("EXPLAIN"):
            beside = connection.connection.cursor()
            beside.execute(f"EXPLAIN {statement.removeprefix('BEGIN; ')}", parameters)
            plans.extend(row[0] for row in beside.fetchall())

    engine = restaurant.till.db.engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        step()
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    read = {row.split("Seq Scan on ")[1].split()[0] for row in plans if "Seq Scan on " in row}
    return GROWING & read


def test_no_step_reads_years_of_receipts(old_house: Restaurant) -> None:
    till = old_house.till
    old_house.orders.add("ord_2")
    old_house.check_out(order_ids=["ord_2"])
    token = f"{old_house.bill['id']}-{old_house.bill['receipt_secret']}"
    old_house.give_back()
    told: list[dict[str, Any]] = []
    steps: dict[str, Callable[[], Any]] = {
        "print what is due": lambda: issuing.issue_due(till),
        "look for what is due": lambda: issuing.issue_due(till),
        "show a receipt": lambda: showing.behind(till, token),
        "report a day": lambda: told.append(day.report(till, MANAGER, "2020-01-20")),
    }
    assert {name: scanned(old_house, step) for name, step in steps.items()} == {name: set() for name in steps}
    assert told[0]["receipts"] == A_DAY
