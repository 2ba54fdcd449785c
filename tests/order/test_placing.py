"""Sending a cart: everything is checked again, and it is sent only once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.order.models import order_events, orders
from tests.order import rooms
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller
    from tests.order.conftest import Doors


def test_a_changed_price_is_told_and_accepted_by_its_new_total(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    cart = rooms.cart(db, anna, rooms.soup(room, 2), rooms.coffee(room))
    doors(manager, "PATCH", f"/v1/menu/items/{room.soup}", {"price": {"amount": 700, "currency": "EUR"}})
    place = f"/v1/orders/{cart['id']}/place"
    for body in ({}, {"expected_total": cart["total"]}):
        answer = doors(anna, "POST", place, body)
        assert (answer.status, answer.code) == (409, "price_changed")
    (line,) = answer.json["details"]["lines"]
    assert (line["item_id"], line["old_unit_price"]["amount"], line["unit_price"]["amount"]) == (
        cart["items"][0]["id"],
        650,
        700,
    )
    total = answer.json["details"]["total"]
    assert total == {"amount": 1820, "currency": "EUR"}
    sent = doors(anna, "POST", place, {"expected_total": total}).json
    assert (sent["status"], sent["total"], sent["items"][0]["unit_price"]["amount"]) == ("placed", total, 700)


def test_an_agreed_total_that_is_not_the_total_is_refused(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    for wrong in ({"amount": 1, "currency": "EUR"}, {"amount": 650, "currency": "USD"}):
        answer = doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {"expected_total": wrong})
        assert (answer.code, answer.json["details"]["lines"]) == ("price_changed", [])


def test_lines_that_cannot_be_served_any_more_are_named(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    cart = rooms.cart(db, anna, rooms.soup(room), rooms.coffee(room))
    doors(cook, "POST", f"/v1/menu/items/{room.soup}/sold-out", {"sold_out": True})
    doors(cook, "POST", f"/v1/menu/options/{room.oat}/sold-out", {"sold_out": True})
    answer = doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {})
    assert (answer.status, answer.code) == (409, "items_unavailable")
    assert [(line["name"], line["reasons"]) for line in answer.json["details"]["lines"]] == [
        ("Suppe", ["sold_out"]),
        ("Kaffee", ["option_sold_out"]),
    ]
    doors(cook, "POST", f"/v1/menu/options/{room.oat}/sold-out", {"sold_out": False})
    doors(anna, "DELETE", f"/v1/orders/{cart['id']}/items/{cart['items'][0]['id']}")
    assert doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {}).json["status"] == "placed"


def test_sold_out_until_a_time_is_over_at_that_time(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    cart = rooms.cart(db, anna, rooms.soup(room))
    sold_out = f"/v1/menu/items/{room.soup}/sold-out"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    doors(cook, "POST", sold_out, {"sold_out": True, "until": later})
    assert doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {}).code == "items_unavailable"
    assert doors(anna, "GET", "/v1/menu").json["categories"][0]["items"][0]["sold_out"] is True
    doors(cook, "POST", sold_out, {"sold_out": True, "until": datetime.now(UTC).isoformat()})
    assert doors(anna, "GET", "/v1/menu").json["categories"][0]["items"][0]["sold_out"] is False
    assert doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {}).json["status"] == "placed"


def test_a_paused_kitchen_takes_no_orders_until_the_pause_is_over(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    cart = rooms.cart(db, anna, rooms.soup(room))
    later = (datetime.now(UTC) + timedelta(minutes=20)).isoformat()
    pause = {"paused": True, "paused_until": later, "pause_message": "Back in 20 minutes"}
    assert doors(manager, "PATCH", "/v1/venue", pause).json["paused"] is True
    answer = doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {})
    assert (answer.status, answer.code, answer.json["detail"]) == (409, "ordering_paused", "Back in 20 minutes")
    rooms.ruled(db, room, paused_until=datetime.now(UTC))
    assert doors(anna, "GET", "/v1/venue").json["paused"] is False
    assert doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {}).json["status"] == "placed"


def test_an_empty_order_is_not_sent(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna)
    answer = doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {})
    assert (answer.status, answer.code) == (422, "order_empty")


def test_a_cancelled_cart_is_not_sent(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    doors(anna, "POST", f"/v1/orders/{cart['id']}/status", {"to": "cancelled"})
    answer = doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {})
    assert (answer.status, answer.code, answer.json["details"]) == (409, "invalid_state", {"status": "cancelled"})


def test_a_cart_held_by_a_bill_is_not_sent(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    rooms.ruled(db, room, policy="pay_first")
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, cart["id"])
    path = f"/v1/orders/{cart['id']}"
    assert doors(anna, "POST", f"{path}/place", {}).code == "order_locked"
    assert doors(anna, "POST", f"{path}/items", {"items": [rooms.soup(room)]}).code == "order_locked"


def test_numbers_count_up_without_gaps_and_rehearsals_count_apart(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    waiter = rooms.staff(room)
    rooms.guest(db, room)
    session = doors(waiter, "POST", "/v1/table-sessions", {"table_id": room.table}).json["id"]
    first = rooms.sent(db, waiter, rooms.soup(room), session_id=session)
    empty = rooms.cart(db, waiter, session_id=session)
    assert doors(waiter, "POST", f"/v1/orders/{empty['id']}/place", {}).code == "order_empty"
    practice = rooms.sent(db, waiter, rooms.soup(room), session_id=session, rehearsal=True)
    second = rooms.sent(db, waiter, rooms.soup(room), session_id=session)
    assert [one["number"] for one in (first, practice, second)] == ["A101", "R-101", "A102"]


def test_many_taps_on_send_are_one_order(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    answers = at_once([partial(rooms.place, db, anna, cart["id"])] * 10)
    assert all(answer == answers[0] for answer in answers)
    with db.read() as tx:
        assert len(tx.execute(sa.select(order_events).where(order_events.c.order_id == cart["id"])).all()) == 1


def test_many_orders_at_once_get_different_numbers(db: Transactions, room: rooms.Room) -> None:
    rooms.ruled(db, room, max_unpaid_orders=100)
    guests = [rooms.guest(db, room) for _ in range(12)]
    carts = [rooms.cart(db, one, rooms.soup(room)) for one in guests]
    taps = [partial(rooms.place, db, one, cart["id"]) for one, cart in zip(guests, carts, strict=True)]
    numbers = sorted(order["number"] for order in at_once(taps))
    assert numbers == [f"A{count}" for count in range(101, 113)]


def test_three_of_many_guests_at_once_get_their_orders_to_the_kitchen(db: Transactions, room: rooms.Room) -> None:
    guests = [rooms.guest(db, room) for _ in range(8)]
    carts = [rooms.cart(db, one, rooms.soup(room)) for one in guests]
    taps = [partial(rooms.place, db, one, cart["id"]) for one, cart in zip(guests, carts, strict=True)]
    outcomes = at_once(taps)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["TooManyOpenOrders"] * 5 + ["dict"] * 3
    with db.read() as tx:
        sent = tx.execute(sa.select(orders).where(orders.c.status == "placed")).all()
    assert len(sent) == 3


def test_an_item_added_while_sending_is_in_the_order_or_refused(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna = rooms.guest(db, room)
    for _ in range(3):
        cart = rooms.cart(db, anna, rooms.soup(room))
        path = f"/v1/orders/{cart['id']}"
        placed, added = at_once(
            [
                partial(doors, anna, "POST", f"{path}/place", {}),
                partial(doors, anna, "POST", f"{path}/items", {"items": [rooms.soup(room)]}),
            ]
        )
        assert placed.status == 200
        final = doors(anna, "GET", path).json
        assert final["total"]["amount"] == 650 * sum(item["quantity"] for item in final["items"])
        if added.status == 201:
            assert len(final["items"]) == 2
        else:
            assert (added.code, len(final["items"])) == ("invalid_state", 1)


def test_staff_accept_the_first_order_of_strangers(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    rooms.ruled(db, room, policy="staff_accepts")
    anna, waiter = rooms.guest(db, room), rooms.staff(room)
    first, second = (rooms.sent(db, anna, rooms.soup(room)) for _ in range(2))
    assert (first["status"], first["needs_approval"], second["needs_approval"]) == ("placed", True, True)
    waiting = doors(waiter, "GET", "/v1/orders?needs_approval=true").json["data"]
    assert {one["id"] for one in waiting} == {first["id"], second["id"]}
    assert doors(waiter, "POST", f"/v1/orders/{first['id']}/status", {"to": "accepted"}).json["needs_approval"] is False
    assert doors(waiter, "GET", "/v1/orders?needs_approval=true").json["data"] == []
    assert rooms.sent(db, anna, rooms.soup(room))["needs_approval"] is False


def test_where_one_pays_first_the_money_sends_the_order(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    rooms.ruled(db, room, policy="pay_first")
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    path = f"/v1/orders/{cart['id']}"
    answer = doors(anna, "POST", f"{path}/place", {})
    assert (answer.status, answer.code) == (409, "pay_first")
    rooms.held(db, "bil_1", anna, cart["id"])
    assert doors(anna, "GET", path).json["status"] == "open"
    rooms.paid(db, "bil_1")
    rooms.paid(db, "bil_1")
    order = doors(anna, "GET", path).json
    assert (order["status"], order["payment_status"], order["number"]) == ("placed", "paid", "A101")
    kinds = [event["kind"] for event in doors(anna, "GET", f"{path}/events").json["data"]]
    assert kinds == ["order.payment_status_changed", "order.payment_status_changed", "order.placed"]


@pytest.mark.parametrize("policy", ["open", "staff_accepts", "visit_code", "pay_first"])
def test_staff_send_orders_under_every_policy(db: Transactions, room: rooms.Room, doors: Doors, policy: str) -> None:
    rooms.ruled(db, room, policy=policy)
    waiter = rooms.staff(room)
    session = doors(waiter, "POST", "/v1/table-sessions", {"table_id": room.table}).json["id"]
    order = rooms.sent(db, waiter, rooms.soup(room), session_id=session)
    assert (order["status"], order["needs_approval"]) == ("placed", False)


def test_a_closed_visit_sends_nothing(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    _close(doors, rooms.staff(room), anna)
    answer = doors(anna, "POST", f"/v1/orders/{cart['id']}/place", {})
    assert (answer.status, answer.code) == (410, "session_closed")


def _close(doors: Doors, waiter: Caller, anna: Caller) -> None:
    assert doors(waiter, "POST", f"/v1/table-sessions/{anna.session}/close", {}).json["status"] == "closed"
