"""A busy evening at one table: everybody does anything at any moment, and the books still add up."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import carts, closing, sessions, statuses
from ordering_platform.order.menu import MenuBook
from ordering_platform.order.models import order_events, order_items, orders, table_sessions
from ordering_platform.runtime.errors import DomainError
from tests.order import rooms
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller

STEPS = 40
PEOPLE = 8


class Evening:
    """What one person may do next; everything is tried on any order there is, most of it in vain."""

    def __init__(self, db: Transactions, room: rooms.Room, seed: int) -> None:
        self.db = db
        self.room = room
        self.chance = random.Random(seed)  # noqa: S311  chance that can be repeated
        self.refused: list[str] = []

    def live(self, person: int) -> None:
        guest = rooms.guest(self.db, self.room)
        for step in range(STEPS):
            if self._act(guest, f"bil_{person}_{step}") == "session_closed":
                guest = rooms.guest(self.db, self.room)

    def _act(self, guest: Caller, bill: str) -> str | None:
        waiter, anyones = rooms.staff(self.room, "manager"), self._any_order()
        acts: list[Callable[[], Any]] = [
            partial(rooms.cart, self.db, guest, rooms.soup(self.room)),
            partial(rooms.sent, self.db, guest, rooms.coffee(self.room)),
            partial(sessions.open_by_scan, self.db, table_code=self.room.code, guest_id=guest.id, **_NO_WORDS),
        ]
        if anyones is not None:
            to = self.chance.choice(statuses.TARGETS)
            bills = self._any_bill() or bill
            acts += [
                partial(self._add, self.chance.choice([guest, waiter]), anyones),
                partial(rooms.place, self.db, self.chance.choice([guest, waiter]), anyones),
                partial(rooms.moved, self.db, self.chance.choice([guest, waiter]), anyones, to),
                partial(rooms.held, self.db, bill, guest, anyones),
                partial(rooms.held, self.db, bill, guest),
                partial(rooms.released, self.db, bills),
                partial(rooms.paid, self.db, bills, f"pay_{bill}"),
            ]
        if self.chance.random() < 0.1:
            acts.append(partial(self._close, waiter, guest.session))
        try:
            self.chance.choice(acts)()
        except DomainError as refusal:
            if refusal.status >= 500:
                raise
            self.refused.append(refusal.code)
            return refusal.code
        return None

    def _any_order(self) -> str | None:
        with self.db.read() as tx:
            found = tx.execute(sa.select(orders.c.id).order_by(orders.c.id.desc()).limit(6)).scalars().all()
        return self.chance.choice(found) if found else None

    def _any_bill(self) -> str | None:
        with self.db.read() as tx:
            wanted = sa.select(orders.c.locked_by_bill).where(orders.c.payment_status == "pending")
            return tx.execute(wanted.limit(1)).scalar()

    def _add(self, caller: Caller, order_id: str) -> None:
        with self.db.transaction() as tx:
            carts.add(tx, MenuBook(), caller, order_id, [rooms.soup(self.room)], match=None)

    def _close(self, waiter: Caller, session_id: str) -> None:
        forced = self.chance.random() < 0.2
        with self.db.transaction() as tx:
            closing.close(tx, waiter, session_id, forced=forced, reason="late" if forced else None)


_NO_WORDS: dict[str, Any] = {"nickname": None, "visit_code": None}


@pytest.mark.parametrize(
    ("seed", "policy", "ends"),
    [
        (1, "open", "idle"),
        (2, "staff_accepts", "idle"),
        (3, "pay_first", "idle"),
        (4, "open", "paid"),
        (5, "pay_first", "paid"),
    ],
)
def test_whatever_a_crowd_does_the_books_add_up(
    db: Transactions, room: rooms.Room, seed: int, policy: str, ends: str
) -> None:
    rooms.ruled(db, room, max_unpaid_orders=1000, policy=policy, session_closing=ends)
    evening = Evening(db, room, seed)
    outcomes = at_once([partial(evening.live, person) for person in range(PEOPLE)])
    assert [(outcome, outcome.__cause__) for outcome in outcomes if outcome is not None] == []
    assert evening.refused
    with db.read() as tx:
        kept = tx.execute(sa.select(orders)).all()
        lines = tx.execute(sa.select(order_items)).all()
        trail = tx.execute(sa.select(order_events).order_by(order_events.c.id)).all()
        visits = {visit.id: visit for visit in tx.execute(sa.select(table_sessions))}
    assert sum(visit.status == "open" for visit in visits.values()) <= 1
    numbers = sorted(order.number for order in kept if order.number)
    assert numbers == [f"A{101 + place}" for place in range(len(numbers))]
    for order in kept:
        mine = [line for line in lines if line.order_id == order.id]
        assert order.total_minor == sum(line.unit_minor * line.quantity for line in mine)
        assert order.item_count == sum(line.quantity for line in mine)
        assert len({line.position for line in mine}) == len(mine)
        assert (order.locked_by_bill is None) == (order.payment_status == "unpaid")
        if visits[order.session_id].close_reason == "paid" and order.placed_at and order.status not in statuses.DEAD:
            assert order.payment_status == "paid"
        _check_trail(order, [event for event in trail if event.order_id == order.id])


def _check_trail(order: Any, happened: list[Any]) -> None:
    status, payment = "open", "unpaid"
    for event in happened:
        if event.kind == "order.payment_status_changed":
            assert event.from_status == payment
            payment = event.to_status
            continue
        assert event.from_status == status
        assert (status, event.to_status) in statuses.MOVES or (status, event.to_status) == ("open", "placed")
        status = event.to_status
    assert (order.status, order.payment_status) == (status, payment)
    assert (order.placed_at is not None) == any(event.to_status == "placed" for event in happened)
