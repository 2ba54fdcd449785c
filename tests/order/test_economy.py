"""How many statements each step of a guest costs; none may grow with the number of lines."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.order import bills, carts, events, history, menu, moves, orders, placing, sessions, settling
from ordering_platform.order.menu import MenuBook
from ordering_platform.order.models import idempotency_keys
from ordering_platform.runtime.idempotency import once
from ordering_platform.runtime.request import Answer, Request
from tests.order import rooms
from tests.support.statements import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller


def cost(db: Transactions, step: Callable[[Connection], Any]) -> int:
    with db.transaction() as tx, watched(db.engine) as seen:
        step(tx)
    return len(seen)


def creation(caller: Caller) -> Request:
    return Request(
        method="POST",
        path="/v1/orders",
        route="/v1/orders",
        headers={},
        caller=caller,
        body={},
        query={},
        raw_body=b"",
        idempotency_key=rooms.key(),
        request_id="",
        remote_addr="",
        environ={},
    )


@pytest.mark.parametrize("lines", [1, 15])
def test_a_visit_costs_few_statements_however_much_is_ordered(db: Transactions, room: rooms.Room, lines: int) -> None:
    book = MenuBook()
    scan = partial(sessions.open_by_scan, db, table_code=room.code, guest_id="gst_1", nickname=None, visit_code=None)
    with watched(db.engine) as seen:
        scan()
    assert len(seen) == 1
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    assert cost(db, lambda tx: menu.read(tx, book, anna, None, None)) == 6
    assert cost(db, lambda tx: menu.read(tx, book, anna, None, None)) == 1
    request = creation(anna)
    made: dict[str, Any] = {}

    def create(tx: Connection) -> None:
        made.update(carts.create(tx, book, anna, {}))

    assert cost(db, lambda tx: once(tx, idempotency_keys, request, lambda: Answer(create(tx)))) == 3  # type: ignore[func-returns-value]  # the body does not matter
    order_id = made["id"]
    asked = [rooms.coffee(room)] * lines
    assert cost(db, lambda tx: carts.add(tx, book, anna, order_id, asked, match=None)) == 2
    with db.read() as tx:
        item_id = orders.view(tx, anna, order_id)["items"][0]["id"]
    change = {"quantity": 2}
    assert cost(db, lambda tx: carts.change(tx, book, anna, (order_id, item_id), change, match=None)) == 3
    assert cost(db, lambda tx: carts.add(tx, book, anna, order_id, asked, match=None)) == 2
    assert cost(db, lambda tx: carts.remove(tx, anna, order_id, item_id, match=None)) == 2
    # The third commits, so the fourth stands where COMMIT did.
    assert cost(db, lambda tx: placing.place(tx, book, anna, order_id, expected_total=None, match=None)) == 4
    assert cost(db, lambda tx: placing.place(tx, book, anna, order_id, expected_total=None, match=None)) == 2
    assert cost(db, lambda tx: orders.view(tx, anna, order_id)) == 1
    for caller in (anna, cook):
        assert cost(db, lambda tx, caller=caller: history.listed(tx, caller, {"limit": 50})) == 1  # type: ignore[misc]  # a lambda
    assert cost(db, lambda tx: events.listed(tx, anna, None, 50)) == 2
    wish: dict[str, Any] = {"venue_id": room.venue, "session_id": anna.session, "order_ids": [order_id]}
    assert cost(db, lambda tx: bills.read(tx, **wish, guest_id=anna.id)) == 2
    lock = partial(bills.lock, book=book, bill_id="bil_1", **wish, guest_id=anna.id, expected_versions=None)
    assert cost(db, lock) == 3
    with watched(db.engine) as seen:
        settling.mark_paid(db, bill_id="bil_1", payment_status="paid", payment_id="pay_1")
    assert len(seen) == 1
    assert cost(db, lambda tx: moves.move(tx, cook, order_id, "accepted", reason=None, match=None)) == 2
    assert cost(db, lambda tx: moves.move(tx, cook, order_id, "preparing", reason=None, match=None)) == 1
