"""What a guest may not order, change or send twice, over HTTP through the gateway, with the exact answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.attacks import refusals

if TYPE_CHECKING:
    from tests.attacks.party import Party
    from tests.attacks.rows import Rows
    from tests.attacks.world import Restaurant

HOSTILE_NOTES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\u202eolleh\u202c",
    "🍜👩‍👩‍👧 \u200d",
    "'; DROP TABLE orders.orders; --",
    "{{7*7}} ${7*7} %s %(x)s \\",
    "first line\nsecond\tline",
)


@pytest.mark.parametrize("quantity", ["0", "-1", "21", "1.5", '"2"', "true", "1e3", "null", "9" * 40, "[]", "{}"])
def test_a_quantity_is_a_whole_number_from_1_to_20(party: Party, rows: Rows, quantity: str) -> None:
    cart = party.cart()
    dish = party.dish()
    item = f'{{"menu_item_id": "{dish["menu_item_id"]}", "options": ["{dish["options"][0]}"], "quantity": {quantity}}}'
    new, changed = f'{{"items": [{item}]}}', f'{{"quantity": {quantity}}}'
    order = f"/v1/orders/{cart['id']}"
    asked = [
        ("POST", "/v1/orders", new, "/items/0/quantity"),
        ("POST", f"{order}/items", new, "/items/0/quantity"),
        ("PATCH", f"{order}/items/{cart['items'][0]['id']}", changed, "/quantity"),
    ]
    with rows.unchanged():
        for method, path, body, pointer in asked:
            faults = party.refused(method, path, None, 422, "validation_failed", raw=body.encode())
            assert [at for at, _ in faults] == [pointer]


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "0x10", "1_000", "9" * 5000])
def test_a_quantity_that_is_no_json_spoils_the_document(party: Party, rows: Rows, quantity: str) -> None:
    raw = f'{{"items": [{{"menu_item_id": "itm_x", "quantity": {quantity}}}]}}'.encode()
    with rows.unchanged():
        party.refused("POST", "/v1/orders", None, 400, "malformed_json", raw=raw)


@pytest.mark.parametrize(
    "field", ["price", "unit_price", "total", "discount", "status", "payment_status", "payment_id", "venue_id", "id"]
)
def test_neither_price_nor_state_is_the_guests_to_say(party: Party, rows: Rows, field: str) -> None:
    cart = party.cart()
    order = f"/v1/orders/{cart['id']}"
    price = {field: {"amount": 1, "currency": "EUR"}}
    asked = [
        ("POST", "/v1/orders", {"items": [party.dish(**price)]}, f"/items/0/{field}"),
        ("POST", "/v1/orders", {"items": [party.dish()], **price}, f"/{field}"),
        ("POST", f"{order}/items", {"items": [party.dish(**price)]}, f"/items/0/{field}"),
        ("PATCH", f"{order}/items/{cart['items'][0]['id']}", price, f"/{field}"),
        ("POST", f"{order}/place", price, f"/{field}"),
        ("POST", f"{order}/status", {"to": "cancelled", **price}, f"/{field}"),
        ("POST", "/v1/checkout", {"order_ids": [cart["id"]], "method": "cash", **price}, f"/{field}"),
    ]
    with rows.unchanged():
        for method, path, body, pointer in asked:
            assert party.refused(method, path, body, 422, "validation_failed") == [(pointer, "unknown")]


def test_what_is_sold_out_or_gone_cannot_be_ordered(party: Party, rows: Rows) -> None:
    owner, things = party.house.owner, party.house.things
    gone = owner.post(
        "/v1/menu/items",
        {
            "category_id": things["/v1/menu/categories"],
            "name": {"en": "Yesterday's soup"},
            "price": {"amount": 1, "currency": "EUR"},
            "tax_ppm": 0,
        },
    )["id"]
    owner.ask("DELETE", f"/v1/menu/items/{gone}").checked()
    sold_out = f"/v1/menu/items/{things['/v1/menu/items']}/sold-out"
    owner.post(sold_out, {"sold_out": True})
    try:
        items = [party.dish(), {"menu_item_id": gone, "quantity": 1}]
        with rows.unchanged():
            faults = party.refused("POST", "/v1/orders", {"items": items}, 422, "item_unavailable")
        assert faults == [("/items/0/menu_item_id", "sold_out"), ("/items/1/menu_item_id", "unknown_item")]
    finally:
        owner.post(sold_out, {"sold_out": False})


@pytest.mark.parametrize(("lines", "code"), [(0, "validation_failed"), (101, "validation_failed"), (6, "order_limit")])
def test_an_order_has_some_lines_and_not_too_many_pieces(party: Party, rows: Rows, lines: int, code: str) -> None:
    items = [party.dish(quantity=20)] * lines
    with rows.unchanged():
        party.refused("POST", "/v1/orders", {"items": items}, 422, code)


def test_a_dish_is_ordered_with_exactly_the_options_it_asks_for(party: Party, rows: Rows, abroad: Restaurant) -> None:
    small = party.house.things["/v1/menu/options"]
    foreign = abroad.things["/v1/menu/options"]
    cart = party.cart()
    line = f"/v1/orders/{cart['id']}/items/{cart['items'][0]['id']}"
    for options in ([], [small, small], [foreign], [small, foreign], ["opt_nowhere"]):
        with rows.unchanged():
            wish = {"items": [party.dish(options=options)]}
            faults = party.refused("POST", "/v1/orders", wish, 422, "validation_failed")
            changed = party.refused("PATCH", line, {"options": options}, 422, "validation_failed")
        assert {at for at, _ in faults} == {"/items/0/options"}
        assert {at for at, _ in changed} == {"/options"}


@pytest.mark.parametrize("note", HOSTILE_NOTES)
def test_a_note_is_text_and_stays_it(party: Party, note: str) -> None:
    made = party.ask("POST", "/v1/orders", {"note": note, "items": [party.dish(note=note)]})
    assert made.headers["content-type"].startswith("application/json")
    assert made.headers["x-content-type-options"] == "nosniff"
    party.done("POST", f"/v1/orders/{made.json['id']}/place", {})
    seen = party.house.staff["kitchen"].get(f"/v1/orders/{made.json['id']}")
    assert (seen["note"], seen["items"][0]["note"]) == (note, note)


def test_a_note_of_501_characters_is_too_long(party: Party, rows: Rows) -> None:
    with rows.unchanged():
        bad = {"items": [party.dish(note="x" * 501)], "note": "x" * 501}
        faults = party.refused("POST", "/v1/orders", bad, 422, "validation_failed")
    assert faults == [("/items/0/note", "length"), ("/note", "length")]


def test_no_step_of_an_order_is_left_out(party: Party, rows: Rows) -> None:
    order = party.sent()["id"]
    owner = party.house.owner
    with rows.unchanged():
        for to in ("preparing", "ready", "served", "completed"):
            answer = party.knocker.ask("POST", f"/v1/orders/{order}/status", {"to": to}, token=owner.token)
            refusals.check(answer, f"/v1/orders/{order}/status", 409, "illegal_status_move")
        for to in ("accepted", "rejected", "served"):
            wish = {"to": to, "reason": "I am hungry"}
            party.refused("POST", f"/v1/orders/{order}/status", wish, 409, "illegal_status_move")


def test_what_was_sent_or_is_being_paid_is_not_edited(party: Party, rows: Rows) -> None:
    order = party.sent()
    item, path = order["items"][0]["id"], f"/v1/orders/{order['id']}"
    edits: list[tuple[str, str, Any]] = [
        ("POST", f"{path}/items", {"items": [party.dish()]}),
        ("PATCH", f"{path}/items/{item}", {"quantity": 2}),
        ("DELETE", f"{path}/items/{item}", None),
    ]
    with rows.unchanged():
        for method, where, body in edits:
            party.refused(method, where, body, 409, "invalid_state")
    party.done("POST", "/v1/bills", {"order_ids": [order["id"]]})
    with rows.unchanged():
        party.refused("POST", f"{path}/status", {"to": "cancelled"}, 409, "order_locked")
        for method, where, body in edits:
            assert party.ask(method, where, body).status == 409


def test_an_edit_of_an_old_version_is_refused(party: Party, rows: Rows) -> None:
    cart = party.cart()
    item, path = cart["items"][0]["id"], f"/v1/orders/{cart['id']}"
    stale = {"If-Match": f'"{cart["version"] + 1}"'}
    with rows.unchanged():
        for method, where, body in (
            ("POST", f"{path}/items", {"items": [party.dish()]}),
            ("PATCH", f"{path}/items/{item}", {"quantity": 2}),
            ("DELETE", f"{path}/items/{item}", None),
            ("POST", f"{path}/place", {}),
            ("POST", f"{path}/status", {"to": "cancelled"}),
        ):
            refusals.check(party.ask(method, where, body, headers=stale), where, 412, "precondition_failed")


def test_a_visit_that_has_ended_lets_nothing_be_done_any_more(party: Party, rows: Rows) -> None:
    cart, sent = party.cart(), party.sent()
    end = {"force": True, "reason": "They have left"}
    party.house.owner.post(f"/v1/table-sessions/{party.session}/close", end)
    path = f"/v1/orders/{cart['id']}"
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/v1/orders", {"items": [party.dish()]}),
        ("POST", f"{path}/items", {"items": [party.dish()]}),
        ("PATCH", f"{path}/items/{cart['items'][0]['id']}", {"quantity": 2}),
        ("POST", f"{path}/place", {}),
        ("POST", f"{path}/status", {"to": "cancelled"}),
        ("POST", "/v1/staff-calls", {"kind": "help"}),
        ("GET", "/v1/orders", None),
        ("GET", path, None),
        ("GET", "/v1/menu", None),
        ("GET", "/v1/events", None),
        ("POST", "/v1/checkout/quote", {"order_ids": [sent["id"]]}),
    ]
    with rows.unchanged():
        for method, where, body in asked:
            party.refused(method, where, body, 410, "session_closed")
