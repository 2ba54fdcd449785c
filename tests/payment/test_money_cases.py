"""Bills worked out by hand, most of them for a fault that other systems have shown in public."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ordering_platform.payment import giving_back, schemas
from ordering_platform.payment.explaining import explained
from ordering_platform.payment.pricing import Discount, Line, Terms, rounding, totals
from ordering_platform.runtime.errors import ValidationFailed
from ordering_platform.runtime.money import MAX_MINOR, allocate, digits, pct

GERMAN = Terms("EUR", 2, tax_included=True, tax_rounding="per_rate", service_charge_bps=0)
ON_TOP = Terms("USD", 2, tax_included=False, tax_rounding="per_rate", service_charge_bps=0)
SERVED = Terms("GBP", 2, tax_included=False, tax_rounding="per_rate", service_charge_bps=1250)
BY_LINE = Terms("EUR", 2, tax_included=True, tax_rounding="per_line", service_charge_bps=0)
YEN = Terms("JPY", 0, tax_included=True, tax_rounding="per_rate", service_charge_bps=0)
DINAR = Terms("KWD", 3, tax_included=True, tax_rounding="per_rate", service_charge_bps=0)

VAT = 200_000


@dataclass(frozen=True)
class Case:
    """A bill: gross amounts, one tax rate, what is taken off in all; and what must come out."""

    terms: Terms
    grosses: list[int]
    expected: dict[str, int]
    rate: int = 0
    off: int = 0
    tip: int = 0
    step: int = 1
    nets: list[int] = field(default_factory=list)


CASES = {
    # What is taken off is shared out over the lines.
    "10.00 off three lines of 10.00": Case(GERMAN, [1000] * 3, {"total": 2000}, off=1000, nets=[666, 667, 667]),
    "5.05 off ten lines of 1.00 and one of 0.01": Case(
        GERMAN, [100] * 10 + [1], {"total": 496}, off=505, nets=[49] * 4 + [50] * 6 + [0]
    ),
    "5.00 off lines of 12.00, 3.00 and nothing": Case(
        GERMAN, [1200, 300, 0], {"total": 1000}, off=500, nets=[800, 200, 0]
    ),
    "0.02 off three lines of 0.01": Case(GERMAN, [1, 1, 1], {"total": 1}, off=2, nets=[0, 0, 1]),
    "25 % off 19.99": Case(GERMAN, [1999], {"discount": 500, "total": 1499}, off=pct(1999, 2500)),
    "10.5 % off 25.00": Case(GERMAN, [2500], {"discount": 263, "total": 2237}, off=pct(2500, 1050)),
    "7.25 % off 2.00": Case(GERMAN, [200], {"discount": 15, "total": 185}, off=pct(200, 725)),
    "10 % off 0.05": Case(GERMAN, [5], {"discount": 1, "total": 4}, off=pct(5, 1000)),
    "everything off 12.50": Case(GERMAN, [1250], {"discount": 1250, "total": 0}, off=1250),
    "lines of 10^16": Case(
        ON_TOP,
        [MAX_MINOR, MAX_MINOR - 1],
        {"subtotal": 19_999_999_999_999_999, "tax": 1_775_000_000_000_000, "total": 21_774_999_999_999_999},
        rate=88_750,
    ),
    # Currencies with other digits are whole numbers like all others.
    "10 % off 99 yen": Case(YEN, [99], {"discount": 10, "total": 89}, off=pct(99, 1000)),
    "10 % off 1005 yen": Case(YEN, [1005], {"discount": 101, "total": 904}, off=pct(1005, 1000)),
    "5.124 dinar where the last digit cannot be charged": Case(DINAR, [5124], {"rounding": -4, "total": 5120}, step=10),
    "5.125 dinar where the last digit cannot be charged": Case(DINAR, [5125], {"rounding": 5, "total": 5130}, step=10),
    "10.02 where the smallest coin is 0.05": Case(GERMAN, [1002], {"rounding": -2, "total": 1000}, step=5),
    "10.03 where the smallest coin is 0.05": Case(GERMAN, [1003], {"rounding": 2, "total": 1005}, step=5),
    # Tax is rounded once for each rate.
    "20 % inside ten of 38.23": Case(GERMAN, [38_230], {"tax": 6372, "total": 38_230}, rate=VAT),
    "21 % on top of 8.50": Case(ON_TOP, [850], {"tax": 179, "total": 1029}, rate=210_000),
    "19 % inside 399.00 that is given away": Case(
        GERMAN, [39_900], {"tax": 0, "total": 0, "discount": 39_900}, rate=190_000, off=39_900
    ),
    "8.875 % on top of 30.00 less 3.00": Case(ON_TOP, [3000], {"tax": 240, "total": 2940}, rate=88_750, off=300),
    "8.875 % on top of 1000.00": Case(ON_TOP, [100_000], {"tax": 8875, "total": 108_875}, rate=88_750),
    "20 % inside 0.01": Case(GERMAN, [1], {"tax": 0}, rate=VAT),
    "20 % inside 0.02": Case(GERMAN, [2], {"tax": 0}, rate=VAT),
    "20 % inside 0.03": Case(GERMAN, [3], {"tax": 1}, rate=VAT),
    "20 % inside three of 0.03, once for the rate": Case(GERMAN, [3, 3, 3], {"tax": 2}, rate=VAT),
    "20 % inside three of 0.03, once for each line": Case(BY_LINE, [3, 3, 3], {"tax": 3}, rate=VAT),
    # Service is on what is left, tax on both, the tip on neither.
    "40.00 less 10 %, served for 12.5 %, taxed at 20 %, tipped 15 % of what is left": Case(
        SERVED,
        [4000],
        {"discount": 400, "service_charge": 450, "tax": 810, "tip": 540, "total": 3600 + 450 + 810 + 540},
        rate=VAT,
        off=pct(4000, 1000),
        tip=pct(3600, 1500),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_bill_comes_out_as_worked_out_by_hand(case: Case) -> None:
    lines = [
        Line(str(place), "Dish", 10 if gross == 38_230 else 1, gross, case.rate)
        for place, gross in enumerate(case.grosses)
    ]
    shares = {line.id: share for line, share in zip(lines, allocate(case.off, case.grosses), strict=True)}
    quote = totals(lines, case.terms, [Discount("prm_1", "Offer", None, shares)], case.tip, case.step)
    assert {name: getattr(quote, name) for name in case.expected} == case.expected
    if case.nets:
        assert [line.net for line in quote.lines] == case.nets


def test_what_cannot_be_discounted_takes_no_part() -> None:
    """Neither a gift card's line, nor the service charge, nor the tip."""
    gift = Line("gift", "Gift card", 1, 5000, 0, discountable=False)
    soup = Line("soup", "Soup", 1, 1000, VAT)
    free = Discount("prm_1", "Everything off", None, {"soup": 1000})
    quote = totals([gift, soup], SERVED, [free], tip=100)
    assert [line.discount for line in quote.lines] == [0, 1000]
    assert (quote.service_charge, quote.tip, quote.total) == (625, 100, 5000 + 625 + 100)
    with pytest.raises(ValueError, match="does not hold"):
        totals([gift, soup], SERVED, [Discount("prm_1", "Everything off", None, {"gift": 1})])


