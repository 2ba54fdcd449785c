"""What promotions are tried on: orders of the past that were paid, page by page, in the calendar of the venue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import past
from ordering_platform.order.errors import VenueNotFound
from ordering_platform.order.models import orders
from ordering_platform.runtime.errors import InvalidParameter
from tests.order import rooms
from tests.order.test_scale import scanned
from tests.support.statements import watched

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions

DAY = "2026-11-20"


@pytest.fixture
def anna(db: Transactions, room: rooms.Room) -> Any:
    rooms.ruled(db, room, max_unpaid_orders=1000)
    return rooms.guest(db, room)


def paid_at(db: Transactions, room: rooms.Room, anna: Any, moment: datetime, **values: Any) -> str:
    """Send an order, and write into its row when that was and that it was paid."""
    order_id = str(rooms.sent(db, anna, rooms.soup(room, 2), rooms.coffee(room))["id"])
    changes = {"placed_at": moment, "payment_status": "paid", **values}
    with db.transaction() as tx:
        tx.execute(sa.update(orders).where(orders.c.id == order_id).values(**changes))
    return order_id


def seen(db: Transactions, room: rooms.Room, first: str = DAY, last: str = DAY, **more: Any) -> dict[str, Any]:
    asked = {"venue_id": room.venue, "first_day": first, "last_day": last, "after": None, "limit": 100, **more}
    with db.read() as tx:
        return past.paid(tx, **asked)


def noon(minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, 12, minute, tzinfo=UTC)


def test_a_paid_order_comes_with_its_lines_as_a_bill_has_them(db: Transactions, room: rooms.Room, anna: Any) -> None:
    order = rooms.sent(db, anna, rooms.soup(room, 2), rooms.coffee(room))
    held = rooms.held(db, "bil_1", anna, order["id"])
    rooms.paid(db, "bil_1")
    told = seen(db, room, "2020-01-01", "2099-01-01")
    assert (told["time_zone"], told["next"]) == ("Europe/Berlin", None)
    (one,) = told["orders"]
    assert one["lines"] == held["lines"]
    assert {name: one[name] for name in ("id", "table_id", "guest_id", "currency", "currency_digits")} == {
        "id": order["id"],
        "table_id": room.table,
        "guest_id": anna.id,
        "currency": "EUR",
        "currency_digits": 2,
    }


def test_days_begin_and_end_at_midnight_of_the_venue(db: Transactions, room: rooms.Room, anna: Any) -> None:
    moments = [
        datetime(2026, 11, 19, 22, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 19, 23, tzinfo=UTC),
        datetime(2026, 11, 20, 22, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 20, 23, tzinfo=UTC),
    ]
    ids = [paid_at(db, room, anna, moment) for moment in moments]
    assert [one["id"] for one in seen(db, room)["orders"]] == ids[1:3]
    assert [one["id"] for one in seen(db, room, "2026-11-19", "2026-11-21")["orders"]] == ids


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"payment_status": "partially_refunded"}, True),
        ({"payment_status": "refunded"}, False),
        ({"payment_status": "unpaid"}, False),
        ({"payment_status": "partially_paid"}, False),
        ({"rehearsal": True}, False),
    ],
)
def test_only_real_orders_somebody_paid_for_count(
    db: Transactions, room: rooms.Room, anna: Any, values: dict[str, Any], counts: bool
) -> None:
    paid_at(db, room, anna, noon(), **values)
    assert len(seen(db, room)["orders"]) == int(counts)


def test_pages_follow_each_other_without_gap_or_repeat_even_within_one_moment(
    db: Transactions, room: rooms.Room, anna: Any
) -> None:
    ids = {paid_at(db, room, anna, noon(place // 3)) for place in range(7)}
    found, after = [], None
    while True:
        with watched(db.engine) as statements:
            page = seen(db, room, limit=2, after=after)
        assert len(statements) == 1
        found += [(one["placed_at"], one["id"]) for one in page["orders"]]
        after = page["next"]
        if after is None:
            break
    assert found == sorted(found)
    assert {order_id for _, order_id in found} == ids
    assert len(found) == 7


def test_another_venue_is_not_seen(db: Transactions, room: rooms.Room, anna: Any) -> None:
    paid_at(db, room, anna, noon())
    with db.transaction() as tx:
        other = rooms.venue(tx)
    assert seen(db, other)["orders"] == []
    with pytest.raises(VenueNotFound):
        seen(db, room, venue_id="ven_unknown")


@pytest.mark.parametrize("after", ["nonsense", "W10", "WzEsMl0"])
def test_a_forged_cursor_is_refused(db: Transactions, room: rooms.Room, after: str) -> None:
    with pytest.raises(InvalidParameter):
        seen(db, room, after=after)


def test_a_page_does_not_read_the_whole_history(db: Transactions, room: rooms.Room, anna: Any) -> None:
    paid_at(db, room, anna, noon())
    with db.transaction() as tx:
        tx.execute(
            sa.text(
                """
                INSERT INTO orders.orders (id, venue_id, session_id, table_id, table_name, created_by, number,
                                           business_day, status, payment_status, currency, currency_digits, placed_at)
                SELECT 'ord_00' || n, :venue, :session, :table, 'T1', 'gst_old', 'A' || n, '2026-01-01', 'completed',
                       'paid', 'EUR', 2, timestamptz '2026-01-01' + n * interval '1 minute'
                FROM generate_series(1, 6000) n
                """
            ),
            {"venue": room.venue, "session": anna.session, "table": room.table},
        )
    with db.read() as tx:
        tx.execute(sa.text("ANALYZE"))
    wanted: dict[str, Any] = {"venue_id": room.venue, "first_day": DAY, "last_day": DAY, "after": None, "limit": 100}
    assert scanned(db, lambda tx: past.paid(tx, **wanted)) <= {"order_items"}
