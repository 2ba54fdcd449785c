"""Lists of orders: who is shown which, and page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.order import rooms

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller
    from tests.order.conftest import Doors


def ids(doors: Doors, caller: Caller, query: str = "") -> list[str]:
    return [order["id"] for order in doors(caller, "GET", f"/v1/orders{query}").json["data"]]


def test_staff_see_what_was_sent_and_neither_carts_nor_rehearsals_unless_asked(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    cart = rooms.cart(db, anna, rooms.soup(room))
    sent = rooms.sent(db, anna, rooms.soup(room))
    practice = rooms.sent(db, anna, rooms.soup(room), rehearsal=True)
    assert ids(doors, cook) == [sent["id"]]
    assert ids(doors, cook, "?include_rehearsal=true") == [practice["id"], sent["id"]]
    assert ids(doors, cook, "?status=open") == [cart["id"]]
    assert ids(doors, anna) == [practice["id"], sent["id"], cart["id"]]


def test_filters_narrow_the_list(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, carl = rooms.guest(db, room), rooms.guest(db, room, code=room.other_code)
    waiter = rooms.staff(room)
    first, second = rooms.sent(db, anna, rooms.soup(room)), rooms.sent(db, carl, rooms.soup(room))
    rooms.moved(db, waiter, first["id"], "accepted")
    rooms.held(db, "bil_1", carl, second["id"])
    rooms.paid(db, "bil_1")
    assert ids(doors, waiter) == [second["id"], first["id"]]
    assert ids(doors, waiter, "?sort=oldest") == [first["id"], second["id"]]
    assert ids(doors, waiter, "?status=accepted,ready") == [first["id"]]
    assert ids(doors, waiter, "?payment_status=paid") == [second["id"]]
    assert ids(doors, waiter, f"?session_id={anna.session}") == [first["id"]]
    after = quote(first["placed_at"])
    assert ids(doors, waiter, f"?placed_after={after}") == [second["id"]]
    assert ids(doors, anna, f"?session_id={carl.session}") == []
    assert ids(doors, anna, "?status=accepted") == [first["id"]]


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_pages_hold_every_order_once(db: Transactions, room: rooms.Room, doors: Doors, sort: str) -> None:
    rooms.ruled(db, room, max_unpaid_orders=10)
    anna, waiter = rooms.guest(db, room), rooms.staff(room)
    sent = [rooms.sent(db, anna, rooms.soup(room), rooms.coffee(room))["id"] for _ in range(5)]
    for caller in (anna, waiter):
        seen, query = [], f"?limit=2&sort={sort}"
        while True:
            answer = doors(caller, "GET", f"/v1/orders{query}")
            page = answer.json
            seen += [order["id"] for order in page["data"]]
            assert all(len(order["items"]) == 2 for order in page["data"])
            if not page["has_more"]:
                assert "link" not in answer.headers
                break
            query = f"?limit=2&sort={sort}&after={page['next']}"
            assert answer.headers["link"] == f'</v1/orders{query}>; rel="next"'
        assert seen == (sent if sort == "oldest" else sent[::-1])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?page=2", "unknown_parameter"),
        ("?limit=0", "invalid_parameter"),
        ("?limit=101", "invalid_parameter"),
        ("?limit=x", "invalid_parameter"),
        ("?after=x", "invalid_parameter"),
        ("?status=eaten", "invalid_parameter"),
        ("?status=", "invalid_parameter"),
        ("?placed_after=yesterday", "invalid_parameter"),
        ("?placed_after=2026-11-23T10:00:00", "invalid_parameter"),
        ("?session_id=1%27%20OR%201=1", "invalid_parameter"),
        ("?include_rehearsal=maybe", "invalid_parameter"),
    ],
)
def test_a_query_that_means_nothing_is_refused(
    db: Transactions, room: rooms.Room, doors: Doors, query: str, code: str
) -> None:
    for caller in (rooms.guest(db, room), rooms.staff(room)):
        answer = doors(caller, "GET", f"/v1/orders{query}")
        assert (answer.status, answer.code) == (400, code)
