"""Rounding, sharing out and currencies: the arithmetic below every price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.runtime.money import MAX_MINOR, allocate, digits, half_up, money, pct


@pytest.mark.parametrize(
    ("numerator", "denominator", "whole"),
    [(1, 2, 1), (1, 3, 0), (2, 3, 1), (0, 7, 0), (-1, 2, -1), (-1, 3, 0), (5, 1, 5), (10**40 + 1, 2, 5 * 10**39 + 1)],
)
def test_halves_are_rounded_away_from_zero(numerator: int, denominator: int, whole: int) -> None:
    assert half_up(numerator, denominator) == whole


@pytest.mark.parametrize(
    ("amount", "bps", "part"),
    [
        (1999, 2500, 500),
        (2500, 1050, 263),
        (200, 725, 15),
        (4, 1000, 0),
        (5, 1000, 1),
        (99, 1000, 10),
        (1005, 1000, 101),
        (0, 10_000, 0),
        (1250, 10_000, 1250),
    ],
    ids=[
        "25 % of 19.99",
        "10.5 % of 25.00",
        "7.25 % of 2.00, where floats give 0.14",
        "10 % of 0.04",
        "10 % of 0.05",
        "10 % of 99 yen",
        "10 % of 1005 yen",
        "all of nothing",
        "all of it",
    ],
)
def test_a_percentage_is_rounded_half_up_once(amount: int, bps: int, part: int) -> None:
    assert pct(amount, bps) == part


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (1000, [1000, 1000, 1000], [334, 333, 333]),
        (505, [100] * 10 + [1], [51] * 4 + [50] * 6 + [1]),
        (500, [1200, 300, 0], [400, 100, 0]),
        (2, [1, 1, 1], [1, 1, 0]),
        (260, [1600, 1000], [160, 100]),
        (10_000, [1, 1, 1], [3334, 3333, 3333]),
        (100, [1] * 7, [15, 15, 14, 14, 14, 14, 14]),
        (0, [], []),
        (0, [0, 0], [0, 0]),
    ],
)
def test_an_amount_is_shared_out_to_the_last_unit(total: int, weights: list[int], shares: list[int]) -> None:
    assert allocate(total, weights) == shares


@pytest.mark.parametrize(("total", "weights"), [(1, []), (1, [0]), (-1, [1]), (1, [2, -1])])
def test_what_cannot_be_shared_out_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"share|shared"):
        allocate(total, weights)


@pytest.mark.parametrize(
    ("currency", "minor_digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("IQD", 3), ("RSD", 2), ("CLF", 4), ("ISK", 0)]
)
def test_minor_digits_are_those_of_iso_4217(currency: str, minor_digits: int) -> None:
    assert digits(currency) == minor_digits


@pytest.mark.parametrize("currency", ["XYZ", "eur", "", "XAU", "EURO"])
def test_what_is_no_countable_money_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        digits(currency)


def test_money_is_whole_units_with_a_currency() -> None:
    assert money(1250, "EUR") == {"amount": 1250, "currency": "EUR"}


weights_of_any_size = st.lists(st.integers(0, MAX_MINOR), min_size=1, max_size=30).filter(any)


@given(weights_of_any_size, st.data())
def test_shares_add_up_and_never_exceed_their_weights(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    shares = allocate(total, weights)
    assert sum(shares) == total
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


@given(weights_of_any_size, st.integers(0, MAX_MINOR))
def test_a_share_is_less_than_one_unit_from_its_exact_part(weights: list[int], total: int) -> None:
    whole = sum(weights)
    for share, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(share * whole - total * weight) < whole


@given(st.integers(0, MAX_MINOR), st.integers(1, 100))
def test_equal_parts_differ_by_one_unit_at_most_and_the_larger_come_first(total: int, parts: int) -> None:
    shares = allocate(total, [1] * parts)
    assert sum(shares) == total
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.integers(1, 10**12))
def test_rounding_is_never_off_by_more_than_half(numerator: int, denominator: int) -> None:
    assert abs(half_up(numerator, denominator) * denominator - numerator) * 2 <= denominator


@given(st.integers(0, MAX_MINOR), st.integers(0, 10_000))
def test_a_percentage_is_never_more_than_the_whole(amount: int, bps: int) -> None:
    assert 0 <= pct(amount, bps) <= amount
