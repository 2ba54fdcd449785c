"""What belongs to another table or restaurant is not found: no door shows it and none changes it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.attacks import cases
from tests.attacks.knocking import Case, bearer
from tests.attacks.matrix import every
from tests.attacks.world import line, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.doors import Door
    from tests.attacks.knocking import Knocker
    from tests.attacks.matrix import Refuse
    from tests.attacks.rows import Rows
    from tests.attacks.world import Restaurant


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody with a sound token, and the restaurant and seat of their own."""

    name: str
    token: str
    own: Restaurant
    seat: int

    def thing(self, place: str) -> str:
        return self.own.thing(place, self.seat)


@pytest.fixture(scope="session")
def strangers(home: Restaurant, abroad: Restaurant) -> dict[str, Stranger]:
    """Give who has no business with the first table of ``home``."""
    return {
        "neighbour": Stranger("neighbour", home.seats[1].guest.token, home, 1),
        "guest abroad": Stranger("guest abroad", abroad.seats[0].guest.token, abroad, 0),
        "owner abroad": Stranger("owner abroad", abroad.owner.token, abroad, 0),
    }


def meant(door: Door) -> tuple[str, ...]:
    """Give which strangers pass a door at all, so that only the thing behind it can stop them."""
    guests = ("neighbour", "guest abroad") if door.who.guest else ()
    return (*guests, "owner abroad") if door.who.staff_role else guests


def foreign(door: Door, home: Restaurant, stranger: Stranger) -> Iterator[Case]:
    """Give addresses with one foreign thing among the stranger's own, and with foreign things alone."""
    theirs = {variable: home.thing(place) for variable, place in places(door)}
    own = {variable: stranger.thing(place) for variable, place in places(door)}
    mixed = [{**own, variable: thing} for variable, thing in theirs.items()]
    sent = [{**theirs, "order_id": home.seats[0].sent}] if "order_id" in theirs else []
    for things in (theirs, *mixed, *sent):
        yield cases.sound(door, home, bearer(stranger.token), **things).but(stranger.name, status=404)


@every(lambda door: door.variables and not door.who.anyone)
def test_a_strangers_id_is_not_found(
    door: Door, home: Restaurant, strangers: dict[str, Stranger], refuse: Refuse
) -> None:
    refuse(one for name in meant(door) for one in foreign(door, home, strangers[name]))


@every(lambda door: door.method == "GET" and door.variables and not door.who.anyone)
def test_who_it_belongs_to_finds_it(door: Door, home: Restaurant, knocker: Knocker) -> None:
    """Without this the test above would pass with ids nobody has."""
    for _, headers in cases.guest_and_staff(door, home):
        assert knocker.ask("GET", cases.address(door, home), headers=headers).status == 200


@every(lambda door: door.method == "GET" and not door.variables and not door.who.anyone)
def test_no_list_shows_what_belongs_to_strangers(
    door: Door, home: Restaurant, strangers: dict[str, Stranger], knocker: Knocker
) -> None:
    for name in meant(door):
        answer = knocker.ask("GET", door.url, token=strangers[name].token)
        assert answer.status == 200
        shared = home.things.values() if name == "neighbour" else ()
        told = [thing for thing in (*home.things.values(), *home.seats[0].things.values()) if thing not in shared]
        assert [thing for thing in told if thing.encode() in answer.body and thing != "sandbox"] == [], name


GUESTS = ("neighbour", "guest abroad")
EVERYONE = (*GUESTS, "owner abroad")
PAYING = ("/v1/checkout", "/v1/checkout/quote", "/v1/bills")


@pytest.mark.parametrize("name", EVERYONE)
def test_a_foreign_order_cannot_be_paid_alone_or_among_ones_own(
    name: str, home: Restaurant, strangers: dict[str, Stranger], knocker: Knocker, rows: Rows
) -> None:
    """The attempt itself is kept, as a bill that was given up."""
    me, theirs = strangers[name], home.seats[0]
    card = {"method": "sandbox", "card": {"token": "tok_approve"}}
    bad = [
        post(me, path, {"order_ids": orders, **(card if path == "/v1/checkout" else {})}, 404, "order_not_found")
        for path in PAYING
        for orders in ([theirs.sent], [me.own.seats[me.seat].sent, theirs.sent], [theirs.things["/v1/orders"]])
    ]
    with rows.unchanged(but=("payments.bills", "orders.bill_locks")):
        knocker.refused(bad)
    with rows.unchanged():
        knocker.refused(one for one in bad if one.path.endswith("quote"))


