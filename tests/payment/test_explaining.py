"""Why this price: the quote a guest reads holds every step from the menu's price to the total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.payment import checkout, quote_schemas, schemas
from ordering_platform.payment.explaining import explained
from ordering_platform.payment.pricing import Discount, Line, Option, Terms, totals
from tests.payment.fakes import line

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant

HOUSE = Terms("EUR", 2, tax_included=True, tax_rounding="per_rate", service_charge_bps=1000)
ON_TOP = Terms("EUR", 2, tax_included=False, tax_rounding="per_rate", service_charge_bps=1000)
LATTE = Line(
    "a", "Latte", 2, 1080, 190_000, options=(Option("Oat milk", 60), Option("Small", -20)), menu_item_id="itm_1"
)
SOUP = Line("b", "Soup", 1, 650, 70_000)


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def test_a_line_leads_from_the_menus_price_to_its_part_of_the_total() -> None:
    ten = Discount("prm_1", "Ten off", "TEN", {"a": 108})
    happy = Discount("prm_2", "Happy hour", None, {"a": 100, "b": 50})
    shown = explained(totals([LATTE, SOUP], HOUSE, [ten, happy]))
    assert shown["lines"][0] == {
        "line_id": "a",
        "menu_item_id": "itm_1",
        "name": "Latte",
        "quantity": 2,
        "base": euros(500),
        "options": [{"name": "Oat milk", "price": euros(60)}, {"name": "Small", "price": euros(-20)}],
        "unit": euros(540),
        "gross": euros(1080),
        "discounts": [
            {"promotion_id": "prm_1", "name": "Ten off", "amount": euros(108)},
            {"promotion_id": "prm_2", "name": "Happy hour", "amount": euros(100)},
        ],
        "discount": euros(208),
        "net": euros(872),
        "service_charge": euros(87),
        "tax_ppm": 190_000,
        "tax": euros(153),
        "total": euros(959),
    }
    assert shown["lines"][1]["discounts"] == [{"promotion_id": "prm_2", "name": "Happy hour", "amount": euros(50)}]


def test_the_bill_names_its_rates_and_its_steps() -> None:
    shown = explained(totals([SOUP], HOUSE, tip=41, step=5))
    assert (shown["service_charge_bps"], shown["service_charge"]) == (1000, euros(65))
    assert (shown["tip"], shown["rounding_step"], shown["rounding"]) == (euros(41), euros(5), euros(-1))
    assert shown["tax_lines"] == [{"rate_ppm": 70_000, "net": euros(668), "tax": euros(47)}]
    assert shown["total"] == euros(650 + 65 + 41 - 1)
    assert len(shown["hash"]) == 64


def test_what_applies_says_whether_a_code_called_for_it() -> None:
    offers = [Discount("prm_1", "Ten", "TEN", {"a": 1}), Discount("prm_2", "Happy hour", None, {"a": 1})]
    typed, automatic = explained(totals([LATTE], HOUSE, offers))["promotions"]["applied"]
    assert typed == {
        "promotion_id": "prm_1",
        "name": "Ten",
        "code": "TEN",
        "reason": "code_entered",
        "message": "The code TEN was entered.",
        "amount": euros(1),
    }
    assert (automatic["code"], automatic["reason"]) == (None, "automatic")


def test_what_is_missing_for_more_is_money() -> None:
    hint = {"reason": "min_spend_not_met", "message": "Add 2.40 EUR more for Lunch.", "missing_minor": 240}
    plain = {"reason": "expired", "message": "This promotion is over."}
    told = explained(totals([SOUP], HOUSE), [plain, hint], [hint])["promotions"]
    assert told["rejected"] == [plain, {**hint, "missing": euros(240)}]
    assert told["hints"] == [{**hint, "missing": euros(240)}]


def test_the_document_names_every_field_of_a_quote() -> None:
    shown = explained(totals([LATTE], HOUSE, [Discount("prm_1", "Ten", None, {"a": 1})]))
    [first] = shown["lines"]
    assert set(shown) == set(quote_schemas.Quote().fields)
    assert set(first) == set(quote_schemas.QuoteLine().fields)
    assert set(first["discounts"][0]) == set(quote_schemas.LineDiscount().fields)
    assert set(shown["promotions"]["applied"][0]) == set(quote_schemas.AppliedPromotion().fields)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**12), st.integers(0, 100)), min_size=1, max_size=6),
    st.sampled_from([HOUSE, ON_TOP]),
    st.integers(0, 10**6),
    st.sampled_from([1, 5, 10]),
)
def test_the_lines_the_tip_and_the_rounding_are_the_total(
    wishes: list[tuple[int, int, int]], terms: Terms, tip: int, step: int
) -> None:
    lines = [
        Line(str(place), "Dish", quantity, quantity * unit, 88_750) for place, (quantity, unit, _) in enumerate(wishes)
    ]
    shares = {one.id: one.gross * wish[2] // 100 for one, wish in zip(lines, wishes, strict=True)}
    shown = explained(totals(lines, terms, [Discount("prm_1", "Offer", None, shares)], tip, step))
    of_lines = sum(one["total"]["amount"] for one in shown["lines"])
    assert shown["total"]["amount"] == of_lines + shown["tip"]["amount"] + shown["rounding"]["amount"]
    for one in shown["lines"]:
        assert one["gross"]["amount"] == one["unit"]["amount"] * one["quantity"]
        assert one["discount"]["amount"] == sum(share["amount"]["amount"] for share in one["discounts"])


class TestOneQuote:
    @pytest.fixture
    def asked(self, restaurant: Restaurant) -> dict[str, Any]:
        oat = {"name": "Oat milk", "price_minor": 50}
        restaurant.orders.add("ord_1", line("latte", 1100, 2, options=[oat]), line())
        wish = restaurant.request({"order_ids": ["ord_1"], "code": "TEN"}, schema=schemas.QuoteQuestion)
        return checkout.quote(restaurant.till, wish)

    def test_the_answer_explains_options_and_promotions(self, asked: dict[str, Any]) -> None:
        latte = asked["lines"][0]
        assert (latte["base"], latte["unit"], latte["options"][0]["price"]) == (euros(500), euros(550), euros(50))
        assert latte["discounts"] == [{"promotion_id": "prm_ten", "name": "TEN", "amount": euros(110)}]

    def test_the_bill_keeps_the_quote_the_guest_was_shown(self, restaurant: Restaurant, asked: dict[str, Any]) -> None:
        restaurant.check_out(code="TEN", expected_total=asked["total"])
        assert restaurant.bill["quote"] == asked

    def test_a_changed_price_is_told_with_the_whole_explanation(
        self, restaurant: Restaurant, asked: dict[str, Any]
    ) -> None:
        assert restaurant.refused(code="TEN", expected_total=euros(1)).details["quote"] == asked
