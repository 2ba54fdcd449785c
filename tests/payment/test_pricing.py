"""The totals function against the laws that hold for every bill; test_money_cases.py has bills worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.payment.pricing import Discount, Line, Quote, Terms, totals

EXCLUSIVE = Terms("EUR", 2, tax_included=False, tax_rounding="per_rate", service_charge_bps=0)
INCLUSIVE = Terms("EUR", 2, tax_included=True, tax_rounding="per_rate", service_charge_bps=0)


def line(gross: int, tax_ppm: int = 0, name: str = "a", **kwargs: Any) -> Line:
    return Line(name, name, kwargs.pop("quantity", 1), gross, tax_ppm, **kwargs)


def off(promotion: str = "prm_1", **shares: int) -> Discount:
    return Discount(promotion, "Offer", None, shares)


def test_each_rate_has_its_own_tax_line_and_its_part_of_the_service_charge() -> None:
    terms = Terms("EUR", 2, tax_included=True, tax_rounding="per_rate", service_charge_bps=1000)
    quote = totals([line(1190, 190_000), line(1070, 70_000, "b")], terms)
    assert quote.service_charge == 226
    assert [(rate.rate_ppm, rate.net + rate.tax) for rate in quote.tax_lines] == [(70_000, 1177), (190_000, 1309)]
    assert [(rate.net, rate.tax) for rate in quote.tax_lines] == [(1100, 77), (1100, 209)]
    assert quote.total == 1190 + 1070 + 226


@pytest.mark.parametrize(
    "discounts",
    [[off(a=1001)], [off(a=-1)], [off(a=600), off("prm_2", a=401)], [off(b=1)], [off(gift=1)]],
    ids=["more than the line", "below zero", "more than is left", "unknown line", "line that takes no discount"],
)
def test_a_discount_that_does_not_fit_its_line_is_refused(discounts: list[Discount]) -> None:
    with pytest.raises(ValueError, match="does not hold"):
        totals([line(1000), line(1000, name="gift", discountable=False)], INCLUSIVE, discounts)


@pytest.mark.parametrize("lines", [[line(-1)], [line(1), line(1)], [line(1, -1)]])
def test_lines_that_cannot_be_are_refused(lines: list[Line]) -> None:
    with pytest.raises(ValueError, match="lines need"):
        totals(lines, INCLUSIVE)


@pytest.mark.parametrize(("tip", "step"), [(-1, 1), (0, 0)])
def test_a_negative_tip_and_a_step_of_nothing_are_refused(tip: int, step: int) -> None:
    with pytest.raises(ValueError, match="tip"):
        totals([line(1)], INCLUSIVE, tip=tip, step=step)


def test_an_empty_bill_is_worth_nothing() -> None:
    assert totals([], INCLUSIVE).total == 0


def test_the_digest_changes_with_anything_a_guest_agrees_to() -> None:
    plain = totals([line(1000, 190_000)], INCLUSIVE)
    others = [
        totals([line(1001, 190_000)], INCLUSIVE),
        totals([line(1000, 70_000)], INCLUSIVE),
        totals([line(1000, 190_000)], EXCLUSIVE),
        totals([line(1000, 190_000)], INCLUSIVE, [off(a=1)]),
        totals([line(1000, 190_000)], INCLUSIVE, tip=1),
    ]
    assert len({quote.digest() for quote in [plain, *others]}) == 6
    assert totals([line(1000, 190_000)], INCLUSIVE).digest() == plain.digest()


@st.composite
def bills(draw: st.DrawFn) -> tuple[list[Line], Terms, list[Discount], int]:
    grosses = draw(st.lists(st.integers(0, 10**16), min_size=1, max_size=8))
    rates = st.sampled_from([0, 70_000, 88_750, 190_000, 250_000])
    lines = [line(gross, draw(rates), f"lin_{place}") for place, gross in enumerate(grosses)]
    terms = Terms(
        "EUR",
        2,
        tax_included=draw(st.booleans()),
        tax_rounding=draw(st.sampled_from(["per_rate", "per_line"])),
        service_charge_bps=draw(st.integers(0, 3000)),
    )
    shares = {one.id: draw(st.integers(0, one.gross)) for one in lines}
    return lines, terms, [Discount("prm_1", "Offer", None, shares)], draw(st.integers(0, 10**6))


def _half_up(exact: Fraction) -> int:
    return int((exact * 2 + 1) // 2)


def _sum_of(quote: Quote, part: str) -> int:
    return sum(getattr(one, part) for one in quote.lines)


@given(bills())
def test_nothing_is_lost_between_the_lines_and_the_total(
    bill: tuple[list[Line], Terms, list[Discount], int],
) -> None:
    lines, terms, discounts, tip = bill
    quote = totals(lines, terms, discounts, tip)
    assert quote.subtotal - quote.discount == _sum_of(quote, "net")
    assert quote.service_charge == _sum_of(quote, "service_charge")
    assert quote.tax == _sum_of(quote, "tax") == sum(rate.tax for rate in quote.tax_lines)
    on_top = 0 if terms.tax_included else quote.tax
    assert quote.total == quote.subtotal - quote.discount + quote.service_charge + on_top + tip
    assert sum(rate.net for rate in quote.tax_lines) + quote.tax + tip == quote.total
    assert all(0 <= one.net <= one.gross and one.tax >= 0 for one in quote.lines)


@given(bills(), st.sampled_from([1, 5, 10, 100]))
def test_rounding_moves_a_total_by_at_most_half_a_step(
    bill: tuple[list[Line], Terms, list[Discount], int], step: int
) -> None:
    lines, terms, discounts, tip = bill
    exact, rounded = totals(lines, terms, discounts, tip), totals(lines, terms, discounts, tip, step)
    assert rounded.total % step == 0
    assert rounded.rounding == rounded.total - exact.total
    assert abs(rounded.rounding) * 2 <= step


@given(bills())
def test_the_tax_of_a_rate_is_exact_to_half_a_unit(bill: tuple[list[Line], Terms, list[Discount], int]) -> None:
    """By fractions, which know no rounding, however long the numbers are."""
    lines, terms, discounts, _ = bill
    quote = totals(lines, replace(terms, tax_rounding="per_rate"), discounts)
    for rate in quote.tax_lines:
        base = sum(one.net + one.service_charge for one in quote.lines if one.tax_ppm == rate.rate_ppm)
        part = Fraction(rate.rate_ppm, 1_000_000)
        assert rate.tax == _half_up(base * part / (1 + part) if terms.tax_included else base * part)


@given(bills())
def test_rounding_tax_on_each_line_differs_by_half_a_unit_for_each_rounding(
    bill: tuple[list[Line], Terms, list[Discount], int],
) -> None:
    lines, terms, discounts, tip = bill
    by_line = totals(lines, replace(terms, tax_rounding="per_line"), discounts, tip)
    by_rate = totals(lines, replace(terms, tax_rounding="per_rate"), discounts, tip)
    assert 2 * abs(by_line.tax - by_rate.tax) <= len(lines) + len(by_rate.tax_lines)
    assert [one.net for one in by_line.lines] == [one.net for one in by_rate.lines]
    for one in by_line.lines:
        part = Fraction(one.tax_ppm, 1_000_000)
        base = one.net + one.service_charge
        assert one.tax == _half_up(base * part / (1 + part) if terms.tax_included else base * part)


@given(bills(), st.sampled_from([("JPY", 0), ("USD", 2), ("KWD", 3)]))
def test_the_digits_of_a_currency_change_no_amount(
    bill: tuple[list[Line], Terms, list[Discount], int], currency: tuple[str, int]
) -> None:
    lines, terms, discounts, tip = bill
    here = totals(lines, terms, discounts, tip)
    there = totals(lines, replace(terms, currency=currency[0], digits=currency[1]), discounts, tip)
    assert (there.total, there.tax, there.lines) == (here.total, here.tax, here.lines)
    assert there.digest() != here.digest()


@given(bills())
def test_no_discount_makes_a_bill_dearer_and_none_makes_it_negative(
    bill: tuple[list[Line], Terms, list[Discount], int],
) -> None:
    lines, terms, discounts, tip = bill
    assert 0 <= totals(lines, terms, discounts, tip).total - tip <= totals(lines, terms, (), tip).total - tip
