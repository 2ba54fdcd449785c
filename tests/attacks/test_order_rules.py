"""What a guest may not order, change or send twice, over HTTP through the gateway, with the exact answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.attacks import refusals
from tests.attacks.party import Party, sit_down

if TYPE_CHECKING:
    from tests.attacks.knocking import Knocker
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


@pytest.fixture
def party(knocker: Knocker, home: Restaurant) -> Party:
    return sit_down(knocker, home)


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


class TestKeys:
    def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(self, party: Party, rows: Rows) -> None:
        key = {"Idempotency-Key": "one-key-for-one-order"}
        body = {"items": [party.dish()]}
        first = party.ask("POST", "/v1/orders", body, headers=key)
        with rows.unchanged():
            again = party.ask("POST", "/v1/orders", body, headers=key)
            quoted = party.ask("POST", "/v1/orders", body, headers={"Idempotency-Key": '"one-key-for-one-order"'})
            other = party.ask("POST", "/v1/orders", {"items": [party.dish(quantity=2)]}, headers=key)
        assert first.status == 201
        assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
        assert quoted.body == first.body
        refusals.check(other, "/v1/orders", 422, "idempotency_key_reused")

    def test_a_key_belongs_to_who_sent_it(self, party: Party, knocker: Knocker, home: Restaurant) -> None:
        other = sit_down(knocker, home)
        key = {"Idempotency-Key": "a key two guests have"}
        body = {"items": [party.dish()]}
        mine, theirs = (one.ask("POST", "/v1/orders", body, headers=key) for one in (party, other))
        assert (mine.status, theirs.status) == (201, 201)
        assert mine.json["id"] != theirs.json["id"]
        assert "idempotency-replayed" not in theirs.headers

    @pytest.mark.parametrize("key", ["8letters", "x" * 255, "~!@#$%^&*()_+{}|:<>?", '"in quotes"'])
    def test_any_printable_key_of_8_to_255_characters_will_do(self, party: Party, key: str) -> None:
        body = {"items": [party.dish()]}
        assert party.ask("POST", "/v1/orders", body, headers={"Idempotency-Key": key}).status == 201


class TestPaying:
    def test_the_amount_and_the_method_are_the_houses(self, party: Party, rows: Rows) -> None:
        order = {"order_ids": [party.sent()["id"]]}
        amount = {"amount": {"amount": 1, "currency": "EUR"}}
        with rows.unchanged():
            faults = party.refused(
                "POST", "/v1/checkout", {**order, **amount, "method": "cash"}, 422, "validation_failed"
            )
            assert faults == [("/amount", "unknown")]
            for method in ("free", "CASH", "../cash", "sand"):
                party.refused("POST", "/v1/checkout", {**order, "method": method}, 422, "payment_method_unknown")

    def test_what_is_paid_is_not_paid_again(self, party: Party) -> None:
        order = {"order_ids": [party.sent()["id"]], "method": "sandbox", "card": {"token": "tok_approve"}}
        assert party.done("POST", "/v1/checkout", order)["payment"]["status"] == "captured"
        party.refused("POST", "/v1/checkout", order, 409, "order_already_paid")

    def test_a_payment_is_no_larger_than_the_bill_and_in_its_currency(self, party: Party, rows: Rows) -> None:
        bill = party.done("POST", "/v1/bills", {"order_ids": [party.sent()["id"]]})
        path, due = f"/v1/bills/{bill['id']}/payments", bill["due"]["amount"]
        for amount, code in (
            ({"amount": due + 1, "currency": "EUR"}, "amount_over_due"),
            ({"amount": due, "currency": "USD"}, "currency_mismatch"),
        ):
            with rows.unchanged(but=("payments.idempotency_keys",)):
                party.refused("POST", path, {"method": "cash", "amount": amount}, 422, code)
        assert party.done("GET", f"/v1/bills/{bill['id']}")["due"]["amount"] == due


class TestTables:
    def test_a_code_that_is_almost_right_is_not_found(self, party: Party, rows: Rows) -> None:
        code = party.table["code"]
        near = [
            code[:-1] + ("0" if code[-1] != "0" else "1"),
            code + "0",
            code[1:],
            code.upper(),
            "0" * len(code),
            "%25",
        ]
        with rows.unchanged():
            for wrong in near:
                party.refused("GET", f"/v1/table-links/{wrong}", None, 404, "table_not_found")
                party.refused("POST", "/v1/auth/guest", {"table_code": wrong}, 404, "table_not_found")

    def test_an_old_print_is_retired(self, party: Party, rows: Rows) -> None:
        party.house.owner.post(f"/v1/tables/{party.table['id']}/rotate")
        old = party.table["code"]
        with rows.unchanged():
            party.refused("GET", f"/v1/table-links/{old}", None, 410, "table_code_retired")
            party.refused("POST", "/v1/auth/guest", {"table_code": old}, 410, "table_code_retired")

    def test_one_phone_at_two_tables_is_two_guests(self, party: Party, knocker: Knocker, home: Restaurant) -> None:
        cart, code = party.cart(), sit_down(knocker, home).table["code"]
        moved = knocker.ask("POST", "/v1/auth/guest", {"table_code": code}, token=party.token).json
        assert moved["session"]["id"] != party.session
        seen = knocker.ask("GET", "/v1/orders", token=moved["access_token"])
        assert (seen.status, seen.json["data"]) == (200, [])
        path = f"/v1/orders/{cart['id']}"
        refusals.check(knocker.ask("GET", path, token=moved["access_token"]), path, 404, "order_not_found")
