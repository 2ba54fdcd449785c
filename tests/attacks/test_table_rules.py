"""A table belongs to who sits there: codes, retired prints, two tables with one phone, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.attacks import refusals
from tests.attacks.party import sit_down

if TYPE_CHECKING:
    from tests.attacks.knocking import Knocker
    from tests.attacks.party import Party
    from tests.attacks.rows import Rows
    from tests.attacks.world import Restaurant


def test_a_code_that_is_almost_right_is_not_found(party: Party, rows: Rows) -> None:
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


def test_an_old_print_is_retired(party: Party, rows: Rows) -> None:
    party.house.owner.post(f"/v1/tables/{party.table['id']}/rotate")
    old = party.table["code"]
    with rows.unchanged():
        party.refused("GET", f"/v1/table-links/{old}", None, 410, "table_code_retired")
        party.refused("POST", "/v1/auth/guest", {"table_code": old}, 410, "table_code_retired")


def test_one_phone_at_two_tables_is_two_guests(party: Party, knocker: Knocker, home: Restaurant) -> None:
    cart, code = party.cart(), sit_down(knocker, home).table["code"]
    moved = knocker.ask("POST", "/v1/auth/guest", {"table_code": code}, token=party.token).json
    assert moved["session"]["id"] != party.session
    seen = knocker.ask("GET", "/v1/orders", token=moved["access_token"])
    assert (seen.status, seen.json["data"]) == (200, [])
    path = f"/v1/orders/{cart['id']}"
    refusals.check(knocker.ask("GET", path, token=moved["access_token"]), path, 404, "order_not_found")


def test_a_table_nobody_has_confirmed_gets_three_unpaid_orders(
    knocker: Knocker, abroad: Restaurant, rows: Rows
) -> None:
    party = sit_down(knocker, abroad)
    limit = "max_unpaid_orders"
    usual = abroad.owner.get("/v1/venue")[limit]
    abroad.owner.patch("/v1/venue", {limit: 3})
    try:
        for _ in range(3):
            party.sent()
        with rows.unchanged():
            party.refused("POST", "/v1/orders", {"items": [party.dish()]}, 409, "too_many_open_orders")
        abroad.owner.post("/v1/table-sessions", {"table_id": party.table["id"]})
        party.sent()
    finally:
        abroad.owner.patch("/v1/venue", {limit: usual})