@pytest.mark.parametrize("name", EVERYONE[1:])
def test_a_foreign_dish_or_option_cannot_be_ordered(
    name: str, home: Restaurant, strangers: dict[str, Stranger], refuse: Refuse
) -> None:
    me = strangers[name]
    order, own = f"/v1/orders/{me.thing('/v1/orders')}", me.thing("/v1/orders/<order_id>/items")
    party = {"session_id": me.thing("/v1/table-sessions")} if name == "owner abroad" else {}
    dish = line(home.things)
    options = {"options": dish["options"]}
    for path, more in (("/v1/orders", party), (f"{order}/items", {})):
        refuse([post(me, path, {"items": [dish], **more}, 422, "item_unavailable")])
        refuse([post(me, path, {"items": [line(me.own.things, **options)], **more}, 422, "validation_failed")])
    refuse([post(me, f"{order}/items/{own}", options, 422, "validation_failed").but(name, method="PATCH")])


@pytest.mark.parametrize("name", EVERYONE)
def test_no_order_is_made_for_a_foreign_party(
    name: str, home: Restaurant, strangers: dict[str, Stranger], refuse: Refuse
) -> None:
    me = strangers[name]
    body = {"items": [line(me.own.things)], "session_id": home.thing("/v1/table-sessions")}
    refuse([post(me, "/v1/orders", body, 404, "session_not_found")])


def test_staff_open_their_own_tables_only(home: Restaurant, strangers: dict[str, Stranger], refuse: Refuse) -> None:
    body = {"table_id": home.thing("/v1/tables")}
    refuse([post(strangers["owner abroad"], "/v1/table-sessions", body, 404, "table_not_found")])


def test_a_menu_is_made_of_its_own_entries_only(
    home: Restaurant, strangers: dict[str, Stranger], refuse: Refuse
) -> None:
    me = strangers["owner abroad"]
    item, group = (
        f"/v1/menu/items/{me.thing('/v1/menu/items')}",
        f"/v1/menu/option-groups/{me.thing('/v1/menu/option-groups')}",
    )
    new = {"name": {"en": "Soup"}, "price": {"amount": 1, "currency": "EUR"}, "tax_ppm": 0}
    category, groups = home.thing("/v1/menu/categories"), [home.thing("/v1/menu/option-groups")]
    options = [{"id": home.thing("/v1/menu/options"), "name": {"en": "Large"}}]
    mine = me.thing("/v1/menu/categories")
    bad = [
        post(me, "/v1/menu/items", {**new, "category_id": category}, 422),
        post(me, "/v1/menu/items", {**new, "category_id": mine, "option_group_ids": groups}, 422),
        post(me, item, {"category_id": category}, 422).but("category", method="PATCH"),
        post(me, item, {"option_group_ids": groups}, 422).but("groups", method="PATCH"),
        post(me, group, {"options": options}, 422).but("options", method="PATCH"),
    ]
    refuse(bad)


@pytest.mark.parametrize("name", EVERYONE)
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/bills"])
def test_a_filter_by_a_foreign_party_finds_nothing(
    name: str, path: str, home: Restaurant, strangers: dict[str, Stranger], knocker: Knocker
) -> None:
    """What guests may not ask for is left out of their answer, where it is theirs, or refused."""
    theirs = home.thing("/v1/table-sessions")
    answer = knocker.ask("GET", f"{path}?session_id={theirs}", token=strangers[name].token)
    assert theirs.encode() not in answer.body
    assert answer.status == 200


@pytest.mark.parametrize("path", ["/v1/promotions/validate", "/v1/checkout/quote"])
def test_a_foreign_code_reads_like_one_that_does_not_exist(
    path: str, home: Restaurant, strangers: dict[str, Stranger], knocker: Knocker
) -> None:
    me = strangers["guest abroad"]
    orders = {"order_ids": [me.own.seats[0].sent]} if path.endswith("quote") else {}
    told = []
    for code in (home.thing("/v1/promotions/<promotion_id>/codes"), "SOUPNOWHERE"):
        answer = knocker.ask("POST", path, {"code": code, **orders}, token=me.token)
        document = {key: value for key, value in answer.json.items() if key != "request_id"}
        told.append((answer.status, json.dumps(document).replace(code, "")))
    assert told[0] == told[1]
    assert "code_not_found" in told[0][1]


def post(me: Stranger, path: str, body: dict[str, Any], status: int, code: str = "") -> Case:
    """Write a request that names something foreign in its body."""
    return Case(
        name=me.name,
        method="POST",
        path=path,
        status=status,
        code=code,
        headers=bearer(me.token) | cases.JSON | {"Idempotency-Key": secrets.token_hex(8)},
        raw=json.dumps(body).encode(),
    )
