"""What each kind of promotion takes off which order, case by case, to the last unit.

When a promotion runs stands in ``test_schedule.py``, how promotions meet in ``test_evaluation.py``, and how uses
are counted in ``test_usage.py`` and ``test_races.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.promotion.evaluation import Candidate, evaluate, hints
from tests.promotion.samples import FIVE_OFF, decided, discounts, line, promotion, reasons, visit

if TYPE_CHECKING:
    from ordering_platform.promotion.evaluation import Outcome
    from ordering_platform.promotion.rules.basket import Line


def case(id: str, *row: Any) -> Any:  # noqa: A002  as pytest names it
    return pytest.param(*row, id=id)


def rows(*grosses: int) -> list[Line]:
    return [line(gross, f"l{place}") for place, gross in enumerate(grosses)]


def per_line(outcome: Outcome, lines: list[Line]) -> list[int]:
    """Give what comes off each line, all promotions together."""
    return [sum(one.shares.get(wanted.id, 0) for one in outcome.applied) for wanted in lines]


def amount(minor: int, **parameters: Any) -> dict[str, Any]:
    return {"amount": {"EUR": minor}, **parameters}


def percent(bps: int, **parameters: Any) -> dict[str, Any]:
    return {"percent_bps": bps, **parameters}


@pytest.mark.parametrize(
    ("reward", "grosses", "expected"),
    [
        case("10.00 off 3 x 10.00", amount(1000), (1000, 1000, 1000), [334, 333, 333]),
        case("5.05 off 10 x 1.00 and 0.01", amount(505), (100,) * 10 + (1,), [51] * 4 + [50] * 6 + [1]),
        case("5.00 off 12.00, 3.00 and nothing", amount(500), (1200, 300, 0), [400, 100, 0]),
        case("0.02 off 3 x 0.01", amount(2), (1, 1, 1), [1, 1, 0]),
        case("20.00 off 12.50 leaves nothing", amount(2000), (1250,), [1250]),
        case("20.00 off 10.00 and 2.50 leaves nothing", amount(2000), (1000, 250), [1000, 250]),
        case("25 % of 19.99", percent(2500), (1999,), [500]),
        case("10.5 % of 25.00", percent(1050), (2500,), [263]),
        case("7.25 % of 2.00", percent(725), (200,), [15]),
        case("10 % of 0.05", percent(1000), (5,), [1]),
        case("10 % of 100.00 on three lines", percent(1000), (3334, 3333, 3333), [334, 333, 333]),
        case("all of it", percent(10_000), (1250, 1), [1250, 1]),
        case("10 % of 10^16 and a bit", percent(1000), (10**16, 5), [10**15, 1]),
        case("5.00 off 10^16 in four lines", amount(500), (10**16 // 4,) * 4, [125] * 4),
    ],
)
def test_a_discount_is_rounded_once_and_shared_out_to_the_cent(
    reward: dict[str, Any], grosses: tuple[int, ...], expected: list[int]
) -> None:
    lines = rows(*grosses)
    assert per_line(decided([promotion(reward)], lines), lines) == expected


def test_what_rounds_to_nothing_is_refused_and_claims_no_use() -> None:
    outcome = decided([promotion(percent(1000), limits={"total": 1})], rows(4))
    assert reasons(outcome) == {"prm_1": "zero_discount"}
    assert outcome.applied == ()


@pytest.mark.parametrize(
    ("reward", "currency", "gross", "expected"),
    [
        case("10 % of ¥99", percent(1000), "JPY", 99, 10),
        case("10 % of ¥1005, a half goes up", percent(1000), "JPY", 1005, 101),
        case("5 dinars off in KWD", {"amount": {"KWD": 5000}}, "KWD", 12_124, 5000),
        case("amounts in EUR, order in JPY", FIVE_OFF, "JPY", 1000, "currency_not_supported"),
        case("cap in EUR, order in JPY", percent(1000, max_discount={"EUR": 1}), "JPY", 1000, "currency_not_supported"),
        case(
            "tiers in EUR, order in JPY",
            {"tiers": [{"from": {"EUR": 1}, "amount": {"EUR": 1}}]},
            "JPY",
            1000,
            "currency_not_supported",
        ),
        case(
            "set price in EUR, order in JPY",
            {"fixed_price": {"EUR": 1}, "items": [{"menu_items": ["itm_a"]}]},
            "JPY",
            1000,
            "currency_not_supported",
        ),
    ],
)
def test_currencies_keep_their_own_units(
    reward: dict[str, Any], currency: str, gross: int, expected: int | str
) -> None:
    outcome = decided([promotion(reward)], [line(gross)], currency=currency)
    assert [*discounts(outcome).values(), *reasons(outcome).values()] == [expected]


TIERS = {
    "tiers": [
        {"from": {"EUR": 2000}, "amount": {"EUR": 300}},
        {"from": {"EUR": 4000}, "amount": {"EUR": 800}},
    ]
}


@pytest.mark.parametrize(
    ("reward", "condition", "gross", "expected"),
    [
        case("20 % up to 5.00 of 40.00", percent(2000, max_discount={"EUR": 500}), {}, 4000, 500),
        case("20 % up to 5.00 of 25.00", percent(2000, max_discount={"EUR": 500}), {}, 2500, 500),
        case("20 % up to 5.00 of 24.99", percent(2000, max_discount={"EUR": 500}), {}, 2499, 500),
        case("20 % up to 5.00 of 24.90", percent(2000, max_discount={"EUR": 500}), {}, 2490, 498),
        case("from 20.00: 20.00", FIVE_OFF, {"min_spend": {"EUR": 2000}}, 2000, 500),
        case("from 20.00: 19.99", FIVE_OFF, {"min_spend": {"EUR": 2000}}, 1999, "min_spend_not_met"),
        case("tiers: 19.99 reaches none", TIERS, {}, 1999, "min_spend_not_met"),
        case("tiers: 20.00 reaches the first", TIERS, {}, 2000, 300),
        case("tiers: 39.99 stays in the first", TIERS, {}, 3999, 300),
        case("tiers: 40.00 reaches the second", TIERS, {}, 4000, 800),
        case("tiers: 400.00 stays in the last", TIERS, {}, 40_000, 800),
    ],
)
def test_caps_thresholds_and_tiers_hold_to_the_cent(
    reward: dict[str, Any], condition: dict[str, Any], gross: int, expected: int | str
) -> None:
    outcome = decided([promotion(reward, condition=condition)], [line(gross)])
    assert [*discounts(outcome).values(), *reasons(outcome).values()] == [expected]


@pytest.mark.parametrize(
    ("used", "discount", "expected"),
    [
        case("9.00 of 10.00 used, 2.00 more", 900, 200, "budget_exhausted"),
        case("9.00 of 10.00 used, 1.00 more", 900, 100, 100),
        case("10.00 of 10.00 used", 1000, 1, "budget_exhausted"),
    ],
)
def test_a_budget_pays_a_discount_whole_or_not_at_all(used: int, discount: int, expected: int | str) -> None:
    offer = promotion(amount(discount), limits={"budget": {"EUR": 1000}})
    outcome = evaluate([Candidate(offer, used={("budget", "EUR"): used})], [line(5000)], visit())
    assert [*discounts(outcome).values(), *reasons(outcome).values()] == [expected]


APPAREL = {"categories": ["cat_apparel"]}
SHIRT = {"menu_items": ["itm_shirt"]}
DISH = {"menu_items": ["itm_dish"]}
THREE_FOR_TWO = {"buy": {"items": DISH, "quantity": 2}, "get": {"items": DISH, "quantity": 1}}
FREE_SHIRT = {"buy": {"items": APPAREL, "quantity": 4}, "get": {"items": SHIRT, "quantity": 1}}
BOGO = {"buy": {"items": "order", "quantity": 1}, "get": {"items": "order", "quantity": 1}}


def dishes(quantity: int, unit: int = 500) -> list[Line]:
    return [line(quantity * unit, "dish", quantity=quantity)]


def clothes(others: int, shirts: int) -> list[Line]:
    other = line(others * 2000, "other", quantity=others or 1, category_id="cat_apparel")
    shirt = line(shirts * 1500, "shirt", quantity=shirts or 1, category_id="cat_apparel")
    return [other] * bool(others) + [shirt] * bool(shirts)


@pytest.mark.parametrize(
    ("reward", "lines", "expected"),
    [
        case("buy 2 get 1: one", THREE_FOR_TWO, dishes(1), [0]),
        case("buy 2 get 1: two", THREE_FOR_TWO, dishes(2), [0]),
        case("buy 2 get 1: three", THREE_FOR_TWO, dishes(3), [500]),
        case("buy 2 get 1: four", THREE_FOR_TWO, dishes(4), [500]),
        case("buy 2 get 1: five", THREE_FOR_TWO, dishes(5), [500]),
        case("buy 2 get 1: six", THREE_FOR_TWO, dishes(6), [1000]),
        case("buy 2 get 1: nine", THREE_FOR_TWO, dishes(9), [1500]),
        case("buy 2 get 1, once: six", {**THREE_FOR_TWO, "max_groups": 1}, dishes(6), [500]),
        case("buy 2 get 1: 3 x 3.33", THREE_FOR_TWO, dishes(3, 333), [333]),
        case("buy 2 get 1: 999 in one line", THREE_FOR_TWO, dishes(999, 10**13), [333 * 10**13]),
        case("four others and a shirt", FREE_SHIRT, clothes(4, 1), [0, 1500]),
        case("five shirts", FREE_SHIRT, clothes(0, 5), [1500]),
        case("three others and two shirts", FREE_SHIRT, clothes(3, 2), [0, 1500]),
        case("four others alone", FREE_SHIRT, clothes(4, 0), [0]),
        case("three others and a shirt", FREE_SHIRT, clothes(3, 1), [0, 0]),
        case("eight others and two shirts", FREE_SHIRT, clothes(8, 2), [0, 3000]),
        case("the cheapest is the reward", BOGO, rows(900, 400), [0, 400]),
        case("of four the two cheapest are", BOGO, rows(900, 400, 700, 500), [0, 400, 0, 500]),
        case("half off the second", {**BOGO, "get": {"quantity": 1, "percent_bps": 5000}}, rows(900, 333), [0, 167]),
        case(
            "half off two, rounded once",
            {"buy": {"quantity": 1}, "get": {"quantity": 2, "percent_bps": 5000}},
            rows(900, 333, 333),
            [0, 167, 166],
        ),
        case("what takes no discount does not count", BOGO, [line(900), line(900, "b", discountable=False)], [0, 0]),
    ],
)
def test_buy_some_and_get_some(reward: dict[str, Any], lines: list[Line], expected: list[int]) -> None:
    assert per_line(decided([promotion(reward)], lines), lines) == expected


def test_a_group_that_lacks_its_reward_says_what_to_add() -> None:
    coffee_and_cake = {"buy": {"items": {"menu_items": ["itm_coffee"]}}, "get": {"items": {"menu_items": ["itm_cake"]}}}
    outcome = decided([promotion(coffee_and_cake)], [line(300, "coffee")])
    assert hints(outcome) == [
        {
            "promotion_id": "prm_1",
            "code": None,
            "reason": "reward_item_missing",
            "message": "Add 1 more of what this gives: Offer.",
            "missing_quantity": 1,
            "add": {"menu_item_id": "itm_cake", "quantity": 1},
        }
    ]


def test_one_dish_free_and_then_a_tenth_off_what_is_left() -> None:
    lines = dishes(2, 1000)
    outcome = decided([promotion(percent(1000), id="prm_ten"), promotion(BOGO, id="prm_bogo")], lines)
    assert discounts(outcome) == {"prm_bogo": 1000, "prm_ten": 100}


MEAL = {
    "fixed_price": {"EUR": 900},
    "items": [{"tags": ["main"], "quantity": 1}, {"tags": ["drink"], "quantity": 1}],
}


def meal(*mains: int, drinks: tuple[int, ...] = (), **values: Any) -> list[Line]:
    return [line(unit, f"m{place}", tags=["main"], **values) for place, unit in enumerate(mains)] + [
        line(unit, f"d{place}", tags=["drink"], **values) for place, unit in enumerate(drinks)
    ]


@pytest.mark.parametrize(
    ("reward", "lines", "expected"),
    [
        case("a main and a drink", MEAL, meal(850, drinks=(250,)), [155, 45]),
        case("the dearest of each", {**MEAL, "max_groups": 1}, meal(700, 850, drinks=(250, 350)), [0, 213, 0, 87]),
        case("two sets, while both save", MEAL, meal(850, 850, drinks=(250, 250)), [155, 155, 45, 45]),
        case("no second set that would cost more", MEAL, meal(850, 500, drinks=(250, 150)), [155, 0, 45, 0]),
        case(
            "once where once is allowed", {**MEAL, "max_groups": 1}, meal(850, 850, drinks=(250, 250)), [155, 0, 45, 0]
        ),
        case("a set dearer than its parts", MEAL, meal(500, drinks=(200,)), [0, 0]),
        case("no drink", MEAL, meal(850, 850), [0, 0]),
        case("a hundred sets", MEAL, meal(85_000, drinks=(25_000,), quantity=100), [15_455, 4545]),
    ],
)
def test_a_set_has_one_price(reward: dict[str, Any], lines: list[Line], expected: list[int]) -> None:
    assert per_line(decided([promotion(reward)], lines), lines) == expected


FREE_CAKE = {"free_item": {"menu_item_id": "itm_cake", "quantity": 1}}
WITH_STEAK = {"min_quantity": 1, "items": {"menu_items": ["itm_steak"]}}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        case("the item in the order is free", [line(2000, "steak"), line(450, "cake")], [0, 450]),
        case("one of three is", [line(2000, "steak"), line(1350, "cake", quantity=3)], [0, 450]),
        case(
            "the cheapest of them",
            [line(2000, "steak"), line(500, "big", menu_item_id="itm_cake"), line(450, "cake")],
            [0, 0, 450],
        ),
        case("without its trigger it costs", [line(450, "cake")], "min_quantity_not_met"),
        case("sold out or not wanted, nothing is added", [line(2000, "steak")], "reward_item_missing"),
        case(
            "one that takes no discount",
            [line(2000, "steak"), line(1, "cake", discountable=False)],
            "no_eligible_items",
        ),
    ],
)
def test_an_item_is_free_where_the_guest_put_it_in_the_order(lines: list[Line], expected: list[int] | str) -> None:
    outcome = decided([promotion(FREE_CAKE, condition=WITH_STEAK)], lines)
    assert (per_line(outcome, lines) if outcome.applied else reasons(outcome)["prm_1"]) == expected


def test_a_missing_free_item_keeps_no_other_promotion_away() -> None:
    outcome = decided([promotion(FREE_CAKE, id="prm_cake"), promotion(percent(1000), id="prm_ten")], [line(2000)])
    assert discounts(outcome) == {"prm_ten": 200}
    assert [hint["add"] for hint in hints(outcome)] == [{"menu_item_id": "itm_cake", "quantity": 1}]


@pytest.mark.parametrize(
    ("condition", "lines", "expected"),
    [
        case("spend", {"min_spend": {"EUR": 2000}}, [line(1800, "steak"), line(450, "cake")], "min_spend_not_met"),
        case("spend without it", {"min_spend": {"EUR": 1800}}, [line(1800, "steak"), line(450, "cake")], "applies"),
        case("units", {"min_quantity": 2}, [line(900, "cake", quantity=2)], "min_quantity_not_met"),
        case("units without it", {"min_quantity": 2}, [line(1350, "cake", quantity=3)], "applies"),
    ],
)
def test_what_is_given_does_not_earn_itself(condition: dict[str, Any], lines: list[Line], expected: str) -> None:
    outcome = decided([promotion(FREE_CAKE, condition=condition)], lines)
    assert reasons(outcome).get("prm_1", "applies") == expected


def test_fewer_free_items_than_are_given_are_free_and_the_rest_is_offered() -> None:
    offer = promotion({"free_item": {"menu_item_id": "itm_cake", "quantity": 3}})
    outcome = decided([offer], [line(900, "cake", quantity=2)])
    assert discounts(outcome) == {"prm_1": 900}
    assert [hint["add"] for hint in hints(outcome)] == [{"menu_item_id": "itm_cake", "quantity": 1}]


@pytest.mark.parametrize(
    ("gross", "expected"),
    [
        case("first", 1999, [{"missing_minor": 1, "message": "Add 0.01 EUR more for Offer."}]),
        case(
            "next",
            3760,
            [{"missing_minor": 240, "gives_minor": 800, "message": "Add 2.40 EUR more for 8.00 EUR off: Offer."}],
        ),
        case("none after the last", 4000, []),
    ],
)
def test_tiers_say_what_is_missing_for_the_next(gross: int, expected: list[dict[str, Any]]) -> None:
    known = {"promotion_id": "prm_1", "code": None, "reason": "min_spend_not_met"}
    assert hints(decided([promotion(TIERS)], [line(gross)])) == [{**known, **hint} for hint in expected]


@pytest.mark.parametrize(
    ("reward", "lines", "reason", "missing"),
    [
        case("two of three", THREE_FOR_TWO, dishes(2), "reward_item_missing", 1),
        case("one of three", THREE_FOR_TWO, dishes(1), "min_quantity_not_met", 2),
        case("shirts but no fourth piece", FREE_SHIRT, clothes(2, 1), "min_quantity_not_met", 2),
        case("a set without its drink", MEAL, meal(850), "min_quantity_not_met", 1),
        case("nothing of it", MEAL, dishes(3), "no_eligible_items", None),
    ],
)
def test_groups_and_sets_say_how_much_is_missing(
    reward: dict[str, Any], lines: list[Line], reason: str, missing: int | None
) -> None:
    (refusal,) = [one for _, one in decided([promotion(reward)], lines).refused]
    assert (refusal.code, refusal.details.get("missing_quantity")) == (reason, missing)


def test_tiers_measure_as_thresholds_do() -> None:
    happy = promotion(percent(2000, on=DISH), id="prm_happy")
    for basis, expected in (("before_discounts", 300), ("after_item_discounts", None)):
        tiers = promotion(TIERS, id="prm_tiers", condition={"basis": basis})
        assert discounts(decided([happy, tiers], dishes(4))).get("prm_tiers") == expected
