"""A long history costs nothing: no statement of a busy evening reads a table from end to end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from ordering_platform.order import bills, calls, carts, closing, events, history, moves, orders, placing, sessions
from ordering_platform.order.menu import MenuBook
from tests.order import rooms

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions

LONG_AGO = 6000
GROWING = {"orders", "order_items", "order_events", "table_sessions", "session_guests", "bill_locks", "staff_calls"}

_PAST = """
    INSERT INTO orders.table_sessions (id, venue_id, table_id, status, opened_by)
    SELECT 'ses_' || n, :venue, :table, 'closed', 'gst_old' FROM generate_series(1, :many) n;
    INSERT INTO orders.session_guests (session_id, guest_id)
    SELECT 'ses_' || n, 'gst_old' FROM generate_series(1, :many) n;
    INSERT INTO orders.orders (id, venue_id, session_id, table_id, table_name, created_by, number, business_day, status,
                               payment_status, currency, currency_digits, placed_at, locked_by_bill)
    SELECT 'ord_00' || n, :venue, 'ses_' || n, :table, 'T1', 'gst_old', 'A' || n, '2026-01-01', 'completed',
           'paid', 'EUR', 2, now() - interval '30 days', 'bil_' || n FROM generate_series(1, :many) n;
    INSERT INTO orders.order_items (id, venue_id, order_id, position, menu_item_id, category_id, name, quantity,
                                    unit_minor, tax_ppm, station)
    SELECT 'oit_' || n, :venue, 'ord_00' || n, 0, 'itm_x', 'cat_x', 'Soup', 1, 500, 0, 'bar'
    FROM generate_series(1, :many) n;
    INSERT INTO orders.bill_locks (bill_id, status) SELECT 'bil_' || n, 'paid' FROM generate_series(1, :many) n;
    INSERT INTO orders.staff_calls (id, venue_id, session_id, table_id, table_name, kind, status)
    SELECT 'cal_00' || n, :venue, 'ses_' || n, :table, 'T1', 'bill', 'resolved' FROM generate_series(1, :many) n;
    INSERT INTO orders.order_events (venue_id, session_id, order_id, kind, actor_kind, actor_id)
    SELECT :venue, 'ses_' || n, 'ord_00' || n, 'order.placed', 'guest', 'gst_old' FROM generate_series(1, :many) n;
"""


def scanned(db: Transactions, step: Callable[[Connection], Any]) -> set[str]:
    """Give the growing tables that a step reads from end to end, by the plans of all its statements."""
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("EXPLAIN"):
            beside = connection.connection.cursor()
            beside.execute(f"EXPLAIN {statement}", parameters)
            plans.extend(row[0] for row in beside.fetchall())
        del cursor

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        with db.engine.begin() as tx:
            step(tx)
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)
    assert plans
    named = [line.split("Seq Scan on ")[1].split()[0] for line in plans if "Seq Scan on " in line]
    return GROWING & set(named)


@pytest.fixture
def old_house(db: Transactions, room: rooms.Room) -> rooms.Room:
    with db.transaction() as tx:
        for statement in _PAST.split(";")[:-1]:
            tx.execute(sa.text(statement), {"venue": room.venue, "table": room.table, "many": LONG_AGO})
    with db.read() as tx:
        tx.execute(sa.text("ANALYZE"))
    return room


def test_no_step_reads_a_whole_history(db: Transactions, old_house: rooms.Room) -> None:
    room, book = old_house, MenuBook()
    anna, waiter = rooms.guest(db, room), rooms.staff(room)
    order, cart = rooms.sent(db, anna, rooms.soup(room)), rooms.cart(db, anna, rooms.soup(room))
    page = {"limit": 50}
    wish: dict[str, Any] = {"venue_id": room.venue, "session_id": anna.session, "guest_id": anna.id}
    steps: list[Callable[[Connection], Any]] = [
        lambda tx: carts.create(tx, book, anna, {}),
        lambda tx: carts.add(tx, book, anna, cart["id"], [rooms.soup(room)], match=None),
        lambda tx: placing.place(tx, book, anna, cart["id"], expected_total=None, match=None),
        lambda tx: orders.view(tx, anna, order["id"]),
        lambda tx: history.listed(tx, anna, page),
        lambda tx: history.listed(tx, waiter, page),
        lambda tx: history.listed(tx, waiter, {**page, "status": ["placed", "ready"], "sort": "oldest"}),
        lambda tx: history.listed(tx, waiter, {**page, "payment_status": ["unpaid"]}),
        lambda tx: history.listed(tx, waiter, {**page, "session_id": anna.session}),
        lambda tx: events.listed(tx, anna, None, 50),
        lambda tx: events.listed(tx, anna, "1", 50),
        lambda tx: events.listed(tx, waiter, None, 50),
        lambda tx: events.listed(tx, waiter, "1", 50),
        lambda tx: events.of_order(tx, anna, order["id"]),
        lambda tx: sessions.listed(tx, waiter, page),
        lambda tx: calls.call(tx, anna, "bill", ""),
        lambda tx: calls.listed(tx, waiter, page),
        lambda tx: bills.read(tx, **wish, order_ids=[order["id"]]),
        lambda tx: bills.lock(tx, book, bill_id="bil_a", **wish, order_ids=[], expected_versions=None),
        lambda tx: bills.unlock(tx, bill_id="bil_a"),
        lambda tx: moves.move(tx, waiter, order["id"], "accepted", reason=None, match=None),
        lambda tx: closing.close_paid(tx, anna.session),
        lambda tx: closing.close(tx, waiter, anna.session, forced=True, reason="late"),
        closing.close_settled,
        closing.close_quiet,
    ]
    assert {place: found for place, step in enumerate(steps) if (found := scanned(db, partial(step)))} == {}


def test_a_statement_that_would_is_found_out(db: Transactions, old_house: rooms.Room) -> None:
    del old_house
    careless = sa.text("SELECT count(*) FROM orders.order_items WHERE note = 'hot'")
    assert scanned(db, lambda tx: tx.execute(careless)) == {"order_items"}
