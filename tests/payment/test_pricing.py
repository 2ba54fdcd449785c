"""The totals function against worked examples, and against the laws that hold for every bill."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.payment.pricing import Discount, Line, Quote, Terms, totals

EXCLUSIVE = Terms("EUR", 2, tax_included=False, tax_rounding="per_rate", service_charge_bps=0)
INCLUSIVE = Terms("EUR", 2, tax_included=True, tax_rounding="per_rate", service_charge_bps=0)
BY_LINE = Terms("EUR", 2, tax_included=True, tax_rounding="per_line", service_charge_bps=0)


def line(gross: int, tax_ppm: int = 0, name: str = "a", **kwargs: Any) -> Line:
    return Line(name, name, kwargs.pop("quantity", 1), gross, tax_ppm, **kwargs)


def off(promotion: str = "prm_1", **shares: int) -> Discount:
    return Discount(promotion, "Offer", None, shares)


def test_tax_inside_a_price_is_taken_from_the_sum_and_not_unit_by_unit() -> None:
    quote = totals([line(38_230, 200_000, quantity=10)], INCLUSIVE)
    assert (quote.tax, quote.tax_lines[0].net, quote.total) == (6372, 31_858, 38_230)


def test_tax_on_top_of_a_price_is_added() -> None:
    quote = totals([line(850, 210_000)], EXCLUSIVE)
    assert (quote.tax, quote.total) == (179, 1029)


def test_a_bill_that_is_discounted_to_nothing_carries_no_tax() -> None:
    quote = totals([line(39_900, 190_000)], INCLUSIVE, [off(a=39_900)])
    assert (quote.total, quote.tax, quote.subtotal, quote.discount) == (0, 0, 39_900, 39_900)


def test_a_tax_rate_finer_than_a_basis_point_is_exact() -> None:
    quote = totals([line(3000, 88_750)], EXCLUSIVE, [off(a=300)])
    assert (quote.tax, quote.total) == (240, 2940)
    assert totals([line(100_000, 88_750)], EXCLUSIVE).tax == 8875


@pytest.mark.parametrize(("price", "tax"), [(1, 0), (2, 0), (3, 1)])
def test_tax_inside_a_few_cents_is_rounded_half_up(price: int, tax: int) -> None:
    assert totals([line(price, 200_000)], INCLUSIVE).tax == tax


def test_service_charge_follows_the_discount_and_is_taxed_and_the_tip_is_not() -> None:
    terms = Terms("EUR", 2, tax_included=False, tax_rounding="per_rate", service_charge_bps=1250)
    quote = totals([line(4000, 200_000)], terms, [off(a=400)], tip=540)
    assert (quote.service_charge, quote.tax, quote.tip) == (450, 810, 540)
    assert quote.total == 3600 + 450 + 810 + 540


def test_each_rate_has_its_own_tax_line_and_its_part_of_the_service_charge() -> None:
    terms = Terms("EUR", 2, tax_included=True, tax_rounding="per_rate", service_charge_bps=1000)
    quote = totals([line(1190, 190_000), line(1070, 70_000, "b")], terms)
    assert quote.service_charge == 226
    assert [(rate.rate_ppm, rate.net + rate.tax) for rate in quote.tax_lines] == [(70_000, 1177), (190_000, 1309)]
    assert [(rate.net, rate.tax) for rate in quote.tax_lines] == [(1100, 77), (1100, 209)]
    assert quote.total == 1190 + 1070 + 226


def test_a_venue_may_round_tax_on_each_line() -> None:
    coffees = [line(3, 200_000, name) for name in "abc"]
    assert totals(coffees, BY_LINE).tax == 3
    assert totals(coffees, INCLUSIVE).tax == 2


@pytest.mark.parametrize(
    ("exact", "step", "rounding"), [(5124, 10, -4), (5125, 10, 5), (1002, 5, -2), (1003, 5, 2), (1000, 5, 0)]
)
def test_what_the_smallest_coin_cannot_pay_is_a_line_of_its_own(exact: int, step: int, rounding: int) -> None:
    terms = Terms("KWD", 3, tax_included=True, tax_rounding="per_rate", service_charge_bps=0)
    quote = totals([line(exact)], terms, step=step)
    assert (quote.rounding, quote.total) == (rounding, exact + rounding)


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
    grosses = draw(st.lists(st.integers(0, 10**15), min_size=1, max_size=8))
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