def test_a_dish_that_goes_back_leaves_the_reward_it_has_earned_unless_staff_keep_some() -> None:
    """The cake that came free with the coffee stays free; staff may give back less than the coffee's price."""
    menu = [Line("coffee", "Coffee", 1, 300, VAT), Line("cake", "Cake", 1, 250, VAT)]
    shown = explained(totals(menu, GERMAN, [Discount("prm_1", "A cake with it", None, {"cake": 250})]))
    paid = [giving_back.Line(one["line_id"], one["total"]["amount"], one["quantity"]) for one in shown["lines"]]
    left = giving_back.Paid(300, 0, "EUR")
    whole = giving_back.decide({"lines": [{"line_id": "coffee"}]}, left, paid)
    some = {"line_id": "coffee", "amount": {"amount": 50, "currency": "EUR"}}
    assert (whole.amount, giving_back.decide({"lines": [some]}, left, paid).amount) == (300, 50)


@pytest.mark.parametrize(("currency", "minor_digits"), [("IQD", 3), ("RSD", 2), ("JPY", 0), ("EUR", 2), ("KWD", 3)])
def test_digits_are_those_of_the_standard_and_not_those_that_people_use(currency: str, minor_digits: int) -> None:
    assert digits(currency) == minor_digits


@pytest.mark.parametrize("exact", range(5120, 5131))
def test_an_order_and_its_charge_agree_where_the_last_digit_cannot_be_charged(exact: int) -> None:
    quote = totals([Line("a", "Dish", 1, exact, 0)], DINAR, step=10)
    assert quote.total == exact + rounding(exact, 10)
    assert (quote.total % 10, abs(quote.rounding) <= 5) == (0, True)


@pytest.mark.parametrize("amount", [12.0, "12", True, -1, 2**63, None, [12]], ids=repr)
@pytest.mark.parametrize("field_name", ["tip", "expected_total"])
def test_an_amount_is_a_whole_number_or_refused(field_name: str, amount: Any) -> None:
    body = {"session": True, "method": "cash", field_name: {"amount": amount, "currency": "EUR"}}
    with pytest.raises(ValidationFailed) as caught:
        schemas.Checkout().load_body(body)
    assert caught.value.status == 422
    assert [one.pointer for one in caught.value.errors] == [f"/{field_name}/amount"]
