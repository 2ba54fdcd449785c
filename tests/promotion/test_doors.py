"""The HTTP doors of the promotion service: who may enter, what they take, what they answer."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.promotion.models import metadata
from ordering_platform.promotion.service import PromotionService
from ordering_platform.runtime.entrypoints import doors as doors_of
from tests.promotion.samples import FIVE_OFF, VENUE, put, written

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.doors import Door
    from tests.promotion.conftest import Doors

PLAIN = written(name="Welcome")
RICH = {
    "name": "Friday drinks",
    "trigger": "code",
    "when": {
        "starts_at": "2026-01-01",
        "ends_at": "2026-12-31T23:00:00+01:00",
        "weekly": [{"days": ["fri"], "from": "22:00", "to": "02:00"}],
        "except_dates": ["2026-12-25"],
    },
    "where": {"tables": ["tbl_demo_1"], "order_types": ["dine_in"]},
    "who": {"customer": "known"},
    "if": {
        "min_spend": {"EUR": 2000, "JPY": 3000},
        "min_quantity": 2,
        "basis": "after_item_discounts",
        "items": {"tags": ["drink"], "max_unit_price": {"EUR": 900}},
    },
    "reward": {"percent_bps": 2000, "on": {"categories": ["cat_demo_beer"]}, "max_discount": {"EUR": 500}},
    "limits": {"total": 100, "per_customer": 1, "per_day": 10, "budget": {"EUR": 10_000}},
    "stack": {"stage": "item", "group": "drinks", "priority": 10, "exclusive": False},
    "give_back_on": "cancel",
}
CART: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "lines": [{"menu_item_id": "itm_1", "quantity": 2, "unit_price": {"amount": 500, "currency": "EUR"}}],
}


def created(doors: Doors, body: dict[str, Any] = PLAIN, **claims: Any) -> dict[str, Any]:
    answer = doors("manager", "POST", "/v1/promotions", body, **claims)
    assert answer.status == 201, answer
    found: dict[str, Any] = answer.json
    return found


def pointers(answer: Any) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]]


# Who may enter


def least(door: Door) -> str:
    return door.who.staff_role or ""


def below(role: str) -> list[str]:
    ladder = ["kitchen", "waiter", "cashier", "manager", "owner"]
    return ladder[: ladder.index(role)]


@pytest.mark.parametrize("door", doors_of(PromotionService), ids=lambda door: f"{door.method} {door.url}")
def test_nobody_below_the_role_of_a_door_enters_and_nothing_happens(doors: Doors, engine: Engine, door: Door) -> None:
    path = door.url.replace("<promotion_id>", "prm_1").replace("<code>", "CODE")
    assert doors("", door.method, path, {}).code == "unauthenticated"
    for role in below(least(door)):
        assert doors(role, door.method, path, {}).code == "role_not_allowed"
    if not door.who.guest:
        assert doors("guest", door.method, path, {}).code == "role_not_allowed"
    with engine.connect() as tx:
        assert not any(tx.scalar(sa.select(sa.func.count()).select_from(table)) for table in metadata.sorted_tables)


def test_every_door_of_a_promotion_hides_those_of_other_venues(doors: Doors) -> None:
    foreign = created(doors, {**RICH, "codes": ["SECRET"]}, venue="ven_other")["id"]
    unknown = [
        ("GET", "", None),
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", "", None),
        ("POST", "/pause", None),
        ("POST", "/resume", None),
        ("POST", "/codes", {"codes": ["MINE1"]}),
        ("GET", "/codes", None),
        ("DELETE", "/codes/SECRET", None),
        ("GET", "/usage", None),
    ]
    for method, path, body in unknown:
        for promotion_id in (foreign, "prm_unknown", "abc"):
            answer = doors("manager", method, f"/v1/promotions/{promotion_id}{path}", body)
            assert (answer.status, answer.code) == (404, "promotion_not_found"), (method, path)
    assert doors("manager", "GET", "/v1/promotions").json["data"] == []
    assert doors("waiter", "GET", f"/v1/promotions/{foreign}", venue="ven_other").json["name"] == "Friday drinks"


# Promotions


def test_a_promotion_is_kept_as_it_was_written(doors: Doors) -> None:
    made = created(doors, {**RICH, "codes": ["fri-day"]})
    shown = doors("waiter", "GET", f"/v1/promotions/{made['id']}")
    assert shown.json == made
    assert shown.headers["etag"] == '"1"'
    assert {name: made[name] for name in RICH} == RICH
    assert (made["status"], made["version"]) == ("running", 1)
    codes = doors("waiter", "GET", f"/v1/promotions/{made['id']}/codes").json["data"]
    assert [(one["code"], one["disabled"]) for one in codes] == [("FRIDAY", False)]


def test_blocks_left_out_or_null_are_not_kept(doors: Doors) -> None:
    made = created(doors, {**PLAIN, "when": None, "limits": None})
    assert {"when", "limits"}.isdisjoint(made)


def test_a_change_is_a_new_version_of_the_named_blocks(doors: Doors, db: Transactions) -> None:
    path = f"/v1/promotions/{created(doors, RICH)['id']}"
    changed = doors("manager", "PATCH", path, {"limits": None, "stack": {"priority": 1}, "name": "Weekend"})
    assert changed.json["version"] == 2
    assert changed.headers["etag"] == '"2"'
    assert "limits" not in changed.json
    assert changed.json["stack"] == {"priority": 1}
    assert changed.json["reward"] == RICH["reward"]
    assert doors("manager", "PATCH", path, {"name": "Weekend"}).json["version"] == 2
    with db.read() as tx:
        history = tx.execute(
            sa.text("SELECT version, document ->> 'name' FROM promotions.promotion_versions ORDER BY 1")
        )
        assert [tuple(row) for row in history] == [(1, "Friday drinks"), (2, "Weekend")]
        kinds = tx.execute(sa.text("SELECT kind, actor FROM promotions.promotion_changes ORDER BY id"))
        assert [tuple(row) for row in kinds] == [("created", "usr_manager"), ("changed", "usr_manager")]


def test_a_change_to_a_version_nobody_sees_any_more_is_refused(doors: Doors) -> None:
    path = f"/v1/promotions/{created(doors)['id']}"
    assert doors("manager", "PATCH", path, {"name": "One"}, headers={"If-Match": '"1"'}).status == 200
    answer = doors("manager", "PATCH", path, {"name": "Two"}, headers={"If-Match": '"1"'})
    assert (answer.status, answer.code) == (412, "precondition_failed")
    assert doors("waiter", "GET", path).json["name"] == "One"


def test_a_promotion_is_paused_resumed_and_archived(doors: Doors) -> None:
    path = f"/v1/promotions/{created(doors)['id']}"
    for verb, status in [("pause", "paused"), ("pause", "paused"), ("resume", "running"), ("resume", "running")]:
        assert doors("manager", "POST", f"{path}/{verb}").json["status"] == status
    for _ in range(2):
        assert doors("manager", "DELETE", path).status == 204
    assert doors("waiter", "GET", path).json["status"] == "archived"
    for method, tail, body in [("POST", "/resume", None), ("PATCH", "", {"name": "Again"})]:
        assert doors("manager", method, path + tail, body).code == "promotion_archived"


def test_lists_come_in_pages_the_newest_first_and_by_status(doors: Doors) -> None:
    ids = [created(doors, {**PLAIN, "name": f"Offer {place}"})["id"] for place in range(5)]
    doors("manager", "POST", f"/v1/promotions/{ids[0]}/pause")
    first = doors("waiter", "GET", "/v1/promotions?limit=3").json
    second = doors("waiter", "GET", f"/v1/promotions?limit=3&after={first['next']}").json
    assert [one["id"] for one in first["data"] + second["data"]] == sorted(ids, reverse=True)
    assert (first["has_more"], second["has_more"], second["next"]) == (True, False, None)
    paused = doors("waiter", "GET", "/v1/promotions?status=paused").json["data"]
    assert [one["id"] for one in paused] == [ids[0]]
    assert doors("waiter", "GET", "/v1/promotions?status=gone").code == "invalid_parameter"
    assert doors("waiter", "GET", "/v1/promotions?colour=red").code == "unknown_parameter"
    assert doors("waiter", "GET", "/v1/promotions?after=xyz").code == "invalid_parameter"


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"name": None}, "/name", "null"),
        ({"name": ""}, "/name", "length"),
        ({"name": "x" * 81}, "/name", "length"),
        ({"trigger": "magic"}, "/trigger", "choice"),
        ({"reward": None}, "/reward", "null"),
        ({"reward": []}, "/reward", "wrong_type"),
        ({"reward": {}}, "/reward", "reward"),
        ({"reward": {"percent_bps": 12.0}}, "/reward/percent_bps", "wrong_type"),
        ({"reward": {"amount": {"EUR": True}}}, "/reward/amount/EUR", "range"),
        ({"reward": {"amount": {"EUR": "12"}}}, "/reward/amount/EUR", "range"),
        ({"reward": {"amount": {"EUR": -1}}}, "/reward/amount/EUR", "range"),
        ({"reward": {"amount": {"EUR": 2**63}}}, "/reward/amount/EUR", "range"),
        ({"reward": {"percent_bps": 1, "on": {"tags": [""]}}}, "/reward/on/tags/0", "invalid"),
        ({"reward": {"tiers": [{"from": {"EUR": 0}}]}}, "/reward/tiers/0/from/EUR", "range"),
        ({"reward": {"fixed_price": {"EUR": 1}, "items": [{}]}}, "/reward/items/0", "wrong_type"),
        ({"reward": {"buy": {}, "get": {"items": {"tags": []}}}}, "/reward/get/items/tags", "length"),
        ({"reward": {"free_item": {"menu_item_id": 1}}}, "/reward/free_item/menu_item_id", "id"),
        ({"when": {"starts_at": "2026-11-23T12:00:00"}}, "/when/starts_at", "zone"),
        ({"when": {"ends_at": "soon"}}, "/when/ends_at", "zone"),
        (
            {"when": {"weekly": [{"days": ["someday"], "from": "10:00", "to": "11:00"}]}},
            "/when/weekly/0/days/0",
            "choice",
        ),
        ({"when": {"weekly": [{"days": [], "from": "10:00", "to": "11:00"}]}}, "/when/weekly/0/days", "length"),
        ({"when": {"weekly": [{"days": ["fri"], "from": "25:00", "to": "11:00"}]}}, "/when/weekly/0/from", "clock"),
        ({"when": {"weekly": [{"days": ["fri"], "from": "10:00"}]}}, "/when/weekly/0/to", "missing"),
        ({"when": {"except_dates": ["2026-02-30"]}}, "/when/except_dates/0", "date"),
        ({"where": {"tables": ["Table 1"]}}, "/where/tables/0", "id"),
        ({"where": {"order_types": ["flight"]}}, "/where/order_types/0", "choice"),
        ({"who": {"customer": "vip"}}, "/who/customer", "choice"),
        ({"if": {"min_spend": {"EUR": 0}}}, "/if/min_spend/EUR", "range"),
        ({"if": {"min_spend": 2000}}, "/if/min_spend", "wrong_type"),
        ({"if": {"min_quantity": 0}}, "/if/min_quantity", "range"),
        ({"if": {"items": {"colours": ["red"]}}}, "/if/items/colours", "unknown"),
        ({"limits": {"total": 0}}, "/limits/total", "range"),
        ({"limits": {"total": 1.5}}, "/limits/total", "wrong_type"),
        ({"limits": {"budget": {"ABC": 1}}}, "/limits/budget/ABC", "currency"),
        ({"stack": {"stage": "tip"}}, "/stack/stage", "choice"),
        ({"stack": {"exclusive": "yes"}}, "/stack/exclusive", "wrong_type"),
        ({"give_back_on": "sunday"}, "/give_back_on", "choice"),
        ({"colour": "red"}, "/colour", "unknown"),
        ({"status": "paused"}, "/status", "unknown"),
    ],
)
def test_a_document_that_makes_no_sense_is_refused_by_field(
    doors: Doors, change: dict[str, Any], pointer: str, code: str
) -> None:
    answer = doors("manager", "POST", "/v1/promotions", {**PLAIN, **change})
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert pointers(answer) == [(pointer, code)]
    assert doors("manager", "GET", "/v1/promotions").json["data"] == []


def test_the_trigger_of_a_promotion_stays(doors: Doors) -> None:
    path = f"/v1/promotions/{created(doors)['id']}"
    assert pointers(doors("manager", "PATCH", path, {"trigger": "code"})) == [("/trigger", "unknown")]


# Codes


def test_codes_are_added_listed_switched_off_and_on_again(doors: Doors) -> None:
    path = f"/v1/promotions/{created(doors, {**PLAIN, 'trigger': 'code'})['id']}"
    added = doors("manager", "POST", f"{path}/codes", {"codes": ["save-10", " Save 10", "extra"]})
    assert (added.status, added.json) == (201, {"codes": ["EXTRA", "SAVE10"]})
    assert doors("manager", "DELETE", f"{path}/codes/save10").status == 204
    shown = doors("waiter", "GET", f"{path}/codes?limit=1").json
    assert [(one["code"], one["disabled"]) for one in shown["data"]] == [("EXTRA", False)]
    rest = doors("waiter", "GET", f"{path}/codes?limit=1&after={shown['next']}").json
    assert [(one["code"], one["disabled"]) for one in rest["data"]] == [("SAVE10", True)]
    assert doors("guest", "POST", "/v1/promotions/validate", {"code": "SAVE10"}).code == "code_not_found"
    doors("manager", "POST", f"{path}/codes", {"codes": ["SAVE10"]})
    assert doors("guest", "POST", "/v1/promotions/validate", {"code": "SAVE10"}).status == 200
    assert doors("manager", "DELETE", f"{path}/codes/UNKNOWN").code == "promotion_code_not_found"


def test_a_code_belongs_to_one_promotion_of_a_venue(doors: Doors) -> None:
    created(doors, {**PLAIN, "trigger": "code", "codes": ["SAVE10"]})
    answer = doors("manager", "POST", "/v1/promotions", {**PLAIN, "trigger": "code", "codes": ["NEW1", "Save-10"]})
    assert (answer.status, answer.code) == (409, "code_taken")
    assert answer.json["details"] == {"codes": ["SAVE10"]}
    assert len(doors("manager", "GET", "/v1/promotions").json["data"]) == 1
    created(doors, {**PLAIN, "trigger": "code", "codes": ["SAVE10"]}, venue="ven_other")


def test_an_automatic_promotion_has_no_codes(doors: Doors) -> None:
    assert doors("manager", "POST", "/v1/promotions", {**PLAIN, "codes": ["SAVE10"]}).code == "promotion_automatic"
    path = f"/v1/promotions/{created(doors)['id']}"
    assert doors("manager", "POST", f"{path}/codes", {"codes": ["SAVE10"]}).code == "promotion_automatic"


def test_what_is_no_code_is_refused_by_its_place(doors: Doors) -> None:
    path = f"/v1/promotions/{created(doors, {**PLAIN, 'trigger': 'code'})['id']}"
    answer = doors("manager", "POST", f"{path}/codes", {"codes": ["GOOD1", "A", "B_C!"]})
    assert pointers(answer) == [("/codes/1", "code"), ("/codes/2", "code")]
    assert pointers(doors("manager", "POST", f"{path}/codes", {"codes": []})) == [("/codes", "length")]


def test_a_guest_learns_whether_a_code_is_known_and_running(doors: Doors) -> None:
    made = created(doors, {**PLAIN, "trigger": "code", "codes": ["SAVE10"]})
    answer = doors("guest", "POST", "/v1/promotions/validate", {"code": " save-10 "})
    assert answer.json == {"code": "SAVE10", "promotion_id": made["id"], "name": "Welcome"}


def test_unknown_disabled_paused_and_foreign_codes_read_the_same_to_the_letter(doors: Doors) -> None:
    disabled = created(doors, {**PLAIN, "trigger": "code", "codes": ["GONE1"]})["id"]
    paused = created(doors, {**PLAIN, "trigger": "code", "codes": ["REST1"]})["id"]
    created(doors, {**PLAIN, "trigger": "code", "codes": ["AWAY1"]}, venue="ven_other")
    doors("manager", "DELETE", f"/v1/promotions/{disabled}/codes/GONE1")
    doors("manager", "POST", f"/v1/promotions/{paused}/pause")
    told = set()
    for code in ("NONE1", "GONE1", "REST1", "AWAY1", "---"):
        answer = doors("guest", "POST", "/v1/promotions/validate", {"code": code}, session=f"ses_{code}")
        body = answer.json
        told.add((answer.status, answer.body.decode().replace(body["request_id"], "")))
    assert len(told) == 1
    assert told.pop()[0] == 422


def test_the_sixth_wrong_code_is_one_too_many(doors: Doors) -> None:
    for place in range(5):
        answer = doors("guest", "POST", "/v1/promotions/validate", {"code": f"WRONG{place}"})
        assert answer.code == "code_not_found"
    answer = doors("guest", "POST", "/v1/promotions/validate", {"code": "WRONG"})
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 600


# Trying out and applying


def test_staff_try_a_sample_order_at_any_moment(doors: Doors) -> None:
    created(doors, {**PLAIN, "when": {"weekly": [{"days": ["fri"], "from": "16:00", "to": "18:00"}]}})
    friday = doors("waiter", "POST", "/v1/promotions/evaluate", {**CART, "now": "2026-11-27T17:00:00+01:00"})
    assert friday.json["discount"] == {"amount": 100, "currency": "EUR"}
    assert friday.json["applied"][0]["lines"] == [{"line_id": "line_0", "discount": {"amount": 100, "currency": "EUR"}}]
    monday = doors("waiter", "POST", "/v1/promotions/evaluate", {**CART, "now": "2026-11-23T17:00:00+01:00"})
    assert [one["reason"] for one in monday.json["rejected"]] == ["outside_schedule"]


def test_staff_are_told_which_of_their_codes_are_switched_off(doors: Doors) -> None:
    path = f"/v1/promotions/{created(doors, {**PLAIN, 'trigger': 'code', 'codes': ['GONE1']})['id']}"
    created(doors, {**PLAIN, "trigger": "code", "codes": ["AWAY1"]}, venue="ven_other")
    doors("manager", "DELETE", f"{path}/codes/GONE1")
    answer = doors("waiter", "POST", "/v1/promotions/evaluate", {**CART, "codes": ["GONE1", "AWAY1", "NONE1"]})
    assert [(one["code"], one["reason"]) for one in answer.json["rejected"]] == [
        ("GONE1", "code_disabled"),
        ("AWAY1", "code_not_found"),
        ("NONE1", "code_not_found"),
    ]


def test_hints_say_in_money_what_is_missing(doors: Doors) -> None:
    created(doors, {**written(FIVE_OFF, name="Lunch"), "if": {"min_spend": {"EUR": 1240}}})
    answer = doors("waiter", "POST", "/v1/promotions/evaluate", CART).json
    assert answer["hints"][0]["missing"] == {"amount": 240, "currency": "EUR"}
    assert answer["hints"][0]["message"] == "Add 2.40 EUR more for Lunch."


def test_a_reward_that_is_missing_is_named_so_that_a_page_can_offer_it(doors: Doors) -> None:
    created(doors, {**written({"free_item": {"menu_item_id": "itm_cake", "quantity": 2}}, name="Cake")})
    answer = doors("waiter", "POST", "/v1/promotions/evaluate", CART).json
    for told in (answer["rejected"][0], answer["hints"][0]):
        assert (told["reason"], told["add"]) == ("reward_item_missing", {"menu_item_id": "itm_cake", "quantity": 2})


def test_a_further_tier_is_hinted_at_in_money(doors: Doors) -> None:
    tiers = [
        {"from": {"EUR": 1000}, "amount": {"EUR": 100}},
        {"from": {"EUR": 1240}, "amount": {"EUR": 200}},
    ]
    created(doors, written({"tiers": tiers}, name="More"))
    answer = doors("waiter", "POST", "/v1/promotions/evaluate", CART).json
    assert answer["discount"] == {"amount": 100, "currency": "EUR"}
    assert answer["hints"][0]["missing"] == {"amount": 240, "currency": "EUR"}
    assert answer["hints"][0]["gives"] == {"amount": 200, "currency": "EUR"}
    assert answer["hints"][0]["message"] == "Add 2.40 EUR more for 2.00 EUR off: More."


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"now": "2026-11-23T12:00:00"}, "/now"),
        ({"lines": []}, "/lines"),
        ({"codes": ["A1"] * 6}, "/codes"),
        ({"lines": [{**CART["lines"][0], "quantity": 0}]}, "/lines/0/quantity"),
        (
            {"lines": [{**CART["lines"][0], "unit_price": {"amount": 1, "currency": "ABC"}}]},
            "/lines/0/unit_price/currency",
        ),
        (
            {"lines": [CART["lines"][0], {**CART["lines"][0], "unit_price": {"amount": 1, "currency": "JPY"}}]},
            "/lines/1/unit_price/currency",
        ),
    ],
)
def test_a_cart_that_makes_no_sense_is_refused(doors: Doors, change: dict[str, Any], pointer: str) -> None:
    answer = doors("waiter", "POST", "/v1/promotions/evaluate", {**CART, **change})
    assert (answer.status, [fault for fault, _ in pointers(answer)]) == (422, [pointer])


def test_another_system_applies_confirms_and_releases_its_own_bills(doors: Doors) -> None:
    promotion_id = created(doors, {**PLAIN, "trigger": "code", "codes": ["POS1"], "limits": {"total": 2}})["id"]
    usage = f"/v1/promotions/{promotion_id}/usage"
    asked = {**CART, "codes": ["POS1"], "bill_id": "pos-0001"}
    first = doors("cashier", "POST", "/v1/promotions/apply", asked)
    assert first.json["discount"] == {"amount": 100, "currency": "EUR"}
    assert doors("cashier", "POST", "/v1/promotions/apply", asked).body == first.body
    assert doors("cashier", "POST", "/v1/promotions/confirm", {"bill_id": "pos-0001"}).json["state"] == "confirmed"
    doors("cashier", "POST", "/v1/promotions/apply", {**asked, "bill_id": "pos-0002"})
    assert (
        doors("cashier", "POST", "/v1/promotions/apply", {**asked, "bill_id": "pos-0003"}).code == "promotion_exhausted"
    )
    shown = doors("waiter", "GET", usage).json
    assert shown["counters"] == [{"scope": "total", "key": "", "used": 2, "limit": 2}]
    assert [(one["bill_id"], one["state"]) for one in shown["data"]] == [
        (f"{VENUE}/pos-0002", "reserved"),
        (f"{VENUE}/pos-0001", "confirmed"),
    ]
    assert shown["data"][0]["discount"] == {"amount": 100, "currency": "EUR"}
    assert doors("cashier", "POST", "/v1/promotions/release", {"bill_id": "pos-0002"}).json["state"] == "released"
    assert doors("cashier", "POST", "/v1/promotions/apply", {**asked, "bill_id": "pos-0002"}).code == "bill_released"
    assert doors("waiter", "GET", usage).json["counters"][0]["used"] == 1


def test_the_same_bill_with_another_order_is_refused(doors: Doors) -> None:
    doors("cashier", "POST", "/v1/promotions/apply", {**CART, "bill_id": "pos-0001"})
    other = {**CART, "bill_id": "pos-0001", "lines": [{**CART["lines"][0], "quantity": 3}]}
    assert doors("cashier", "POST", "/v1/promotions/apply", other).code == "bill_already_applied"


def test_a_code_of_this_venue_that_does_not_apply_says_why(doors: Doors, db: Transactions) -> None:
    put(db, FIVE_OFF, codes=["LUNCH5"], condition={"min_spend": {"EUR": 2500}})
    answer = doors("cashier", "POST", "/v1/promotions/apply", {**CART, "bill_id": "pos-0001", "codes": ["LUNCH5"]})
    assert (answer.status, answer.code) == (422, "min_spend_not_met")
    assert answer.json["details"] == {"promotion_code": "LUNCH5", "missing_minor": 1500}


def test_bills_of_other_systems_never_touch_those_of_payment(doors: Doors, db: Transactions) -> None:
    doors("cashier", "POST", "/v1/promotions/release", {"bill_id": "bil_00000001"})
    with db.read() as tx:
        assert tx.scalars(sa.text("SELECT bill_id FROM promotions.reservations")).all() == [f"{VENUE}/bil_00000001"]


def test_answers_are_plain_json_without_surprises(doors: Doors) -> None:
    assert json.loads(doors("manager", "POST", "/v1/promotions", RICH).body)["if"] == RICH["if"]


@pytest.mark.parametrize(
    "odd", ["a%00b", "%ff", "%F0%9F%8D%BA", "prm_" + "x" * 300, "..%2f..", "'%20OR%201=1", "%ED%A0%80"]
)
def test_odd_addresses_lead_nowhere(doors: Doors, odd: str) -> None:
    path = f"/v1/promotions/{created(doors, {**PLAIN, 'trigger': 'code'})['id']}"
    assert doors("manager", "GET", f"/v1/promotions/{odd}").status in {400, 404}
    assert doors("manager", "DELETE", f"{path}/codes/{odd}").status in {400, 404}
    assert doors("manager", "GET", f"/v1/promotions/{odd}/usage").status in {400, 404}


@pytest.mark.parametrize("value", ["\x00", "\ud800", "prm_" + "x" * 300, 7, None, ["prm_1"]])
def test_a_forged_cursor_breaks_nothing(doors: Doors, value: Any) -> None:
    path = f"/v1/promotions/{created(doors, {**PLAIN, 'trigger': 'code'})['id']}"
    after = base64.urlsafe_b64encode(json.dumps([value]).encode()).decode().rstrip("=")
    for listed in ("/v1/promotions", f"{path}/codes", f"{path}/usage"):
        assert doors("manager", "GET", f"{listed}?after={after}").status in {200, 400}


@pytest.mark.parametrize("code", ["'; DROP TABLE", "\u202e01EVAS", "\U0001f37a" * 10, "x" * 60, "\u0130", "null", "{}"])
def test_odd_codes_are_just_unknown(doors: Doors, code: str) -> None:
    assert doors("guest", "POST", "/v1/promotions/validate", {"code": code}).code == "code_not_found"


def test_every_version_of_a_promotion_stays_readable_as_it_was(doors: Doors) -> None:
    path = f"/v1/promotions/{created(doors)['id']}"
    first = doors("manager", "GET", path).json
    doors("manager", "PATCH", path, {"name": "Autumn"})
    doors("manager", "PATCH", path, {"name": "Autumn"})
    doors("manager", "PATCH", path, {"reward": {"percent_bps": 500, "on": "order"}})
    doors("manager", "POST", f"{path}/pause")
    told = doors("waiter", "GET", f"{path}/versions").json["data"]
    assert [(one["version"], one["name"], one["reward"]["percent_bps"]) for one in told] == [
        (3, "Autumn", 500),
        (2, "Autumn", 1000),
        (1, first["name"], 1000),
    ]
    newest = doors("waiter", "GET", f"{path}/versions?limit=1").json
    rest = doors("waiter", "GET", f"{path}/versions?limit=5&after={newest['next']}").json
    assert newest["data"] + rest["data"] == told
    assert doors("waiter", "GET", f"{path}/versions", venue="ven_other").code == "promotion_not_found"
