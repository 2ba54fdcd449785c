"""What happened, as a list and live; nobody hears what is not theirs and nobody misses what is."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import events
from ordering_platform.runtime.notifications import MISSED, SILENCE, Listener
from tests.order import rooms
from tests.support.crowds import at_once
from tests.support.http import Wire, request_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller
    from tests.order.conftest import Doors

STREAM = {"Accept": "text/event-stream"}


class Stream:
    """An open stream; ``next()`` gives the next event that is not a ping."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self._text = b""

    def next(self) -> dict[str, Any]:
        while True:
            block = self._block()
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if fields.get("event", "ping") != "ping":
                return {"id": fields["id"], "event": fields["event"], "data": json.loads(fields["data"])}

    def _block(self) -> str:
        while b"\n\n" not in self._text:
            size = int(self.wire.until(b"\r\n"), 16)
            assert size, "the stream has ended"
            self._text += self.wire.exactly(size)
            self.wire.until(b"\r\n")
        block, self._text = self._text.split(b"\n\n", 1)
        return block.decode()

    def ends(self) -> bool:
        """Whether nothing but the end is left."""
        return self._text == b"" and int(self.wire.until(b"\r\n"), 16) == 0


@contextmanager
def following(doors: Doors, caller: Caller, **headers: str) -> Iterator[Stream]:
    """Follow what happens as somebody; the block begins when the stream has begun."""
    with Wire(doors.port) as wire:
        sent = {**rooms.signed(caller), **STREAM, **{name.replace("_", "-"): value for name, value in headers.items()}}
        head = wire.send(request_bytes("GET", "/v1/events", headers=sent)).head()
        assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
        stream = Stream(wire)
        assert stream._block().startswith("retry:")
        yield stream


