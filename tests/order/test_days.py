"""A business day as the floor saw it: sent, voided with its reason, unpaid."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import days, moves
from ordering_platform.order.errors import VenueNotFound
from ordering_platform.order.models import orders
from tests.order import rooms
from tests.order.test_scale import scanned

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions


@pytest.fixture
def anna(db: Transactions, room: rooms.Room) -> Any:
    rooms.ruled(db, room, max_unpaid_orders=1000)
    return rooms.guest(db, room)


def summary(db: Transactions, room: rooms.Room, day: str | None = None) -> dict[str, Any]:
    with db.read() as tx:
        return days.summary(tx, venue_id=room.venue, day=day)


def sums(told: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["kind"]: (one["orders"], one["total_minor"]) for one in told["sums"]}


def test_an_empty_day_still_names_the_venues_terms(db: Transactions, room: rooms.Room) -> None:
    told = summary(db, room, "1999-12-31")
    assert (told["day"], told["sums"], told["named"]) == ("1999-12-31", [], [])
    assert (told["time_zone"], told["currency"], told["currency_digits"]) == ("Europe/Berlin", "EUR", 2)


def test_what_was_sent_is_paid_unpaid_or_voided_with_its_reason(db: Transactions, room: rooms.Room, anna: Any) -> None:
    kept, gone, paid = (rooms.sent(db, anna, rooms.soup(room)) for _ in range(3))
    rooms.held(db, "bil_1", anna, paid["id"])
    rooms.paid(db, "bil_1")
    staff = rooms.staff(room)
    for to in ("accepted", "preparing", "cancelled"):
        with db.transaction() as tx:
            moves.move(tx, staff, gone["id"], to, reason="burnt", match=None)
    told = summary(db, room)
    price = kept["total"]["amount"]
    assert sums(told) == {"paid": (1, price), "unpaid": (1, price), "voided": (1, price)}
    named = {one["kind"]: (one["number"], one["status"], one["reason"], one["total_minor"]) for one in told["named"]}
    assert named == {
        "unpaid": (kept["number"], "placed", None, price),
        "voided": (gone["number"], "cancelled", "burnt", price),
    }


def test_carts_rehearsals_and_other_days_are_left_out(db: Transactions, room: rooms.Room, anna: Any) -> None:
    rooms.cart(db, anna, rooms.soup(room))
    rehearsed, old = (rooms.sent(db, anna, rooms.soup(room)) for _ in range(2))
    with db.transaction() as tx:
        tx.execute(sa.update(orders).where(orders.c.id == rehearsed["id"]).values(rehearsal=True))
        tx.execute(sa.update(orders).where(orders.c.id == old["id"]).values(business_day=date(2026, 1, 1)))
    assert summary(db, room)["sums"] == []
    assert sums(summary(db, room, "2026-01-01")) == {"unpaid": (1, old["total"]["amount"])}


def test_sums_count_all_orders_and_only_some_are_named(
    db: Transactions, room: rooms.Room, anna: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days, "MOST", 2)
    for _ in range(3):
        rooms.sent(db, anna, rooms.soup(room))
    told = summary(db, room)
    assert (sums(told)["unpaid"][0], len(told["named"])) == (3, 2)


def test_a_venue_nobody_knows_has_no_days(db: Transactions) -> None:
    with pytest.raises(VenueNotFound), db.read() as tx:
        days.summary(tx, venue_id="ven_none", day=None)


def test_it_is_found_by_an_index(db: Transactions, room: rooms.Room) -> None:
    assert scanned(db, lambda tx: days.summary(tx, venue_id=room.venue, day="2026-01-01")) <= {"order_events"}
