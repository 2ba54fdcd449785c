"""Tables and visits: from the first scan to the end, after which nobody sees anything of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.order import closing, errors, sessions
from ordering_platform.order.models import order_events, orders, session_guests, table_sessions
from tests.order import rooms
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from tests.order.conftest import Doors


def test_two_first_scans_at_once_sit_down_together(db: Transactions, room: rooms.Room) -> None:
    guests = at_once([partial(rooms.guest, db, room)] * 12)
    assert len({guest.session for guest in guests}) == 1
    with db.read() as tx:
        opened = sa.select(order_events).where(order_events.c.kind == "session.opened")
        assert len(tx.execute(opened).all()) == 1
        assert len(tx.execute(sa.select(session_guests)).all()) == 12


def test_two_tables_do_not_mix(db: Transactions, room: rooms.Room) -> None:
    assert rooms.guest(db, room).session != rooms.guest(db, room, code=room.other_code).session


def test_a_second_scan_of_the_same_guest_joins_once_and_may_bring_a_name(db: Transactions, room: rooms.Room) -> None:
    scan = partial(sessions.open_by_scan, db, table_code=room.code, guest_id="gst_1", visit_code=None)
    first = scan(nickname=None)
    assert scan(nickname="Anna") == first == scan(nickname=None)
    with db.read() as tx:
        assert tx.execute(sa.select(session_guests.c.nickname)).scalars().all() == ["Anna"]


def test_a_code_nobody_printed_opens_nothing(db: Transactions, room: rooms.Room) -> None:
    for code in ("", "x", room.code[:-1], room.code + "0", room.code.upper()):
        with pytest.raises(errors.TableNotFound):
            rooms.guest(db, room, code=code or "-")
    with db.read() as tx:
        assert tx.execute(sa.select(table_sessions)).all() == []


def test_a_table_takes_only_so_many_phones(db: Transactions, room: rooms.Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_GUESTS", 2)
    first, _ = rooms.guest(db, room), rooms.guest(db, room)
    with pytest.raises(errors.TableFull):
        rooms.guest(db, room)
    again = sessions.open_by_scan(db, table_code=room.code, guest_id=first.id, nickname=None, visit_code=None)
    assert again["session_id"] == first.session


def test_an_old_print_is_gone_and_every_other_code_goes_on(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    rotated = doors(manager, "POST", f"/v1/tables/{room.table}/rotate").json
    assert rotated["code"] != room.code
    with pytest.raises(errors.TableCodeRetired):
        rooms.guest(db, room)
    link = doors(None, "GET", f"/v1/table-links/{room.code}")
    assert (link.status, link.code) == (410, "table_code_retired")
    assert rooms.guest(db, room, code=rotated["code"]).session == anna.session
    assert rooms.guest(db, room, code=room.other_code).table == room.other_table
    assert doors(anna, "GET", "/v1/menu").status == 200


def test_a_link_says_where_it_leads(room: rooms.Room, doors: Doors) -> None:
    link = doors(None, "GET", f"/v1/table-links/{room.code}").json
    assert link == {"venue": {"name": "Zur Probe", "languages": ["de", "en"]}, "table": {"name": "T1"}}
    unknown = doors(None, "GET", "/v1/table-links/nonsense")
    assert (unknown.status, unknown.code) == (404, "table_not_found")


def test_where_a_visit_code_is_asked_for_the_table_must_be_open_and_the_code_right(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    rooms.ruled(db, room, policy="visit_code")
    waiter = rooms.staff(room)
    with pytest.raises(errors.TableClosed):
        rooms.guest(db, room)
    opened = doors(waiter, "POST", "/v1/table-sessions", {"table_id": room.table}).json
    with pytest.raises(errors.VisitCodeRequired):
        rooms.guest(db, room)
    anna = rooms.guest(db, room, visit_code=opened["visit_code"])
    assert anna.session == opened["id"]
    again = sessions.open_by_scan(db, table_code=room.code, guest_id=anna.id, nickname=None, visit_code=None)
    assert again["session_id"] == anna.session


def test_a_visit_code_cannot_be_tried_out(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    rooms.ruled(db, room, policy="visit_code")
    opened = doors(rooms.staff(room), "POST", "/v1/table-sessions", {"table_id": room.table}).json
    wrong = f"{(int(opened['visit_code']) + 1) % 10_000:04}"
    for _ in range(sessions.MAX_WRONG_CODES):
        with pytest.raises(errors.VisitCodeRequired):
            rooms.guest(db, room, visit_code=wrong)
    with pytest.raises(errors.TooManyWrongCodes) as refusal:
        rooms.guest(db, room, visit_code=opened["visit_code"])
    assert (refusal.value.status, refusal.value.retry_after) == (429, 600)
    renewed = doors(rooms.staff(room), "POST", f"/v1/table-sessions/{opened['id']}/visit-code").json
    assert rooms.guest(db, room, visit_code=renewed["visit_code"]).session == opened["id"]


def test_after_closing_every_door_is_shut(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, waiter = rooms.guest(db, room), rooms.staff(room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    closed = doors(waiter, "POST", f"/v1/table-sessions/{anna.session}/close", {})
    assert (closed.status, closed.json["status"]) == (200, "closed")
    path = f"/v1/orders/{cart['id']}"
    item = f"{path}/items/{cart['items'][0]['id']}"
    for method, where, body in (
        ("GET", "/v1/menu", None),
        ("GET", "/v1/venue", None),
        ("GET", "/v1/orders", None),
        ("GET", path, None),
        ("GET", "/v1/orders/ord_none", None),
        ("GET", f"{path}/events", None),
        ("GET", "/v1/events", None),
        ("POST", "/v1/orders", {}),
        ("POST", f"{path}/items", {"items": [rooms.soup(room)]}),
        ("PATCH", item, {"quantity": 2}),
        ("DELETE", item, None),
        ("POST", f"{path}/place", {}),
        ("POST", f"{path}/status", {"to": "cancelled"}),
        ("POST", "/v1/staff-calls", {"kind": "help"}),
    ):
        answer = doors(anna, method, where, body, {"Idempotency-Key": rooms.key()})
        assert (answer.status, answer.code) == (410, "session_closed"), where
    again = doors(waiter, "POST", f"/v1/table-sessions/{anna.session}/close", {})
    assert again.json == closed.json


def test_a_later_party_sees_nothing_of_an_earlier_one(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, waiter = rooms.guest(db, room), rooms.staff(room)
    order = rooms.sent(db, anna, rooms.soup(room))
    body = {"force": True, "reason": "they have left"}
    doors(waiter, "POST", f"/v1/table-sessions/{anna.session}/close", body)
    later = rooms.guest(db, room)
    assert later.session != anna.session
    assert doors(later, "GET", "/v1/orders").json["data"] == []
    assert doors(later, "GET", f"/v1/orders/{order['id']}").status == 404
    events = doors(later, "GET", "/v1/events").json["data"]
    assert [event["kind"] for event in events] == ["session.opened"]


def test_unpaid_orders_keep_a_table_open_unless_forced_with_a_reason(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna, waiter = rooms.guest(db, room), rooms.staff(room)
    order = rooms.sent(db, anna, rooms.soup(room))
    close = f"/v1/table-sessions/{anna.session}/close"
    answer = doors(waiter, "POST", close, {})
    assert (answer.status, answer.code, answer.json["details"]) == (409, "unpaid_orders", {"orders": 1})
    assert doors(waiter, "POST", close, {"force": True}).code == "reason_required"
    rooms.held(db, "bil_1", anna, order["id"])
    assert doors(waiter, "POST", close, {}).code == "unpaid_orders"
    rooms.paid(db, "bil_1")
    assert doors(waiter, "POST", close, {}).json["status"] == "closed"


def test_of_sending_and_closing_at_once_the_kitchen_never_cooks_for_an_empty_table(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    waiter = rooms.staff(room)
    for _ in range(5):
        anna = rooms.guest(db, room)
        cart = rooms.cart(db, anna, rooms.soup(room))
        placed, closed = at_once(
            [
                partial(doors, anna, "POST", f"/v1/orders/{cart['id']}/place", {}),
                partial(doors, waiter, "POST", f"/v1/table-sessions/{anna.session}/close", {}),
            ]
        )
        assert (placed.status, closed.status) in {(200, 409), (410, 200)}
        rooms.moved(db, waiter, cart["id"], "cancelled")
        doors(waiter, "POST", f"/v1/table-sessions/{anna.session}/close", {})


def test_a_paid_and_quiet_visit_ends_by_itself(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    waiter = rooms.staff(room)

    def quiet() -> int:
        with db.transaction() as tx:
            long_ago = sa.func.now() - sa.text("interval '40 minutes'")
            tx.execute(sa.update(table_sessions).values(last_activity_at=long_ago))
            tx.execute(sa.update(orders).values(updated_at=long_ago))
            return closing.close_quiet(tx)

    assert quiet() == 0
    rooms.held(db, "bil_1", anna, order["id"])
    rooms.paid(db, "bil_1")
    assert quiet() == 0
    rooms.moved(db, waiter, order["id"], "accepted", "preparing", "ready", "served")
    with db.transaction() as tx:
        assert closing.close_quiet(tx) == 0
    assert quiet() == 1
    assert rooms.guest(db, room).session != anna.session


def test_a_visit_without_orders_is_given_time(db: Transactions, room: rooms.Room) -> None:
    rooms.guest(db, room)
    for hours, ended in ((2, 0), (4, 1)):
        with db.transaction() as tx:
            past = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, hours)
            tx.execute(sa.update(table_sessions).values(last_activity_at=past))
            assert closing.close_quiet(tx) == ended


def test_staff_see_the_visits_of_their_venue_only(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna = rooms.guest(db, room, nickname="Anna")
    waiter = rooms.staff(room)
    (listed,) = doors(waiter, "GET", "/v1/table-sessions?status=open").json["data"]
    assert listed == doors(waiter, "GET", f"/v1/table-sessions/{anna.session}").json
    assert listed["guests"] == [{"id": anna.id, "nickname": "Anna"}]
    with db.transaction() as tx:
        elsewhere = rooms.venue(tx)
    foreign = rooms.staff(elsewhere, "owner")
    assert doors(foreign, "GET", "/v1/table-sessions").json["data"] == []
    for method, where in (("GET", ""), ("POST", "/close"), ("POST", "/visit-code")):
        answer = doors(foreign, method, f"/v1/table-sessions/{anna.session}{where}", {} if where == "/close" else None)
        assert (answer.status, answer.code) == (404, "session_not_found")
    assert doors(foreign, "POST", "/v1/table-sessions", {"table_id": room.table}).code == "table_not_found"
    for method, where, more in (("PATCH", "", {"name": "X"}), ("DELETE", "", None), ("POST", "/rotate", None)):
        assert doors(foreign, method, f"/v1/tables/{room.table}{where}", more).code == "table_not_found"
    assert doors(foreign, "GET", f"/v1/tables/{room.table}/qr.svg").code == "table_not_found"
    assert [table["name"] for table in doors(foreign, "GET", "/v1/tables").json["data"]] == ["T1", "T2"]


def test_visits_are_listed_in_pages(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    first, second = rooms.guest(db, room), rooms.guest(db, room, code=room.other_code)
    waiter = rooms.staff(room)
    page = doors(waiter, "GET", "/v1/table-sessions?limit=1").json
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([max(first.session, second.session)], True)
    page = doors(waiter, "GET", f"/v1/table-sessions?limit=1&after={page['next']}").json
    assert ([one["id"] for one in page["data"]], page["has_more"]) == ([min(first.session, second.session)], False)


def test_guests_and_lower_roles_stay_out_of_the_back_office(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, cook, waiter = rooms.guest(db, room), rooms.staff(room, "kitchen"), rooms.staff(room)
    for caller, shut in (
        (anna, ["GET /v1/tables", "GET /v1/table-sessions", "GET /v1/staff-calls", "GET /v1/menu/source"]),
        (cook, ["GET /v1/tables", "GET /v1/table-sessions", f"GET /v1/tables/{room.table}/qr.svg"]),
        (waiter, [f"POST /v1/tables/{room.table}/rotate", f"DELETE /v1/tables/{room.table}", "GET /v1/menu/source"]),
    ):
        for door in shut:
            method, where = door.split()
            answer = doors(caller, method, where)
            assert (answer.status, answer.code) == (403, "role_not_allowed"), door
    for caller in (anna, cook, waiter):
        assert doors(caller, "PATCH", "/v1/venue", {"name": "Mine"}).code == "role_not_allowed"
        assert doors(caller, "POST", "/v1/tables", {"name": "T9"}).code == "role_not_allowed"


def test_tables_are_added_renamed_and_taken_out(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    manager = rooms.staff(room, "manager")
    made = doors(manager, "POST", "/v1/tables", {"name": "Terrace", "sort_order": 3}).json
    assert made["url"] == f"https://eat.example/t/{made['code']}"
    assert doors(manager, "POST", "/v1/tables", {"name": "Terrace"}).code == "table_name_taken"
    path = f"/v1/tables/{made['id']}"
    assert doors(manager, "PATCH", path, {"name": "T1"}).code == "table_name_taken"
    assert doors(manager, "PATCH", path, {"name": "Garden"}).json["name"] == "Garden"
    anna = rooms.guest(db, room, code=made["code"])
    assert doors(manager, "DELETE", path).code == "table_occupied"
    doors(manager, "POST", f"/v1/table-sessions/{anna.session}/close", {})
    assert doors(manager, "DELETE", path).status == 204
    assert doors(None, "GET", f"/v1/table-links/{made['code']}").code == "table_code_retired"
    assert doors(manager, "DELETE", path).code == "table_not_found"
    assert doors(manager, "POST", "/v1/tables", {"name": "Garden"}).status == 201


def test_the_qr_code_reads_as_the_link(room: rooms.Room, doors: Doors) -> None:
    import io  # noqa: PLC0415  heavy, and only here

    import cairosvg  # noqa: PLC0415
    import zxingcpp  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    answer = doors(rooms.staff(room), "GET", f"/v1/tables/{room.table}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    drawn = Image.open(io.BytesIO(cairosvg.svg2png(bytestring=answer.body)))
    (found,) = zxingcpp.read_barcodes(drawn)
    assert (found.text, found.ec_level) == (f"https://eat.example/t/{room.code}", "M")


def test_the_menu_behind_a_printed_link_can_be_read_before_anybody_sits_down(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    link = f"/v1/table-links/{room.code}/menu?language=de"
    assert doors(None, "GET", link).json == doors(rooms.guest(db, room), "GET", "/v1/menu?language=de").json
    assert doors(None, "GET", "/v1/table-links/nonsense/menu").code == "table_not_found"
