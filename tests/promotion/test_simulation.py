"""A dry run over real past orders, asked of the order service page by page; not a row is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import past
from ordering_platform.order.models import orders
from ordering_platform.promotion import promotions, simulation
from tests.order import rooms
from tests.promotion.samples import TEN_PERCENT, put, written
from tests.support.statements import watched

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from tests.promotion.conftest import Doors

NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)
DAYS = {"from": "2026-11-20", "to": "2026-11-20"}
TABLES = ("promotions.reservations", "promotions.uses", "promotions.usage_counters", "promotions.promotions")


class OrderService:
    """The order service without a bus in between."""

    def __init__(self, db: Transactions) -> None:
        self.db = db
        self.asked = 0

    def paid_orders(self, **asked: Any) -> dict[str, Any]:
        self.asked += 1
        with self.db.read() as tx:
            return past.paid(tx, **asked)


@pytest.fixture
def room(db: Transactions) -> rooms.Room:
    with db.transaction() as tx:
        return rooms.venue(tx, max_unpaid_orders=1000)


def evening(db: Transactions, room: rooms.Room, *soups: int) -> list[str]:
    """Sell so many soups at 6.50 in each order, a minute after the other."""
    guest = rooms.guest(db, room)
    ids = []
    for place, quantity in enumerate(soups):
        ids.append(str(rooms.sent(db, guest, rooms.soup(room, quantity))["id"]))
        at = {"placed_at": NOON + timedelta(minutes=place), "payment_status": "paid"}
        with db.transaction() as tx:
            tx.execute(sa.update(orders).where(orders.c.id == ids[-1]).values(**at))
    return ids


def simulated(db: Transactions, room: rooms.Room, **wish: Any) -> dict[str, Any]:
    return simulation.simulate(db, OrderService(db), room.venue, {**DAYS, **wish})  # type: ignore[arg-type]


def test_a_promotion_nobody_created_is_tried_on_what_was_sold(db: Transactions, room: rooms.Room) -> None:
    first, second, third = evening(db, room, 1, 4, 2)
    document = {"reward": TEN_PERCENT, "if": {"min_spend": {"EUR": 1300}}}
    assert simulated(db, room, document=document) == {
        "from": "2026-11-20",
        "to": "2026-11-20",
        "time_zone": "Europe/Berlin",
        "complete": True,
        "looked_at_until": "2026-11-20T11:02:00Z",
        "orders": 3,
        "uses": 2,
        "orders_changed": 2,
        "cost": [{"amount": 390, "currency": "EUR"}],
        "average_discount": [{"amount": 195, "currency": "EUR"}],
        "price_change": [{"amount": 390, "currency": "EUR"}],
        "refusals": [{"reason": "min_spend_not_met", "orders": 1}],
        "examples": [
            {
                "order_id": order_id,
                "placed_at": at,
                "gross": {"amount": gross, "currency": "EUR"},
                "discount": {"amount": gross // 10, "currency": "EUR"},
                "price_change": {"amount": gross // 10, "currency": "EUR"},
            }
            for order_id, at, gross in ((second, "2026-11-20T11:01:00Z", 2600), (third, "2026-11-20T11:02:00Z", 1300))
        ],
    }
    assert first


def test_a_created_promotion_is_tried_as_it_stands_now_and_not_beside_itself(
    db: Transactions, room: rooms.Room
) -> None:
    evening(db, room, 1, 1)
    offer = put(db, venue_id=room.venue)
    with db.transaction() as tx:
        promotions.change(tx, room.venue, offer, "usr_manager", {"reward": {"percent_bps": 2000}})
        promotions.move(tx, room.venue, offer, "usr_manager", "paused")
    report = simulated(db, room, promotion_id=offer)
    assert (report["uses"], report["cost"]) == (2, [{"amount": 260, "currency": "EUR"}])
    with db.transaction() as tx:
        promotions.move(tx, room.venue, offer, "usr_manager", "running")
    assert simulated(db, room, promotion_id=offer) == report


def test_a_first_order_is_the_first_of_its_guest(db: Transactions, room: rooms.Room) -> None:
    evening(db, room, 1, 1)
    evening(db, room, 1)
    report = simulated(db, room, document={"reward": TEN_PERCENT, "who": {"customer": "first_order"}})
    assert (report["uses"], report["refusals"]) == (2, [{"reason": "customer_not_eligible", "orders": 1}])


def test_what_runs_today_is_taken_off_the_change(db: Transactions, room: rooms.Room) -> None:
    evening(db, room, 2)
    put(db, venue_id=room.venue)
    report = simulated(db, room, document={"reward": {"percent_bps": 1500}})
    assert report["cost"] == [{"amount": 195, "currency": "EUR"}]
    assert report["price_change"] == [{"amount": 65, "currency": "EUR"}]


def test_nothing_is_written(db: Transactions, room: rooms.Room) -> None:
    evening(db, room, 1, 2, 3)
    offer = put(db, venue_id=room.venue, codes=["FEW"], limits={"total": 2, "budget": {"EUR": 1000}})

    def rows() -> list[Any]:
        with db.read() as tx:
            return [tx.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1")).all() for table in TABLES]  # noqa: S608

    before = rows()
    with watched(db.engine) as statements:
        report = simulated(db, room, promotion_id=offer)
    assert report["uses"] == 2
    assert len(statements) == 3  # the promotion, those beside it, one page of orders
    assert rows() == before


def test_many_orders_come_in_pages_of_one_statement_each(
    db: Transactions, room: rooms.Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening(db, room, 1, 2, 3, 4, 5)
    monkeypatch.setattr(simulation, "_PAGE", 2)
    service = OrderService(db)
    wish = {**DAYS, "document": {"reward": TEN_PERCENT}}
    with watched(db.engine) as statements:
        report = simulation.simulate(db, service, room.venue, wish)  # type: ignore[arg-type]
    assert (report["orders"], report["complete"], service.asked) == (5, True, 3)
    assert len(statements) == 1 + 3


@pytest.mark.parametrize(("name", "most"), [("MOST_ORDERS", 4), ("MOST_SECONDS", -1.0)])
def test_what_was_cut_short_says_so_and_where(
    db: Transactions, room: rooms.Room, monkeypatch: pytest.MonkeyPatch, name: str, most: float
) -> None:
    evening(db, room, 1, 2, 3, 4, 5)
    monkeypatch.setattr(simulation, "_PAGE", 2)
    monkeypatch.setattr(simulation, name, most)
    report = simulated(db, room, document={"reward": TEN_PERCENT})
    assert report["complete"] is False
    assert report["orders"] in {2, 4}
    assert report["looked_at_until"] == f"2026-11-20T11:0{report['orders'] - 1}:00Z"


def test_a_venue_without_orders_learns_that(db: Transactions, room: rooms.Room) -> None:
    report = simulated(db, room, document={"reward": TEN_PERCENT})
    assert (report["orders"], report["complete"], report["looked_at_until"]) == (0, True, None)


# The door


def test_managers_simulate_over_the_bus(doors: Doors, db: Transactions, room: rooms.Room) -> None:
    evening(db, room, 1, 2)
    wish = {**DAYS, "document": {"reward": TEN_PERCENT}}
    answer = doors("manager", "POST", "/v1/promotions/simulate", wish, venue=room.venue)
    assert (answer.status, answer.json["cost"]) == (200, [{"amount": 195, "currency": "EUR"}])
    assert doors("cashier", "POST", "/v1/promotions/simulate", wish, venue=room.venue).code == "role_not_allowed"
    made = doors("manager", "POST", "/v1/promotions", written(), venue=room.venue).json["id"]
    foreign = doors("manager", "POST", "/v1/promotions/simulate", {**DAYS, "promotion_id": made})
    assert foreign.code == "promotion_not_found"


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"from": "2026-11-21"}, "/to"),
        ({"to": "2027-02-20"}, "/to"),
        ({"from": "2026-02-30"}, "/from"),
        ({"to": "2026-11-20T00:00:00Z"}, "/to"),
        ({"to": None}, "/to"),
        ({"promotion_id": "prm_1"}, "/promotion_id"),
        ({"document": None}, "/document"),
        ({"document": {"reward": {"percent_bps": -1}}}, "/document/reward/percent_bps"),
        ({"document": {"name": "No reward"}}, "/document/reward"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_bad_wishes_are_refused_by_their_field(doors: Doors, wish: dict[str, Any], pointer: str) -> None:
    sent = {**DAYS, "document": {"reward": TEN_PERCENT}, **wish}
    answer = doors("manager", "POST", "/v1/promotions/simulate", sent)
    assert (answer.status, pointer in [fault["pointer"] for fault in answer.json["errors"]]) == (422, True)


def test_ninety_two_days_are_allowed(doors: Doors, db: Transactions, room: rooms.Room) -> None:
    evening(db, room, 1)
    wish = {"from": "2026-09-01", "to": "2026-12-01", "document": {"reward": TEN_PERCENT}}
    assert doors("manager", "POST", "/v1/promotions/simulate", wish, venue=room.venue).json["orders"] == 1
    wish["from"] = "2026-08-31"
    assert doors("manager", "POST", "/v1/promotions/simulate", wish, venue=room.venue).status == 422
