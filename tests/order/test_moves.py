"""How an order moves, by whom, and what keeps it where it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.order import statuses
from ordering_platform.order.models import order_events
from tests.order import rooms
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from tests.order.conftest import Doors

# Every step there is, said once more: a new status fails here until its moves are written.
ALLOWED = {
    "open": {"cancelled"},
    "placed": {"accepted", "rejected", "cancelled"},
    "accepted": {"preparing", "cancelled"},
    "preparing": {"ready", "accepted", "cancelled"},
    "ready": {"served", "preparing", "cancelled"},
    "served": {"completed", "ready", "cancelled"},
    "completed": set(),
    "rejected": set(),
    "cancelled": set(),
}
WAY = ("accepted", "preparing", "ready", "served", "completed")


def brought_to(db: Transactions, room: rooms.Room, status: str) -> str:
    """Give the id of an order in a status."""
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    cart = rooms.cart(db, anna, rooms.soup(room))
    if status != "open":
        rooms.place(db, anna, cart["id"])
    if status in statuses.DEAD:
        rooms.moved(db, manager, cart["id"], status)
    elif status in WAY:
        rooms.moved(db, manager, cart["id"], *WAY[: WAY.index(status) + 1])
    return str(cart["id"])


def test_the_graph_names_every_status() -> None:
    assert set(ALLOWED) == set(statuses.STATUSES)
    assert {status: set(statuses.moves_from(status)) for status in statuses.STATUSES} == ALLOWED
    assert set(statuses.TARGETS) == {to for targets in ALLOWED.values() for to in targets}


@pytest.mark.parametrize("start", statuses.STATUSES)
def test_an_order_moves_only_where_it_may(db: Transactions, room: rooms.Room, doors: Doors, start: str) -> None:
    rooms.ruled(db, room, max_unpaid_orders=100)
    manager = rooms.staff(room, "manager")
    for to in statuses.TARGETS:
        path = f"/v1/orders/{brought_to(db, room, start)}"
        before = len(doors(manager, "GET", f"{path}/events").json["data"])
        answer = doors(manager, "POST", f"{path}/status", {"to": to, "reason": "so it is"})
        steps = len(doors(manager, "GET", f"{path}/events").json["data"]) - before
        if to in ALLOWED[start]:
            assert (answer.status, answer.json["status"], steps) == (200, to, 1)
        elif to == start:
            assert (answer.status, answer.json["status"], steps) == (200, to, 0)
        else:
            assert (answer.status, answer.code, steps) == (409, "illegal_status_move", 0)
            assert answer.json["details"]["status"] == start


def test_one_cannot_ask_for_placed_or_open(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    order_id = brought_to(db, room, "open")
    for to in ("placed", "open", "paid"):
        answer = doors(rooms.staff(room), "POST", f"/v1/orders/{order_id}/status", {"to": to})
        assert (answer.status, answer.json["errors"][0]["code"]) == (422, "choice")


def test_a_guest_may_only_cancel_and_only_until_accepted(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    path = f"/v1/orders/{order['id']}/status"
    for to in ("accepted", "rejected", "served"):
        assert doors(anna, "POST", path, {"to": to, "reason": "me"}).code == "illegal_status_move"
    rooms.moved(db, rooms.staff(room), order["id"], "accepted")
    assert doors(anna, "POST", path, {"to": "cancelled"}).code == "illegal_status_move"
    other = rooms.sent(db, anna, rooms.soup(room))
    assert doors(anna, "POST", f"/v1/orders/{other['id']}/status", {"to": "cancelled"}).json["status"] == "cancelled"


def test_each_step_asks_for_its_role(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    cook = rooms.staff(room, "kitchen")
    order_id = brought_to(db, room, "ready")
    path = f"/v1/orders/{order_id}/status"
    for to in ("served", "cancelled"):
        answer = doors(cook, "POST", path, {"to": to, "reason": "me"})
        assert (answer.status, answer.code) == (403, "role_not_allowed")
    assert doors(rooms.staff(room), "POST", path, {"to": "served"}).status == 200


def test_taking_back_what_is_being_cooked_needs_a_reason(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    waiter = rooms.staff(room)
    for start, to in (("placed", "rejected"), ("preparing", "cancelled"), ("served", "cancelled")):
        path = f"/v1/orders/{brought_to(db, room, start)}"
        answer = doors(waiter, "POST", f"{path}/status", {"to": to})
        assert (answer.status, answer.code) == (422, "reason_required")
        doors(waiter, "POST", f"{path}/status", {"to": to, "reason": "dropped"})
        last = doors(waiter, "GET", f"{path}/events").json["data"][-1]
        assert (last["from"], last["to"], last["details"]["reason"]) == (start, to, "dropped")
        assert last["actor"] == {"kind": "staff", "id": waiter.id}


def test_a_paid_order_cannot_be_cancelled(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    path = f"/v1/orders/{order['id']}/status"
    rooms.held(db, "bil_1", anna, order["id"])
    assert doors(anna, "POST", path, {"to": "cancelled"}).code == "order_locked"
    rooms.paid(db, "bil_1")
    for to in ("cancelled", "rejected"):
        answer = doors(rooms.staff(room), "POST", path, {"to": to, "reason": "none left"})
        assert (answer.status, answer.code) == (409, "order_already_paid")
    assert doors(rooms.staff(room), "POST", path, {"to": "accepted"}).status == 200


def test_a_move_of_an_old_version_is_refused(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    order_id, waiter = brought_to(db, room, "placed"), rooms.staff(room)
    path = f"/v1/orders/{order_id}/status"
    stale = doors(waiter, "POST", path, {"to": "accepted"}, {"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "precondition_failed")
    fresh = f'"{stale.json["details"]["version"]}"'
    assert doors(waiter, "POST", path, {"to": "accepted"}, {"If-Match": fresh}).status == 200
    assert doors(waiter, "POST", path, {"to": "accepted"}, {"If-Match": fresh}).status == 200


def test_of_accepting_and_cancelling_at_once_one_happens(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    waiter = rooms.staff(room)
    for _ in range(4):
        anna = rooms.guest(db, room)
        order = rooms.sent(db, anna, rooms.soup(room))
        path = f"/v1/orders/{order['id']}"
        accepted, cancelled = at_once(
            [
                partial(doors, waiter, "POST", f"{path}/status", {"to": "accepted"}),
                partial(doors, anna, "POST", f"{path}/status", {"to": "cancelled"}),
            ]
        )
        assert sorted([accepted.status, cancelled.status]) == [200, 409]
        with db.read() as tx:
            steps = sa.select(order_events.c.from_status, order_events.c.to_status)
            happened = tx.execute(steps.where(order_events.c.order_id == order["id"]).order_by(order_events.c.id)).all()
        final = "accepted" if accepted.status == 200 else "cancelled"
        assert [tuple(one) for one in happened] == [("open", "placed"), ("placed", final)]


def test_many_taps_on_accept_are_one_step(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    order_id = brought_to(db, room, "placed")
    path = f"/v1/orders/{order_id}"
    waiter = rooms.staff(room)
    answers = at_once([partial(doors, waiter, "POST", f"{path}/status", {"to": "accepted"})] * 8)
    assert {answer.status for answer in answers} == {200}
    assert len(doors(waiter, "GET", f"{path}/events").json["data"]) == 2
