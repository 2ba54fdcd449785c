"""Which promotions apply together, which lose, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.promotion.errors import NotApplicable
from ordering_platform.promotion.evaluation import Candidate, evaluate, hints
from ordering_platform.promotion.rules.rule import Rule
from tests.promotion.samples import FIVE_OFF, TEN_PERCENT, decided, discounts, line, promotion, reasons, visit

if TYPE_CHECKING:
    from ordering_platform.promotion.rules.basket import Line

DRINKS = {"categories": ["cat_drinks"]}
HAPPY_HOUR = {"percent_bps": 2000, "on": DRINKS}


def beer(gross: int = 2000, **values: Any) -> Line:
    return line(gross, "beer", category_id="cat_drinks", **values)


def stacked(group: str, **stack: Any) -> dict[str, Any]:
    return {"group": group, **stack}


def test_two_groups_follow_each_other_on_what_is_left() -> None:
    offers = [promotion(id=f"prm_{name}", stack=stacked(name)) for name in "ab"]
    assert discounts(decided(offers, [line(10_000)])) == {"prm_a": 1000, "prm_b": 900}


def test_items_come_first_and_the_order_takes_from_what_they_left() -> None:
    happy, welcome = promotion(HAPPY_HOUR, id="prm_2"), promotion(id="prm_1")
    outcome = decided([welcome, happy], [beer(), line(1000, "cake")])
    assert [(one.candidate.promotion.id, dict(one.shares)) for one in outcome.applied] == [
        ("prm_2", {"beer": 400}),
        ("prm_1", {"beer": 160, "cake": 100}),
    ]
    assert outcome.discount == 660


def test_in_one_group_the_best_for_the_guest_wins() -> None:
    outcome = decided([promotion(id="prm_1"), promotion(FIVE_OFF, id="prm_2")], [line(4000)])
    assert discounts(outcome) == {"prm_2": 500}
    assert reasons(outcome) == {"prm_1": "lost_to_better"}


@pytest.mark.parametrize("reverse", [False, True])
def test_of_equals_the_lower_priority_number_wins_then_the_older(reverse: bool) -> None:
    first, second = promotion(id="prm_a"), promotion(id="prm_b")
    urgent = promotion(id="prm_c", stack={"priority": 1})
    assert discounts(decided([first, second][:: -1 if reverse else 1], [line(1000)])) == {"prm_a": 100}
    assert discounts(decided([first, urgent][:: -1 if reverse else 1], [line(1000)])) == {"prm_c": 100}


def test_percentages_come_before_fixed_amounts_unless_priorities_say_otherwise() -> None:
    fixed, share = promotion(FIVE_OFF, id="prm_a", stack=stacked("a")), promotion(id="prm_b", stack=stacked("b"))
    assert discounts(decided([fixed, share], [line(4000)])) == {"prm_b": 400, "prm_a": 500}
    urgent = promotion(FIVE_OFF, id="prm_a", stack=stacked("a", priority=1))
    assert discounts(decided([urgent, share], [line(4000)])) == {"prm_a": 500, "prm_b": 350}


@pytest.mark.parametrize(("price", "winner"), [(10_000, {"prm_alone": 2500}), (1000, {"prm_a": 100, "prm_b": 500})])
def test_an_exclusive_promotion_stands_alone_against_all_the_rest(price: int, winner: dict[str, int]) -> None:
    rest = [promotion(id="prm_a", stack=stacked("a")), promotion(FIVE_OFF, id="prm_b", stack=stacked("b"))]
    alone = promotion({"percent_bps": 2500}, id="prm_alone", stack=stacked("c", exclusive=True))
    outcome = decided([*rest, alone], [line(price)])
    assert discounts(outcome) == winner
    assert set(reasons(outcome).values()) == {"lost_to_better"}


def test_what_is_already_free_is_no_longer_eligible() -> None:
    free, late = promotion({"percent_bps": 10_000}, id="prm_a", stack=stacked("a")), promotion(id="prm_b")
    outcome = decided([free, late], [line(1000)])
    assert discounts(outcome) == {"prm_a": 1000}
    assert reasons(outcome) == {"prm_b": "no_eligible_items"}


def test_the_reasons_never_change_their_names() -> None:
    assert {reason.code for reason in NotApplicable.__subclasses__()} == {
        "code_not_found",
        "code_disabled",
        "code_used_up",
        "not_started",
        "expired",
        "outside_schedule",
        "wrong_venue",
        "wrong_order_type",
        "customer_required",
        "customer_not_eligible",
        "min_spend_not_met",
        "min_quantity_not_met",
        "no_eligible_items",
        "reward_item_missing",
        "currency_not_supported",
        "promotion_exhausted",
        "customer_limit_reached",
        "budget_exhausted",
        "lost_to_better",
        "zero_discount",
    }


@pytest.mark.parametrize(
    ("blocks", "circumstances", "reason"),
    [
        ({"when": {"starts_at": "2026-12-01"}}, {}, "not_started"),
        ({"when": {"ends_at": "2026-11-01"}}, {}, "expired"),
        ({"when": {"weekly": [{"days": ["sun"], "from": "10:00", "to": "20:00"}]}}, {}, "outside_schedule"),
        ({"where": {"tables": ["tbl_2"]}}, {}, "wrong_venue"),
        ({"where": {"order_types": ["takeaway"]}}, {}, "wrong_order_type"),
        ({"who": {"customer": "known"}}, {"guest_id": None}, "customer_required"),
        ({"limits": {"per_customer": 1}}, {"guest_id": None}, "customer_required"),
        ({"who": {"customer": "first_order"}}, {"first_order": False}, "customer_not_eligible"),
        ({"who": {"customer": "first_order"}}, {}, "customer_not_eligible"),
        ({"if": {"min_spend": {"USD": 1}}}, {}, "currency_not_supported"),
        ({"limits": {"budget": {"USD": 1}}}, {}, "currency_not_supported"),
    ],
)
def test_circumstances_decide(blocks: dict[str, Any], circumstances: dict[str, Any], reason: str) -> None:
    assert reasons(decided([promotion(**blocks)], [line(1000)], **circumstances)) == {"prm_1": reason}


@pytest.mark.parametrize(
    ("blocks", "circumstances"),
    [
        ({"where": {"tables": ["tbl_1"], "order_types": ["dine_in"]}}, {}),
        ({"who": {"customer": "known"}}, {}),
        ({"who": {"customer": "first_order"}}, {"first_order": True}),
        ({"limits": {"total": 1}}, {"guest_id": None}),
    ],
)
def test_the_right_circumstances_let_it_apply(blocks: dict[str, Any], circumstances: dict[str, Any]) -> None:
    assert discounts(decided([promotion(**blocks)], [line(1000)], **circumstances)) == {"prm_1": 100}


def test_happy_hour_ends_while_a_quote_is_being_paid() -> None:
    happy = promotion(when={"weekly": [{"days": ["mon"], "from": "17:00", "to": "19:00"}]})
    before, after = datetime(2026, 11, 23, 17, 59, 58, tzinfo=UTC), datetime(2026, 11, 23, 18, 0, 5, tzinfo=UTC)
    assert discounts(decided([happy], [line(1000)], now=before)) == {"prm_1": 100}
    assert reasons(decided([happy], [line(1000)], now=after)) == {"prm_1": "outside_schedule"}


def test_a_threshold_applies_from_its_very_amount_and_says_what_is_missing() -> None:
    lunch = promotion(FIVE_OFF, condition={"min_spend": {"EUR": 2000}})
    assert discounts(decided([lunch], [line(2000)])) == {"prm_1": 500}
    outcome = decided([lunch], [line(1999)])
    assert [(reason.code, reason.details) for _, reason in outcome.refused] == [
        ("min_spend_not_met", {"missing_minor": 1})
    ]
    assert hints(outcome) == [
        {
            "promotion_id": "prm_1",
            "code": None,
            "reason": "min_spend_not_met",
            "message": "Add 0.01 EUR more for Offer.",
            "missing_minor": 1,
        }
    ]


@pytest.mark.parametrize(
    ("currency", "digits", "message"),
    [("JPY", 0, "Add 240 JPY more for Offer."), ("KWD", 3, "Add 0.240 KWD more for Offer.")],
)
def test_hints_write_amounts_with_the_digits_of_the_currency(currency: str, digits: int, message: str) -> None:
    offer = promotion(condition={"min_spend": {currency: 1240}})
    assert hints(decided([offer], [line(1000)], currency=currency, digits=digits))[0]["message"] == message


def test_thresholds_count_only_the_lines_they_name_and_never_those_that_take_no_discount() -> None:
    offer = promotion(condition={"min_spend": {"EUR": 1000}, "items": DRINKS})
    assert reasons(decided([offer], [beer(999), line(5000)])) == {"prm_1": "min_spend_not_met"}
    assert reasons(decided([offer], [beer(1000, discountable=False), line(5000)])) == {"prm_1": "min_spend_not_met"}
    assert discounts(decided([offer], [beer(1000), line(5000)])) == {"prm_1": 600}


def test_a_threshold_may_count_units() -> None:
    offer = promotion(condition={"min_quantity": 3, "items": DRINKS})
    outcome = decided([offer], [beer(1000, quantity=2), line(5000, quantity=9)])
    assert [(reason.code, reason.details) for _, reason in outcome.refused] == [
        ("min_quantity_not_met", {"missing_quantity": 1})
    ]
    assert hints(outcome)[0]["message"] == "Add 1 more for Offer."
    assert discounts(decided([offer], [beer(900, quantity=3)])) == {"prm_1": 90}


def test_a_threshold_may_look_at_prices_before_or_after_item_discounts() -> None:
    happy = promotion(HAPPY_HOUR, id="prm_happy")
    for basis, expected in (("before_discounts", "applies"), ("after_item_discounts", "min_spend_not_met")):
        lunch = promotion(FIVE_OFF, id="prm_lunch", condition={"min_spend": {"EUR": 2000}, "basis": basis})
        outcome = decided([happy, lunch], [beer(2000)])
        assert reasons(outcome).get("prm_lunch", "applies") == expected


def used(scope: str, key: str, count: int, **limits: Any) -> str:
    candidate = Candidate(promotion(**limits), used={(scope, key): count})
    outcome = evaluate([candidate], [line(2000)], visit())
    return "applies" if outcome.applied else outcome.refused[0][1].code


def test_a_limit_that_is_reached_refuses() -> None:
    assert used("total", "", 6, limits={"total": 7}) == "applies"
    assert used("total", "", 7, limits={"total": 7}) == "promotion_exhausted"
    assert used("total", "", 9, limits={"total": 7}) == "promotion_exhausted"
    assert used("customer", "gst_1", 2, limits={"per_customer": 2}) == "customer_limit_reached"
    assert used("customer", "gst_2", 2, limits={"per_customer": 2}) == "applies"
    assert used("day", "2026-11-23", 1, limits={"per_day": 1}) == "promotion_exhausted"
    assert used("day", "2026-11-22", 1, limits={"per_day": 1}) == "applies"


def test_a_rule_of_another_package_cannot_make_a_line_negative() -> None:
    class Greedy(Rule):
        marker = "greedy"

        @classmethod
        def read(cls, _reward: Any) -> Greedy:
            return cls()

        def shares(self, _basket: Any) -> dict[str, int]:
            return {"a": 10**9, "gift": 5, "unknown": 7, "b": -3}

    offer = promotion()
    object.__setattr__(offer, "rule", Greedy.read({}))
    lines = [line(1000), line(500, "b"), line(100, "gift", discountable=False)]
    assert [dict(one.shares) for one in decided([offer], lines).applied] == [{"a": 1000}]


def test_codes_are_remembered_with_what_they_called_for() -> None:
    outcome = evaluate([Candidate(promotion(TEN_PERCENT, trigger="code"), "WELCOME10")], [line(1000)], visit())
    assert outcome.applied[0].candidate.code == "WELCOME10"
