"""A cart from the first scan to the kitchen: what goes in, what does not, and whose it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import carts, errors, orders, venues
from ordering_platform.order.models import menu_items, menu_options
from tests.order import rooms
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from tests.order.conftest import Doors

KEY = "Idempotency-Key"


def test_a_guest_goes_from_scan_to_kitchen(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room, nickname="Anna")
    assert doors(anna, "GET", "/v1/menu?language=en").json["categories"][0]["items"][0]["name"] == "Soup"
    cart = doors(anna, "POST", "/v1/orders", {"note": "no hurry"}, {KEY: rooms.key()}).json
    path = f"/v1/orders/{cart['id']}"
    cart = doors(anna, "POST", f"{path}/items", {"items": [rooms.soup(room, 2), rooms.coffee(room)]}).json
    assert cart["total"] == {"amount": 2 * 650 + 420, "currency": "EUR"}
    assert [(item["name"], item["unit_price"]["amount"]) for item in cart["items"]] == [("Suppe", 650), ("Kaffee", 420)]
    first, second = (f"{path}/items/{item['id']}" for item in cart["items"])
    assert doors(anna, "PATCH", first, {"quantity": 3, "note": "hot"}).json["total"]["amount"] == 3 * 650 + 420
    cart = doors(anna, "DELETE", second).json
    assert (cart["total"]["amount"], len(cart["items"]), cart["version"]) == (1950, 1, 4)
    sent = doors(anna, "POST", f"{path}/place", {"expected_total": cart["total"]})
    assert (sent.json["status"], sent.json["number"], sent.json["guest_name"]) == ("placed", "A101", "Anna")
    assert sent.headers["etag"] == f'"{sent.json["version"]}"'
    again = doors(anna, "POST", f"{path}/place", {})
    assert (again.status, again.json) == (200, sent.json)
    assert doors(anna, "GET", path).json == sent.json
    assert doors(anna, "GET", "/v1/orders").json["data"] == [sent.json]


def test_the_same_key_makes_one_order(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, headers = rooms.guest(db, room), {KEY: rooms.key()}
    first = doors(anna, "POST", "/v1/orders", {"items": [rooms.soup(room)]}, headers)
    again = doors(anna, "POST", "/v1/orders", {"items": [rooms.soup(room)]}, headers)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    other = doors(anna, "POST", "/v1/orders", {"items": [rooms.soup(room, 2)]}, headers)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    ben = rooms.guest(db, room)
    assert doors(ben, "POST", "/v1/orders", {"items": [rooms.soup(room)]}, headers).json["id"] != first.json["id"]


def test_fifty_taps_at_once_make_one_order(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, headers = rooms.guest(db, room), {KEY: rooms.key()}
    wish = {"items": [rooms.soup(room)]}
    answers = at_once([partial(doors, anna, "POST", "/v1/orders", wish, headers)] * 50)
    made = {answer.json["id"] for answer in answers if answer.status == 201}
    assert {answer.status for answer in answers} <= {201, 409}
    assert len(made) == 1
    assert [order["id"] for order in doors(anna, "GET", "/v1/orders").json["data"]] == list(made)


def test_items_sent_twice_under_one_key_are_added_once(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, headers = rooms.guest(db, room), {KEY: rooms.key()}
    path = f"/v1/orders/{doors(anna, 'POST', '/v1/orders', {}, {KEY: rooms.key()}).json['id']}"
    first = doors(anna, "POST", f"{path}/items", {"items": [rooms.soup(room)]}, headers)
    again = doors(anna, "POST", f"{path}/items", {"items": [rooms.soup(room)]}, headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert len(doors(anna, "GET", path).json["items"]) == 1
    other = doors(anna, "POST", f"{path}/items", {"items": [rooms.soup(room, 2)]}, headers)
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_an_order_without_a_key_is_refused(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    assert doors(anna, "POST", "/v1/orders", {}).code == "idempotency_key_missing"
    assert doors(anna, "POST", "/v1/orders", {}, {KEY: "short"}).code == "idempotency_key_invalid"


@pytest.mark.parametrize("quantity", [0, -1, 21, 1.5, "2", True, None, 2**63])
def test_a_quantity_is_a_whole_number_from_1_to_20(
    db: Transactions, room: rooms.Room, doors: Doors, quantity: Any
) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna)
    answer = doors(anna, "POST", f"/v1/orders/{cart['id']}/items", {"items": [rooms.soup(room, quantity)]})
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.json["errors"][0]["pointer"] == "/items/0/quantity"
    assert doors(anna, "GET", f"/v1/orders/{cart['id']}").json == cart


@pytest.mark.parametrize("field", ["price", "total", "discount", "status", "payment_id", "unit_price"])
def test_what_something_costs_is_not_the_guests_to_say(
    db: Transactions, room: rooms.Room, doors: Doors, field: str
) -> None:
    anna = rooms.guest(db, room)
    in_line = doors(anna, "POST", "/v1/orders", {"items": [rooms.soup(room, **{field: 1})]}, {KEY: rooms.key()})
    on_top = doors(anna, "POST", "/v1/orders", {field: 1}, {KEY: rooms.key()})
    for answer in (in_line, on_top):
        assert (answer.status, answer.json["errors"][0]["code"]) == (422, "unknown")


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [{"menu_item_id": "itm_x", "quantity": 1}] * 101},
        {"items": "soup"},
        {"items": [None]},
        {"items": [{"menu_item_id": "soup", "quantity": 1}]},
        {"items": [{"quantity": 1}]},
        {"items": [{"menu_item_id": "itm_x", "quantity": 1, "note": "x" * 501}]},
        {"items": [{"menu_item_id": "itm_x", "quantity": 1, "options": ["itm_x"]}]},
        {"note": "x" * 501},
        {"note": "a\x00b"},
        {"rehearsal": "yes"},
        [],
    ],
)
def test_what_is_not_an_order_is_refused(db: Transactions, room: rooms.Room, doors: Doors, body: Any) -> None:
    answer = doors(rooms.guest(db, room), "POST", "/v1/orders", body, {KEY: rooms.key()})
    assert (answer.status, answer.code) == (422, "validation_failed")


def test_a_note_is_kept_to_the_letter(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    note = "<script>alert(1)</script> \u202ereversed 🍜 '; DROP TABLE orders; --"
    anna = rooms.guest(db, room)
    made = doors(anna, "POST", "/v1/orders", {"items": [rooms.soup(room, note=note)]}, {KEY: rooms.key()})
    assert (made.status, made.json["items"][0]["note"]) == (201, note)


def test_only_what_is_on_this_menu_can_be_ordered(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    with db.transaction() as tx:
        elsewhere = rooms.venue(tx)
        tx.execute(sa.update(menu_items).where(menu_items.c.id == room.coffee).values(sold_out=True))
        venues.announce(tx, rooms.staff(room), "menu.changed", room.coffee, [])
    anna = rooms.guest(db, room)
    asked = [rooms.coffee(room), rooms.soup(elsewhere), rooms.soup(room), {"menu_item_id": "itm_none", "quantity": 1}]
    answer = doors(anna, "POST", "/v1/orders", {"items": asked}, {KEY: rooms.key()})
    assert (answer.status, answer.code) == (422, "item_unavailable")
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [
        ("/items/0/menu_item_id", "sold_out"),
        ("/items/1/menu_item_id", "unknown_item"),
        ("/items/3/menu_item_id", "unknown_item"),
    ]
    assert doors(anna, "GET", "/v1/orders").json["data"] == []


def test_options_are_counted_by_group(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    cow = _option(db, room, "Kuh")

    def code(*options: str) -> str:
        wish = {"items": [rooms.coffee(room, options=list(options))]}
        answer = doors(anna, "POST", "/v1/orders", wish, {KEY: rooms.key()})
        assert answer.status == 422
        return str(answer.json["errors"][0]["code"])

    assert code() == "option_count"
    assert code(room.oat, cow) == "option_count"
    assert code(room.oat, room.oat) == "duplicate_option"
    assert code(room.oat, "opt_none") == "unknown_option"


def _option(db: Transactions, room: rooms.Room, german: str) -> str:
    with db.read() as tx:
        named = menu_options.c.name["de"].astext == german
        found = sa.select(menu_options.c.id).where(menu_options.c.venue_id == room.venue, named)
        return str(tx.execute(found).scalar_one())


def test_a_sold_out_option_cannot_be_chosen(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    cook, anna = rooms.staff(room, "kitchen"), rooms.guest(db, room)
    assert doors(cook, "POST", f"/v1/menu/options/{room.oat}/sold-out", {"sold_out": True}).status == 200
    answer = doors(anna, "POST", "/v1/orders", {"items": [rooms.coffee(room)]}, {KEY: rooms.key()})
    assert answer.json["errors"][0]["code"] == "option_sold_out"


def test_an_order_holds_only_so_much(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    manager, anna = rooms.staff(room, "manager"), rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room, 20))
    path = f"/v1/orders/{cart['id']}/items"
    too_many = doors(anna, "POST", path, {"items": [rooms.soup(room, 20)] * 5})
    assert (too_many.status, too_many.code, too_many.json["details"]) == (422, "order_limit", {"max_items": 100})
    doors(manager, "PATCH", "/v1/venue", {"order_cap": {"amount": 15_000, "currency": "EUR"}})
    too_dear = doors(anna, "POST", path, {"items": [rooms.soup(room, 4)]})
    assert too_dear.json["details"] == {"max_total": {"amount": 15_000, "currency": "EUR"}}
    item = f"{path}/{cart['items'][0]['id']}"
    assert doors(anna, "PATCH", item, {"quantity": 21}).code == "validation_failed"
    assert doors(anna, "PATCH", item, {"quantity": 1}).json["total"]["amount"] == 650


def test_a_cart_is_its_owners_alone(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, ben, carl = rooms.guest(db, room), rooms.guest(db, room), rooms.guest(db, room, code=room.other_code)
    assert anna.session == ben.session != carl.session
    cart = rooms.cart(db, anna, rooms.soup(room))
    path = f"/v1/orders/{cart['id']}"
    item = f"{path}/items/{cart['items'][0]['id']}"
    with db.transaction() as tx:
        foreign = rooms.staff(rooms.venue(tx), "owner")
    for stranger in (ben, carl, foreign):
        assert doors(stranger, "GET", path).code == "order_not_found"
        assert doors(stranger, "POST", f"{path}/items", {"items": [rooms.soup(room)]}).code == "order_not_found"
        assert doors(stranger, "PATCH", item, {"quantity": 2}).code == "order_not_found"
        assert doors(stranger, "DELETE", item).code == "order_not_found"
        assert doors(stranger, "POST", f"{path}/place", {}).code == "order_not_found"
        assert doors(stranger, "POST", f"{path}/status", {"to": "cancelled"}).code == "order_not_found"
        assert doors(stranger, "GET", f"{path}/events").code == "order_not_found"
        assert doors(stranger, "GET", "/v1/orders").json["data"] == []
    assert doors(anna, "GET", path).json["version"] == 1


def test_what_was_sent_belongs_to_the_table_and_can_only_be_read(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna, ben, carl = rooms.guest(db, room), rooms.guest(db, room), rooms.guest(db, room, code=room.other_code)
    order = rooms.sent(db, anna, rooms.soup(room))
    path = f"/v1/orders/{order['id']}"
    assert doors(ben, "GET", path).json["number"] == order["number"]
    assert doors(ben, "POST", f"{path}/items", {"items": [rooms.soup(room)]}).code == "invalid_state"
    assert doors(ben, "POST", f"{path}/status", {"to": "cancelled"}).code == "order_not_found"
    assert doors(carl, "GET", path).status == 404


def test_a_waiter_takes_an_order_for_a_guest_without_a_phone(room: rooms.Room, doors: Doors) -> None:
    waiter, cook = rooms.staff(room), rooms.staff(room, "kitchen")
    session = doors(waiter, "POST", "/v1/table-sessions", {"table_id": room.table}).json["id"]
    nowhere = doors(waiter, "POST", "/v1/orders", {}, {KEY: rooms.key()})
    assert (nowhere.status, nowhere.json["errors"][0]["pointer"]) == (422, "/session_id")
    assert doors(cook, "POST", "/v1/orders", {"session_id": session}, {KEY: rooms.key()}).code == "role_not_allowed"
    body = {"session_id": session, "items": [rooms.soup(room)]}
    order = doors(waiter, "POST", "/v1/orders", body, {KEY: rooms.key()}).json
    assert order["guest_id"] is None
    assert doors(waiter, "POST", f"/v1/orders/{order['id']}/place", {}).json["status"] == "placed"


def test_a_guest_cannot_order_for_another_table(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, carl = rooms.guest(db, room), rooms.guest(db, room, code=room.other_code)
    answer = doors(anna, "POST", "/v1/orders", {"session_id": carl.session}, {KEY: rooms.key()})
    assert (answer.status, answer.code) == (404, "session_not_found")


def test_an_edit_of_an_old_version_is_refused(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    path = f"/v1/orders/{cart['id']}/items"
    more = {"items": [rooms.soup(room)]}
    assert doors(anna, "POST", path, more, {"If-Match": '"1"'}).json["version"] == 2
    stale = doors(anna, "POST", path, more, {"If-Match": '"1"'})
    assert (stale.status, stale.code, stale.json["details"]) == (412, "precondition_failed", {"version": 2})
    assert doors(anna, "POST", path, more, {"If-Match": "*"}).json["version"] == 3


def test_an_order_that_has_not_changed_is_not_sent_again(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna)
    assert doors(anna, "GET", f"/v1/orders/{cart['id']}", None, {"If-None-Match": '"1"'}).status == 304


@pytest.mark.parametrize("order_id", ["abc", "ord_none", "ord_" + "0" * 26, "%27%20OR%201=1", "..%2f.."])
def test_an_unknown_order_is_not_found(db: Transactions, room: rooms.Room, doors: Doors, order_id: str) -> None:
    answer = doors(rooms.guest(db, room), "GET", f"/v1/orders/{order_id}")
    assert answer.status == 404


def test_nobody_orders_without_a_token(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    order = rooms.cart(db, rooms.guest(db, room))
    path = f"/v1/orders/{order['id']}"
    for method, where in (
        ("POST", "/v1/orders"),
        ("GET", "/v1/orders"),
        ("GET", path),
        ("POST", f"{path}/items"),
        ("POST", f"{path}/place"),
        ("POST", f"{path}/status"),
        ("GET", "/v1/menu"),
        ("GET", "/v1/venue"),
        ("GET", "/v1/events"),
    ):
        assert doors(None, method, where, {} if method == "POST" else None).code == "unauthenticated"


def test_the_fourth_unpaid_order_of_an_unconfirmed_table_is_refused(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    for _ in range(3):
        order = rooms.sent(db, anna, rooms.soup(room))
    answer = doors(ben, "POST", "/v1/orders", {}, {KEY: rooms.key()})
    assert (answer.status, answer.code) == (409, "too_many_open_orders")
    rooms.moved(db, rooms.staff(room), order["id"], "accepted")
    assert doors(ben, "POST", "/v1/orders", {}, {KEY: rooms.key()}).status == 201


def test_carts_opened_before_the_limit_was_reached_cannot_all_be_sent(db: Transactions, room: rooms.Room) -> None:
    guests = [rooms.guest(db, room) for _ in range(4)]
    waiting = [rooms.cart(db, one, rooms.soup(room)) for one in guests]
    for one, cart in zip(guests[:3], waiting[:3], strict=True):
        rooms.place(db, one, cart["id"])
    with pytest.raises(errors.TooManyOpenOrders):
        rooms.place(db, guests[3], waiting[3]["id"])
    with db.read() as tx:
        assert orders.view(tx, guests[3], waiting[3]["id"])["status"] == "open"


def test_no_phone_opens_carts_without_end(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    rooms.ruled(db, room, max_unpaid_orders=1000)
    anna = rooms.guest(db, room)
    for _ in range(carts.MAX_CARTS):
        rooms.cart(db, anna)
    answer = doors(anna, "POST", "/v1/orders", {}, {KEY: rooms.key()})
    assert (answer.status, answer.code) == (409, "too_many_open_orders")
    assert rooms.cart(db, rooms.guest(db, room))["status"] == "open"
