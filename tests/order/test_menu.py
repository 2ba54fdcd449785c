"""The menu: read in one's language, changed by managers, sold out by the kitchen, the same bytes until it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.order.hours import wall_time
from ordering_platform.runtime.clock import now
from tests.order import rooms

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller
    from tests.order.conftest import Doors

EUR = "EUR"


def dishes(doors: Doors, caller: Caller, query: str = "", **headers: str) -> dict[str, dict[str, Any]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    menu = doors(caller, "GET", f"/v1/menu{query}", None, sent).json
    return {item["name"]: item for category in menu["categories"] for item in category["items"]}


def test_guests_read_the_menu_in_their_language_or_the_venues_first(
    db: Transactions, room: rooms.Room, doors: Doors
) -> None:
    anna = rooms.guest(db, room)
    assert list(dishes(doors, anna)) == ["Suppe", "Kaffee"]
    assert list(dishes(doors, anna, "?language=en")) == ["Soup", "Kaffee"]
    assert list(dishes(doors, anna, Accept_Language="en-GB,en;q=0.9")) == ["Soup", "Kaffee"]
    assert list(dishes(doors, anna, "?language=fr")) == ["Suppe", "Kaffee"]
    coffee = dishes(doors, anna)["Kaffee"]
    assert [(group["name"], group["min"], group["max"]) for group in coffee["option_groups"]] == [
        ("Milch", 1, 1),
        ("Sirup", 0, 2),
    ]
    assert coffee["option_groups"][0]["options"][0]["price"] == {"amount": 50, "currency": EUR}


def test_the_menu_can_be_read_before_sitting_down(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    behind = doors(None, "GET", f"/v1/table-links/{room.code}/menu?language=en")
    assert behind.json == doors(anna, "GET", "/v1/menu?language=en").json
    doors(manager, "POST", f"/v1/tables/{room.table}/rotate")
    for code in (room.code, "nonsense"):
        assert doors(None, "GET", f"/v1/table-links/{code}/menu").code == "table_not_found"


def test_an_unchanged_menu_is_not_sent_again(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, cook = rooms.guest(db, room), rooms.staff(room, "kitchen")
    first = doors(anna, "GET", "/v1/menu")
    known = {"If-None-Match": first.headers["etag"]}
    assert doors(anna, "GET", "/v1/menu", None, known).status == 304
    assert doors(anna, "GET", "/v1/menu?language=en", None, known).status == 200
    doors(cook, "POST", f"/v1/menu/items/{room.soup}/sold-out", {"sold_out": True})
    second = doors(anna, "GET", "/v1/menu", None, known)
    assert (second.status, second.json["version"] > first.json["version"]) == (200, True)


def test_hours_decide_what_is_available(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    category = doors(manager, "GET", "/v1/menu/source").json["categories"][0]["id"]
    every_day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    always = [{"days": every_day, "from": "00:00", "to": "00:00"}]
    # A minute that is never now: the hours of a test cannot be waited for.
    item = f"/v1/menu/items/{room.soup}"
    assert doors(manager, "PATCH", item, {"hours": always}).json["hours"] == always
    assert dishes(doors, anna)["Suppe"]["available"] is True
    never = _minutes_that_are_not_now()
    doors(manager, "PATCH", f"/v1/menu/categories/{category}", {"hours": [{"days": every_day, **never}]})
    assert dishes(doors, anna)["Suppe"]["available"] is False
    cart = doors(anna, "POST", "/v1/orders", {"items": [rooms.soup(room)]}, {"Idempotency-Key": rooms.key()})
    assert cart.json["errors"][0]["code"] == "not_served_now"


def _minutes_that_are_not_now() -> dict[str, str]:
    hour = (wall_time(now(), "Europe/Berlin").hour + 12) % 24
    return {"from": f"{hour:02}:00", "to": f"{hour:02}:30"}


def test_a_manager_builds_a_dish_with_its_options(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, manager = rooms.guest(db, room), rooms.staff(room, "manager")
    category = doors(manager, "POST", "/v1/menu/categories", {"name": {"de": "Kuchen"}}).json
    options = [
        {"name": {"de": "klein"}, "price": {"amount": -100, "currency": EUR}},
        {"name": {"de": "normal"}, "default": True},
    ]
    group = {"name": {"de": "Größe"}, "min": 1, "max": 1, "options": options}
    group = doors(manager, "POST", "/v1/menu/option-groups", group).json
    dish = {
        "category_id": category["id"],
        "name": {"de": "Torte", "en": "Cake"},
        "price": {"amount": 450, "currency": EUR},
        "tax_ppm": 70_000,
        "allergens": ["gluten", "eggs"],
        "option_group_ids": [group["id"]],
    }
    made = doors(manager, "POST", "/v1/menu/items", dish).json
    assert {name: made[name] for name in dish} == dish
    assert list(dishes(doors, anna)) == ["Suppe", "Kaffee", "Torte"]
    small = group["options"][0]["id"]
    wish = {"items": [{"menu_item_id": made["id"], "quantity": 1, "options": [small]}]}
    order = doors(anna, "POST", "/v1/orders", wish, {"Idempotency-Key": rooms.key()}).json
    assert order["total"]["amount"] == 350
    kept = [{**group["options"][1], "price": {"amount": 10, "currency": EUR}}, {"name": {"de": "groß"}}]
    kept[0] = {name: kept[0][name] for name in ("id", "name", "price", "default")}
    changed = doors(manager, "PATCH", f"/v1/menu/option-groups/{group['id']}", {"options": kept}).json
    assert [option["name"]["de"] for option in changed["options"]] == ["normal", "groß"]
    assert changed["options"][0]["id"] == group["options"][1]["id"]
    answer = doors(anna, "POST", f"/v1/orders/{order['id']}/place", {})
    assert (answer.code, answer.json["details"]["lines"][0]["reasons"]) == (
        "items_unavailable",
        ["unknown_option", "option_count"],
    )
    assert doors(manager, "DELETE", f"/v1/menu/option-groups/{group['id']}").status == 204
    assert dishes(doors, anna)["Torte"]["option_groups"] == []
    assert doors(manager, "DELETE", f"/v1/menu/categories/{category['id']}").code == "category_not_empty"
    assert doors(manager, "DELETE", f"/v1/menu/items/{made['id']}").status == 204
    assert doors(manager, "DELETE", f"/v1/menu/categories/{category['id']}").status == 204
    gone = doors(anna, "POST", f"/v1/orders/{order['id']}/place", {})
    assert gone.json["details"]["lines"][0]["reasons"] == ["unknown_item"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"price": {"amount": 1, "currency": "USD"}}, "/price/currency", "currency"),
        ({"price": {"amount": -1, "currency": EUR}}, "/price/amount", "range"),
        ({"price": {"amount": 1.5, "currency": EUR}}, "/price/amount", "wrong_type"),
        ({"category_id": "cat_none"}, "/category_id", "unknown_id"),
        ({"option_group_ids": ["grp_none"]}, "/option_group_ids", "unknown_id"),
        ({"name": {}}, "/name", "missing"),
        ({"name": {"German": "Suppe"}}, "/name", "language"),
        ({"name": "Suppe"}, "/name", "wrong_type"),
        ({"name": {"de": "x" * 101}}, "/name", "length"),
        ({"tax_ppm": 1_000_001}, "/tax_ppm", "range"),
        ({"allergens": ["water"]}, "/allergens/0", "choice"),
        ({"image_url": "javascript:alert(1)"}, "/image_url", "url"),
        ({"hours": [{"days": [], "from": "10:00", "to": "11:00"}]}, "/hours/0/days", "length"),
        ({"hours": [{"days": ["mon"], "from": "24:00", "to": "11:00"}]}, "/hours/0/from", "time"),
        ({"price_minor": 1}, "/price_minor", "unknown"),
    ],
)
def test_a_change_of_a_dish_that_makes_no_sense_is_refused(
    room: rooms.Room, doors: Doors, change: dict[str, Any], pointer: str, code: str
) -> None:
    answer = doors(rooms.staff(room, "manager"), "PATCH", f"/v1/menu/items/{room.soup}", change)
    assert answer.status == 422
    assert (answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (pointer, code)


def test_a_group_cannot_ask_for_more_than_it_allows(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    manager = rooms.staff(room, "manager")
    coffee = dishes(doors, rooms.guest(db, room))["Kaffee"]
    path = f"/v1/menu/option-groups/{coffee['option_groups'][1]['id']}"
    assert doors(manager, "PATCH", path, {"min": 3}).code == "validation_failed"
    assert doors(manager, "PATCH", path, {"min": 2}).json["min"] == 2
    assert doors(manager, "PATCH", path, {"max": 1}).code == "validation_failed"
    twice = [{"id": room.syrup, "name": {"de": "A"}}, {"id": room.syrup, "name": {"de": "B"}}]
    assert doors(manager, "PATCH", path, {"options": twice}).code == "validation_failed"
    foreign = [{"id": room.oat, "name": {"de": "Hafer"}}]
    assert doors(manager, "PATCH", path, {"options": foreign}).code == "validation_failed"


def test_the_menu_of_another_venue_cannot_be_touched(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    with db.transaction() as tx:
        elsewhere = rooms.venue(tx)
    foreign = rooms.staff(elsewhere, "owner")
    source = doors(rooms.staff(room, "manager"), "GET", "/v1/menu/source").json
    category, group = source["categories"][0]["id"], source["option_groups"][0]["id"]
    for method, path, body in (
        ("PATCH", f"items/{room.soup}", {"sort_order": 1}),
        ("DELETE", f"items/{room.soup}", None),
        ("POST", f"items/{room.soup}/sold-out", {"sold_out": True}),
        ("POST", f"options/{room.oat}/sold-out", {"sold_out": True}),
        ("PATCH", f"categories/{category}", {"sort_order": 1}),
        ("DELETE", f"categories/{category}", None),
        ("PATCH", f"option-groups/{group}", {"max": 3}),
        ("DELETE", f"option-groups/{group}", None),
    ):
        answer = doors(foreign, method, f"/v1/menu/{path}", body)
        assert (answer.status, answer.code) == (404, "menu_entry_not_found"), path
    stolen = {"category_id": category}
    assert doors(foreign, "PATCH", f"/v1/menu/items/{elsewhere.soup}", stolen).code == "validation_failed"
    assert doors(rooms.staff(room, "manager"), "GET", "/v1/menu/source").json == source


def test_guests_cooks_and_waiters_do_not_write_menus(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    for caller in (rooms.guest(db, room), rooms.staff(room, "kitchen"), rooms.staff(room)):
        for method, path, body in (
            ("POST", "items", {}),
            ("PATCH", f"items/{room.soup}", {"sort_order": 1}),
            ("DELETE", f"items/{room.soup}", None),
            ("POST", "categories", {"name": {"de": "Mehr"}}),
            ("POST", "option-groups", {}),
        ):
            answer = doors(caller, method, f"/v1/menu/{path}", body)
            assert answer.status == 403, (caller.kind, path)
    sold_out = doors(rooms.guest(db, room), "POST", f"/v1/menu/items/{room.soup}/sold-out", {"sold_out": True})
    assert sold_out.code == "role_not_allowed"


def test_the_venue_is_changed_by_its_version(room: rooms.Room, doors: Doors) -> None:
    manager = rooms.staff(room, "manager")
    first = doors(manager, "GET", "/v1/venue")
    changed = doors(manager, "PATCH", "/v1/venue", {"name": "Neu", "languages": ["en", "de"]}, _if(first.headers))
    assert (changed.json["name"], changed.json["version"]) == ("Neu", 2)
    assert changed.json["menu_version"] > first.json["menu_version"]
    assert doors(manager, "PATCH", "/v1/venue", {"name": "Alt"}, _if(first.headers)).code == "precondition_failed"
    wishes: list[dict[str, Any]] = [
        {"time_zone": "Mars/Base"},
        {"policy": "free"},
        {"currency": "USD"},
        {"languages": []},
    ]
    for wrong in wishes:
        assert doors(manager, "PATCH", "/v1/venue", wrong).code == "validation_failed"


def _if(headers: dict[str, str]) -> dict[str, str]:
    return {"If-Match": headers["etag"]}