def test_guests_and_staff_follow_an_order_live(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    with following(doors, anna) as at_table, following(doors, cook) as in_kitchen:
        order = rooms.sent(db, anna, rooms.soup(room))
        rooms.moved(db, cook, order["id"], "accepted")
        for stream, actor in ((at_table, None), (in_kitchen, cook.id)):
            placed, accepted = stream.next(), stream.next()
            assert (placed["event"], placed["data"]["order_id"]) == ("order.placed", order["id"])
            assert placed["data"]["details"] == {"number": "A101", "table": "T1", "needs_approval": False}
            assert (accepted["data"]["from"], accepted["data"]["to"]) == ("placed", "accepted")
            assert accepted["data"]["actor"] == {"kind": "staff", "id": actor}
            assert int(accepted["id"]) > int(placed["id"])


def test_a_stream_goes_on_after_the_last_event_seen(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    order = rooms.sent(db, anna, rooms.soup(room))
    first = doors(anna, "GET", "/v1/events").json["data"][-1]
    rooms.moved(db, cook, order["id"], "accepted", "preparing")
    with following(doors, anna, Last_Event_ID=first["id"]) as stream:
        assert [stream.next()["data"]["to"] for _ in range(2)] == ["accepted", "preparing"]
        rooms.moved(db, cook, order["id"], "ready")
        assert stream.next()["data"]["to"] == "ready"


def test_what_others_do_is_not_heard(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    with db.transaction() as tx:
        elsewhere = rooms.venue(tx)
    anna, ben, carl = rooms.guest(db, room), rooms.guest(db, room), rooms.guest(db, room, code=room.other_code)
    waiter, foreign = rooms.staff(room), rooms.staff(elsewhere)
    cart = rooms.cart(db, anna, rooms.soup(room))
    with (
        following(doors, ben) as beside,
        following(doors, carl) as at_other_table,
        following(doors, waiter) as at_work,
        following(doors, foreign) as in_other_venue,
    ):
        rooms.moved(db, anna, cart["id"], "cancelled")
        practice = rooms.sent(db, anna, rooms.soup(room), rehearsal=True)
        doors(rooms.staff(room, "kitchen"), "POST", f"/v1/menu/items/{room.soup}/sold-out", {"sold_out": True})
        doors(rooms.staff(elsewhere, "manager"), "PATCH", "/v1/venue", {"name": "Elsewhere"})
        assert beside.next()["data"]["order_id"] == practice["id"]
        for stream in (beside, at_other_table, at_work):
            assert stream.next()["event"] == "menu.changed"
        assert in_other_venue.next()["event"] == "venue.changed"
    assert [one["kind"] for one in doors(foreign, "GET", "/v1/events").json["data"]] == ["venue.changed"]
    assert "order.placed" not in [one["kind"] for one in doors(waiter, "GET", "/v1/events").json["data"]]


def test_a_guests_stream_ends_with_the_visit(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    with following(doors, anna) as stream:
        doors(rooms.staff(room), "POST", f"/v1/table-sessions/{anna.session}/close", {})
        assert stream.next()["event"] == "session.closed"
        assert stream.ends()
    answer = doors(anna, "GET", "/v1/events", None, STREAM)
    assert (answer.status, answer.code) == (410, "session_closed")


def test_the_list_is_the_stream_read_later(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    start = doors(anna, "GET", "/v1/events").json["next"]
    order = rooms.sent(db, anna, rooms.soup(room))
    doors(manager, "POST", f"/v1/menu/items/{room.coffee}/sold-out", {"sold_out": True})
    rooms.moved(db, manager, order["id"], "accepted", "preparing")
    for caller in (anna, manager):
        seen, after, more = [], start, True
        while more:
            page = doors(caller, "GET", f"/v1/events?limit=2&after={after}").json
            seen += [(event["kind"], event["to"]) for event in page["data"]]
            after, more = page["next"], page["has_more"]
        assert seen == [
            ("order.placed", "placed"),
            ("menu.changed", None),
            ("order.status_changed", "accepted"),
            ("order.status_changed", "preparing"),
        ]
        assert doors(caller, "GET", f"/v1/events?after={after}").json == {"data": [], "next": after, "has_more": False}


@pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "1.5"])
def test_an_event_id_nobody_gave_is_refused(db: Transactions, room: rooms.Room, doors: Doors, after: str) -> None:
    anna = rooms.guest(db, room)
    answer = doors(anna, "GET", f"/v1/events?after={after}")
    assert (answer.status, answer.code) == (400, "invalid_parameter")
    assert doors(anna, "GET", "/v1/events", None, {**STREAM, "Last-Event-ID": after}).code == "invalid_parameter"


def test_ids_grow_in_the_order_of_commits(db: Transactions, room: rooms.Room) -> None:
    """Whoever has read up to an id has missed nothing below it, however many write at once."""
    rooms.ruled(db, room, max_unpaid_orders=100)
    guests = [rooms.guest(db, room) for _ in range(10)]
    waiter = rooms.staff(room)
    seen: list[int] = []
    late: list[int] = []

    def read() -> None:
        for _ in range(60):
            with db.read() as tx:
                ids = [int(one["id"]) for one in events.listed(tx, waiter, "0", 100)["data"]]
            late.extend(one for one in ids if seen and one < seen[-1] and one not in seen)
            seen.extend(one for one in ids if one not in seen)

    outcomes = at_once([read, *(partial(rooms.sent, db, one, rooms.soup(room)) for one in guests)])
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert late == []


def test_what_was_missed_while_the_connection_was_cut_is_read_later(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    order = rooms.sent(db, anna, rooms.soup(room))
    with following(doors, anna) as stream:
        with db.transaction() as tx:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%-events'"
            assert tx.execute(sa.text(cut)).all()
        rooms.moved(db, cook, order["id"], "accepted", "preparing")
        assert [stream.next()["data"]["to"] for _ in range(2)] == ["accepted", "preparing"]


def test_an_odd_announcement_makes_nobody_deaf(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    with following(doors, anna) as stream:
        with db.transaction() as tx:
            tx.execute(sa.text("SELECT pg_notify('order_events', 'this is no event')"))
        order = rooms.sent(db, anna, rooms.soup(room))
        assert stream.next()["data"]["order_id"] == order["id"]


def test_one_who_falls_behind_is_told_to_read() -> None:
    with Listener(set()) as slow:
        for count in range(1500):
            slow.hear(count)
        heard = slow.messages(0.01)
        assert next(heard) is MISSED
        assert [next(heard) for _ in range(499)] == list(range(1001, 1500))
        assert next(heard) is SILENCE


def test_staff_are_called_once_for_each_need(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    waiter = rooms.staff(room)
    first = doors(anna, "POST", "/v1/staff-calls", {"kind": "bill", "note": "by card"}).json
    assert doors(ben, "POST", "/v1/staff-calls", {"kind": "bill"}).json == first
    calls = at_once([partial(doors, ben, "POST", "/v1/staff-calls", {"kind": "water"})] * 5)
    assert len({answer.json["id"] for answer in calls}) == 1
    waiting = doors(waiter, "GET", "/v1/staff-calls").json["data"]
    assert [call["kind"] for call in waiting] == ["water", "bill"]
    path = f"/v1/staff-calls/{first['id']}"
    seen = doors(waiter, "POST", f"{path}/acknowledge").json
    assert (seen["status"], seen["acknowledged_at"] is not None) == ("acknowledged", True)
    assert doors(waiter, "POST", f"{path}/acknowledge").json == seen
    done = doors(waiter, "POST", f"{path}/resolve").json
    assert done["status"] == "resolved"
    assert doors(waiter, "POST", f"{path}/acknowledge").json == done
    assert doors(anna, "POST", "/v1/staff-calls", {"kind": "bill"}).json["id"] != first["id"]
    assert [one["id"] for one in doors(waiter, "GET", "/v1/staff-calls?status=resolved").json["data"]] == [first["id"]]


def test_calls_are_the_venues_own(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room)
    call = doors(anna, "POST", "/v1/staff-calls", {"kind": "help"}).json
    with db.transaction() as tx:
        foreign = rooms.staff(rooms.venue(tx), "owner")
    assert doors(foreign, "GET", "/v1/staff-calls").json["data"] == []
    assert doors(foreign, "POST", f"/v1/staff-calls/{call['id']}/resolve").code == "staff_call_not_found"
    assert doors(anna, "POST", f"/v1/staff-calls/{call['id']}/resolve").code == "role_not_allowed"
    assert doors(rooms.staff(room), "POST", "/v1/staff-calls", {"kind": "help"}).code == "role_not_allowed"
    assert doors(anna, "POST", "/v1/staff-calls", {"kind": "dance"}).code == "validation_failed"
