"""What payment does with orders: hold, let go, mark as paid; at least once, late and at the same time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import bills, errors, settling
from ordering_platform.order.menu import MenuBook
from ordering_platform.order.models import order_events, orders
from tests.order import rooms
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from tests.order.conftest import Doors


def state(db: Transactions, order_id: str) -> tuple[str, str | None]:
    with db.read() as tx:
        columns = sa.select(orders.c.payment_status, orders.c.locked_by_bill)
        return tuple(tx.execute(columns.where(orders.c.id == order_id)).one())


def payment_steps(db: Transactions, order_id: str) -> list[tuple[str, str]]:
    with db.read() as tx:
        steps = sa.select(order_events.c.from_status, order_events.c.to_status)
        steps = steps.where(order_events.c.order_id == order_id, order_events.c.subject_id.is_not(None))
        return [tuple(row) for row in tx.execute(steps.order_by(order_events.c.id))]


def test_a_lock_gives_payment_what_it_prices(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room, 2), rooms.coffee(room))
    answer = rooms.held(db, "bil_1", anna, order["id"])
    soup, coffee = answer.pop("lines")
    assert answer == {
        "currency": "EUR",
        "currency_digits": 2,
        "tax_included": True,
        "tax_rounding": "per_rate",
        "service_charge_bps": 0,
        "rehearsal": False,
        "time_zone": "Europe/Berlin",
        "venue": {
            "name": "Zur Probe",
            "address": "",
            "tax_number": "",
            "time_zone": "Europe/Berlin",
            "business_day_close": 4,
            "cash_step_minor": 1,
        },
        "session_id": anna.session,
        "table_id": room.table,
        "table_name": "T1",
        "orders": [
            {"id": order["id"], "number": "A101", "version": order["version"] + 1, "guest_id": anna.id, "first": True}
        ],
    }
    assert soup == {
        "id": order["items"][0]["id"],
        "order_id": order["id"],
        "menu_item_id": room.soup,
        "category_id": soup["category_id"],
        "tags": ["vegan"],
        "name": "Suppe",
        "quantity": 2,
        "unit_minor": 650,
        "options": [],
        "gross_minor": 1300,
        "tax_ppm": 70_000,
        "discountable": True,
    }
    assert (coffee["unit_minor"], coffee["gross_minor"]) == (420, 420)
    assert coffee["options"] == [{"name": "Hafer", "price_minor": 50}, {"name": "Vanille", "price_minor": 70}]
    assert state(db, order["id"]) == ("pending", "bil_1")


def test_an_order_says_whether_its_guest_has_paid_here_before(db: Transactions, room: rooms.Room) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    first, second, other = (rooms.sent(db, who, rooms.soup(room)) for who in (anna, anna, ben))

    def firsts(*wanted: dict[str, Any]) -> list[bool]:
        ids = [order["id"] for order in wanted]
        with db.read() as tx:
            found = bills.read(tx, venue_id=room.venue, session_id=None, order_ids=ids, guest_id=None)
        return [order["first"] for order in found["orders"]]

    assert firsts(first, second) == [True, True]
    rooms.held(db, "bil_1", anna, first["id"])
    assert (firsts(second), firsts(other)) == ([False], [True])
    with db.transaction() as tx:
        bills.unlock(tx, bill_id="bil_1")
    assert firsts(second) == [True]


def test_the_same_lock_again_gives_the_same_answer(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    first = rooms.held(db, "bil_1", anna, order["id"])
    assert rooms.held(db, "bil_1", anna, order["id"]) == first
    assert rooms.held(db, "bil_1", anna) == first
    assert payment_steps(db, order["id"]) == [("unpaid", "pending")]


def test_a_held_order_cannot_be_held_by_another_bill(db: Transactions, room: rooms.Room) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    first, second = rooms.sent(db, anna, rooms.soup(room)), rooms.sent(db, ben, rooms.soup(room))
    rooms.held(db, "bil_1", anna, first["id"])
    with pytest.raises(errors.OrderLocked):
        rooms.held(db, "bil_2", ben, second["id"], first["id"])
    assert state(db, second["id"]) == ("unpaid", None)


def test_a_released_bill_frees_its_orders_once(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    assert rooms.released(db, "bil_1") == {"released": 1}
    assert rooms.released(db, "bil_1") == {"released": 0}
    assert state(db, order["id"]) == ("unpaid", None)
    assert payment_steps(db, order["id"]) == [("unpaid", "pending"), ("pending", "unpaid")]
    rooms.held(db, "bil_2", anna, order["id"])


def test_a_lock_that_comes_after_its_release_is_refused(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    assert rooms.released(db, "bil_1") == {"released": 0}
    with pytest.raises(errors.BillReleased):
        rooms.held(db, "bil_1", anna, order["id"])
    assert state(db, order["id"]) == ("unpaid", None)


def test_a_payment_is_noted_once_and_never_backwards(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    paid = {"orders": [{"id": order["id"], "payment_status": "paid"}]}
    rooms.paid(db, "bil_1", "pay_1", "partially_paid")
    assert rooms.paid(db, "bil_1", "pay_2") == paid
    assert rooms.paid(db, "bil_1", "pay_2") == paid
    assert rooms.paid(db, "bil_1", "pay_1", "partially_paid") == paid
    assert rooms.released(db, "bil_1") == {"released": 0}
    assert payment_steps(db, order["id"]) == [
        ("unpaid", "pending"),
        ("pending", "partially_paid"),
        ("partially_paid", "paid"),
    ]


def test_a_paid_order_cannot_be_held_again(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    rooms.paid(db, "bil_1")
    with pytest.raises(errors.OrderAlreadyPaid):
        rooms.held(db, "bil_2", anna, order["id"])


REFUNDS = [
    ("one after the other", [("partially_refunded", 1), ("partially_refunded", 2), ("refunded", 3)], "refunded"),
    ("each told twice", [("partially_refunded", 1)] * 2 + [("refunded", 2)] * 2, "refunded"),
    ("old news come late", [("refunded", 2), ("partially_refunded", 1)], "refunded"),
    ("one returned by a bank", [("refunded", 2), ("partially_refunded", 3)], "partially_refunded"),
    ("all returned by a bank", [("refunded", 1), ("paid", 2), ("refunded", 1)], "paid"),
]


@pytest.mark.parametrize(("news", "end"), [row[1:] for row in REFUNDS], ids=[row[0] for row in REFUNDS])
def test_the_newest_word_on_refunds_stands(
    db: Transactions, room: rooms.Room, news: list[tuple[str, int]], end: str
) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    rooms.paid(db, "bil_1")
    before = len(payment_steps(db, order["id"]))
    for status, step in news:
        with db.transaction() as tx:
            settling.mark_refunded(tx, bill_id="bil_1", payment_status=status, step=step)
    assert state(db, order["id"])[0] == end
    assert len(payment_steps(db, order["id"])) - before <= len(set(news))


def test_a_bill_that_was_paid_in_part_lets_its_orders_go_when_everybody_has_the_money_back(
    db: Transactions, room: rooms.Room
) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    settling.mark_paid(db, bill_id="bil_1", payment_status="partially_paid", payment_id="pay_1")
    with db.transaction() as tx:
        settling.mark_refunded(tx, bill_id="bil_1", payment_status="pending", step=1)
    assert state(db, order["id"])[0] == "pending"
    rooms.released(db, "bil_1")
    assert state(db, order["id"])[0] == "unpaid"
    with pytest.raises(errors.BillReleased):
        settling.mark_paid(db, bill_id="bil_1", payment_status="partially_paid", payment_id="pay_2")


def test_a_bill_that_was_paid_whole_never_lets_its_orders_go(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    rooms.paid(db, "bil_1")
    rooms.released(db, "bil_1")
    assert state(db, order["id"])[0] == "paid"


def test_a_refund_changes_nothing_on_orders_that_were_never_paid(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    with db.transaction() as tx:
        settling.mark_refunded(tx, bill_id="bil_1", payment_status="refunded", step=1)
    assert state(db, order["id"])[0] == "pending"


def test_a_bill_nobody_knows_cannot_be_paid(db: Transactions, room: rooms.Room) -> None:
    del room
    with pytest.raises(errors.BillNotFound):
        rooms.paid(db, "bil_none")
    with db.transaction() as tx, pytest.raises(errors.BillNotFound):
        settling.mark_refunded(tx, bill_id="bil_none", payment_status="refunded", step=1)
    rooms.released(db, "bil_gone")
    with pytest.raises(errors.BillReleased):
        rooms.paid(db, "bil_gone")


def test_only_what_can_be_paid_is_held(db: Transactions, room: rooms.Room) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    carl = rooms.guest(db, room, code=room.other_code)
    cart = rooms.cart(db, anna, rooms.soup(room))
    sent = rooms.sent(db, anna, rooms.soup(room))
    practice = rooms.sent(db, anna, rooms.soup(room), rehearsal=True)
    rejected = rooms.sent(db, anna, rooms.soup(room))
    rooms.moved(db, rooms.staff(room), rejected["id"], "rejected")
    for who, wanted, refusal in (
        (anna, [cart], errors.OrderNotPlaced),
        (ben, [cart], errors.OrderNotFound),
        (carl, [sent], errors.OrderNotFound),
        (anna, [rejected], errors.OrderNotPayable),
        (anna, [sent, practice], errors.OrderNotPayable),
        (anna, [sent, rejected], errors.OrderNotPayable),
        (carl, [], errors.OrderNotFound),
    ):
        with pytest.raises(refusal):
            rooms.held(db, "bil_1", who, *(order["id"] for order in wanted))
    with pytest.raises(errors.OrderNotFound):
        rooms.held(db, "bil_1", anna, sent["id"], "ord_none")
    with db.transaction() as tx:
        foreign = rooms.staff(rooms.venue(tx), "owner")
    with pytest.raises(errors.OrderNotFound):
        rooms.held(db, "bil_1", foreign, sent["id"])
    assert state(db, sent["id"]) == ("unpaid", None)


def test_a_bill_of_the_table_takes_every_unpaid_order_that_was_sent(db: Transactions, room: rooms.Room) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    first, second = rooms.sent(db, anna, rooms.soup(room)), rooms.sent(db, ben, rooms.soup(room))
    rooms.cart(db, ben, rooms.soup(room))
    rooms.sent(db, anna, rooms.soup(room), rehearsal=True)
    answer = rooms.held(db, "bil_1", anna)
    assert [one["id"] for one in answer["orders"]] == sorted([first["id"], second["id"]])


def test_a_changed_version_is_refused(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    wish: dict[str, Any] = {
        "bill_id": "bil_1",
        "venue_id": anna.venue,
        "session_id": anna.session,
        "order_ids": [order["id"]],
        "guest_id": anna.id,
    }
    with db.transaction() as tx, pytest.raises(errors.OrderChanged):
        bills.lock(tx, MenuBook(), **wish, expected_versions={order["id"]: order["version"] - 1})
    with db.transaction() as tx:
        bills.lock(tx, MenuBook(), **wish, expected_versions={order["id"]: order["version"]})


def test_a_price_is_read_without_holding_and_of_ones_own_cart_only(db: Transactions, room: rooms.Room) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))

    def read(guest_id: str) -> dict[str, Any]:
        wish = {"venue_id": anna.venue, "session_id": anna.session, "order_ids": [cart["id"]], "guest_id": guest_id}
        with db.read() as tx:
            return bills.read(tx, **wish)  # type: ignore[arg-type]  # values of several types

    assert [line["gross_minor"] for line in read(anna.id)["lines"]] == [650]
    with pytest.raises(errors.OrderNotFound):
        read(ben.id)
    assert state(db, cart["id"]) == ("unpaid", None)


def test_whole_orders_are_given_or_none(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    scope = {"venue_id": room.venue, "session_id": anna.session}
    with db.read() as tx:
        assert settling.full_orders(tx, **scope, order_ids=[order["id"]]) == {"orders": [order]}
        with pytest.raises(errors.OrderNotFound):
            settling.full_orders(tx, **scope, order_ids=[order["id"], "ord_none"])


def test_of_many_bills_over_the_same_orders_one_holds_all(db: Transactions, room: rooms.Room) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    both = [rooms.sent(db, one, rooms.soup(room))["id"] for one in (anna, ben)]
    bids = [
        partial(rooms.held, db, f"bil_{place}", anna, *(both if place % 2 else reversed(both))) for place in range(10)
    ]
    outcomes = at_once(bids)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["OrderLocked"] * 9 + ["dict"]
    winner = f"bil_{[type(outcome) for outcome in outcomes].index(dict)}"
    assert [state(db, order_id) for order_id in both] == [("pending", winner)] * 2


def test_the_same_lock_delivered_twice_at_once_holds_once(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    for whole_table in (True, False):
        wanted = [] if whole_table else [order["id"]]
        answers = at_once([partial(rooms.held, db, f"bil_{whole_table}", anna, *wanted)] * 6)
        assert all(answer == answers[0] for answer in answers)
        rooms.released(db, f"bil_{whole_table}")


def test_lock_and_release_at_once_leave_nothing_held(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    for turn in range(8):
        lock, release = (
            partial(rooms.held, db, f"bil_{turn}", anna, order["id"]),
            partial(rooms.released, db, f"bil_{turn}"),
        )
        held, freed = at_once([lock, release])
        assert isinstance(held, errors.BillReleased) or freed == {"released": 1}
        assert state(db, order["id"]) == ("unpaid", None)


def test_an_item_added_while_a_bill_is_made_is_on_the_bill_or_refused(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    rooms.ruled(db, room, policy="pay_first")
    for turn in range(4):
        anna = rooms.guest(db, room)
        cart = rooms.cart(db, anna, rooms.soup(room))
        path = f"/v1/orders/{cart['id']}"
        held, added = at_once(
            [
                partial(rooms.held, db, f"bil_{turn}", anna, cart["id"]),
                partial(doors, anna, "POST", f"{path}/items", {"items": [rooms.soup(room)]}),
            ]
        )
        billed = sum(line["gross_minor"] for line in held["lines"])
        assert doors(anna, "GET", path).json["total"]["amount"] == billed
        assert (added.status, billed) in {(201, 1300), (409, 650)}


def test_a_payment_delivered_twice_at_once_is_noted_once(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    answers = at_once([partial(rooms.paid, db, "bil_1")] * 6)
    assert all(answer == answers[0] for answer in answers)
    assert payment_steps(db, order["id"]) == [("unpaid", "pending"), ("pending", "paid")]


def test_a_part_and_the_whole_noted_at_once_end_as_paid(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    for turn in range(6):
        order = rooms.sent(db, anna, rooms.soup(room))
        rooms.held(db, f"bil_{turn}", anna, order["id"])
        noted = [
            ("pay_1", "partially_paid"),
            ("pay_2", "partially_paid"),
            ("pay_2", "paid"),
            ("pay_1", "partially_paid"),
        ]
        answers = at_once([partial(rooms.paid, db, f"bil_{turn}", *one) for one in noted])
        assert all(isinstance(answer, dict) for answer in answers), answers
        assert state(db, order["id"]) == ("paid", f"bil_{turn}")
