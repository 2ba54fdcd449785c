"""A cart from the first scan to the kitchen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.order import carts, errors, history, menu, moves, orders, placing
from tests.order import rooms

if TYPE_CHECKING:
    from ordering_platform.order.menu import MenuBook
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller


def soup(room: rooms.Room, quantity: int = 1) -> dict[str, Any]:
    return {"menu_item_id": room.soup, "quantity": quantity}


def coffee(room: rooms.Room, quantity: int = 1) -> dict[str, Any]:
    return {"menu_item_id": room.coffee, "quantity": quantity, "options": [room.oat, room.syrup]}


def test_a_guest_goes_from_scan_to_kitchen(db: Transactions, room: rooms.Room, book: MenuBook) -> None:
    anna = rooms.guest(db, room, nickname="Anna")
    with db.read() as tx:
        card = menu.read(tx, book, anna, "en", None)
    assert b'"Soup"' in card.body
    with db.transaction() as tx:
        cart = carts.create(tx, book, anna, {"note": "no hurry"})
    with db.transaction() as tx:
        cart = carts.add(tx, book, anna, cart["id"], [soup(room, 2), coffee(room)], match=None)
    assert cart["total"] == {"amount": 2 * 650 + 420, "currency": "EUR"}
    assert [item["name"] for item in cart["items"]] == ["Suppe", "Kaffee"]
    with db.transaction() as tx:
        sent = placing.place(tx, book, anna, cart["id"], expected_total=cart["total"], match=None)
    assert (sent["status"], sent["number"], sent["guest_name"]) == ("placed", "A101", "Anna")
    with db.transaction() as tx:
        again = placing.place(tx, book, anna, cart["id"], expected_total=None, match=None)
    assert again == sent
    with db.read() as tx:
        assert orders.view(tx, anna, cart["id"]) == sent
        assert history.listed(tx, anna, {"limit": 50})["data"] == [sent]


def test_a_second_guest_sees_what_was_sent_and_no_cart(db: Transactions, room: rooms.Room, book: MenuBook) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    assert anna.session == ben.session
    cart = placed = None
    with db.transaction() as tx:
        cart = carts.create(tx, book, anna, {"items": [soup(room)]})
    with db.read() as tx, pytest.raises(errors.OrderNotFound):
        orders.view(tx, ben, cart["id"])
    with db.transaction() as tx:
        placed = placing.place(tx, book, anna, cart["id"], expected_total=None, match=None)
    with db.read() as tx:
        assert orders.view(tx, ben, cart["id"]) == placed


def test_staff_move_an_order_to_the_table(db: Transactions, room: rooms.Room, book: MenuBook) -> None:
    anna = rooms.guest(db, room)
    order = send(db, book, anna, [soup(room)])
    with db.transaction() as tx:
        for to in ("accepted", "preparing", "ready", "served", "completed"):
            moved = moves.move(tx, rooms.staff(room), order["id"], to, reason=None, match=None)
            assert moved["status"] == to


def send(db: Transactions, book: MenuBook, caller: Caller, items: list[dict[str, Any]]) -> dict[str, Any]:
    with db.transaction() as tx:
        cart = carts.create(tx, book, caller, {"items": items})
        return placing.place(tx, book, caller, cart["id"], expected_total=None, match=None)
