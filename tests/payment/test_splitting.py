"""Sharing a bill: whoever takes whatever, the parts are the bill to the cent, and nobody pays twice or for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordering_platform.payment import errors
from ordering_platform.payment.explaining import explained
from ordering_platform.payment.pricing import Discount, Line, Terms, totals
from ordering_platform.payment.splitting import claim, due, line_prices, share
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.money import allocate


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def bill(*prices: int, **fields: Any) -> dict[str, Any]:
    """Give a bill of lines ``a``, ``b`` ... with these prices."""
    lines = [{"line_id": chr(97 + place), "total": euros(price)} for place, price in enumerate(prices)]
    counters = {"total_minor": sum(prices), "paid_minor": 0, "pending_minor": 0}
    return {"currency": "EUR", "split": None, "quote": {"lines": lines}, **counters, **fields}


def equal(parts: int, **more: int) -> dict[str, Any]:
    return {"equal": {"parts": parts, **more}}


def line(line_id: str, part: int = 1, of: int = 1) -> dict[str, Any]:
    return {"line_id": line_id, "part": part, "of": of}


def lines(*wanted: dict[str, Any]) -> dict[str, Any]:
    return {"lines": list(wanted)}


@pytest.mark.parametrize(
    ("minor", "parts", "shares"),
    [
        (10_000, 3, [3334, 3333, 3333]),
        (100, 7, [15, 15, 14, 14, 14, 14, 14]),
        (1, 2, [1, 0]),
        (1000, 1, [1000]),
    ],
)
def test_the_first_parts_are_a_cent_larger(minor: int, parts: int, shares: list[int]) -> None:
    assert [share(minor, number, parts) for number in range(1, parts + 1)] == shares


@given(st.integers(0, 10**16), st.integers(1, 1000))
def test_parts_are_what_every_other_sharing_here_gives(minor: int, parts: int) -> None:
    assert [share(minor, number, parts) for number in range(1, parts + 1)] == allocate(minor, [1] * parts)


@given(
    goods=st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([0, 70_000, 88_750, 190_000])), min_size=1),
    taken=st.integers(0, 100),
    service=st.integers(0, 2000),
    included=st.booleans(),
    rounding=st.sampled_from(["per_rate", "per_line"]),
    tip=st.integers(0, 1000),
)
def test_the_prices_of_the_lines_are_the_bill(  # noqa: PLR0917  one for each thing that can differ
    goods: list[tuple[int, int]], taken: int, service: int, included: bool, rounding: str, tip: int
) -> None:
    terms = Terms("EUR", 2, tax_included=included, tax_rounding=rounding, service_charge_bps=service)
    dishes = [Line(f"lin_{place}", "dish", 1, gross, rate) for place, (gross, rate) in enumerate(goods)]
    offer = Discount("prm_1", "Off", None, {dish.id: dish.gross * taken // 100 for dish in dishes})
    quote = totals(dishes, terms, [offer], tip)
    assert sum(line_prices(explained(quote)).values()) == quote.total - quote.tip


@pytest.mark.parametrize(
    ("of", "held", "wish", "minor", "parts"),
    [
        pytest.param(bill(10_000), [], equal(3), 3334, ["1/3"], id="the first third"),
        pytest.param(bill(10_000), ["1/3"], equal(3), 3333, ["2/3"], id="the next third"),
        pytest.param(bill(10_000), ["2/3"], equal(3), 3334, ["1/3"], id="one that was given back"),
        pytest.param(bill(10_000), [], equal(3, take=2), 6667, ["1/3", "2/3"], id="two of three"),
        pytest.param(bill(10_000, paid_minor=4000), [], equal(3), 2000, ["1/3"], id="thirds of what is left"),
        pytest.param(bill(900, 401), [], lines(line("a")), 900, ["a:1/1"], id="a line"),
        pytest.param(bill(900, 401), [], lines(line("a"), line("b", 1, 2)), 1101, ["a:1/1", "b:1/2"], id="and half"),
        pytest.param(bill(900, 401), ["b:1/2"], lines(line("b", 2, 2)), 200, ["b:2/2"], id="the other half"),
        pytest.param(bill(900, 401), [], {}, 1301, [], id="all"),
        pytest.param(bill(900, 401), [], {"amount": euros(5)}, 5, [], id="an amount"),
    ],
)
def test_a_payment_takes(
    of: dict[str, Any], held: list[str], wish: dict[str, Any], minor: int, parts: list[str]
) -> None:
    if held:
        of["split"] = {"kind": "lines"} if ":" in held[0] else {"kind": "equal", "parts": 3, "minor": due(of)}
    made = claim(of, held, wish)
    assert (made.minor, [part.name for part in made.parts]) == (minor, parts)


THIRDS = {"split": {"kind": "equal", "parts": 3, "minor": 10_000}}
LINES = {"split": {"kind": "lines"}}


@pytest.mark.parametrize(
    ("of", "held", "wish", "refusal"),
    [
        pytest.param(bill(10_000, **THIRDS), ["1/3"], equal(2), errors.SplitDiffers, id="halves of thirds"),
        pytest.param(bill(10_000, **THIRDS), ["1/3"], lines(line("a")), errors.SplitDiffers, id="lines of thirds"),
        pytest.param(bill(10_000, **THIRDS), ["1/3"], {"amount": euros(5)}, errors.SplitDiffers, id="amount of thirds"),
        pytest.param(bill(900, 401, **LINES), ["a:1/1"], equal(3), errors.SplitDiffers, id="thirds of lines"),
        pytest.param(
            bill(900, 401, **LINES), ["a:1/2"], lines(line("a", 2, 3)), errors.SplitDiffers, id="a third of a half"
        ),
        pytest.param(bill(9), [], lines(line("a", 1, 2), line("a", 1, 3)), errors.SplitDiffers, id="halves and thirds"),
        pytest.param(bill(900, 401, **LINES), ["a:1/1"], lines(line("a")), errors.ShareTaken, id="a line twice"),
        pytest.param(bill(900, 401, **LINES), ["a:1/2"], lines(line("a", 1, 2)), errors.ShareTaken, id="a half twice"),
        pytest.param(bill(10_000, **THIRDS), ["1/3"], equal(3, take=3), errors.ShareTaken, id="more than is free"),
        pytest.param(bill(900), [], lines(line("z")), errors.LineNotOnBill, id="a line of another bill"),
        pytest.param(bill(900, paid_minor=1), [], lines(line("a")), errors.AmountOverDue, id="a line over the rest"),
        pytest.param(bill(900), [], {"amount": euros(901)}, errors.AmountOverDue, id="an amount over the rest"),
        pytest.param(
            bill(900), [], {"amount": {"amount": 9, "currency": "USD"}}, errors.CurrencyMismatch, id="dollars"
        ),
        pytest.param(bill(900, 0), [], lines(line("b")), errors.NothingToPay, id="a line that costs nothing"),
        pytest.param(bill(1), [], lines(line("a", 2, 2)), errors.NothingToPay, id="a part that costs nothing"),
        pytest.param(bill(900), [], {"amount": euros(0)}, errors.NothingToPay, id="an amount of nothing"),
        pytest.param(bill(900, paid_minor=400, pending_minor=500), [], {}, errors.NothingDue, id="nothing left"),
    ],
)
def test_a_payment_is_refused(
    of: dict[str, Any], held: list[str], wish: dict[str, Any], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        claim(of, held, wish)


def test_who_comes_late_reads_what_is_free() -> None:
    with pytest.raises(errors.ShareTaken) as caught:
        claim(bill(900, **LINES), ["a:1/3"], lines(line("a", 1, 3)))
    assert caught.value.details == {"line_id": "a", "free": ["a:2/3", "a:3/3"]}
    with pytest.raises(errors.SplitDiffers) as differs:
        claim(bill(10_000, **THIRDS), ["1/3"], equal(2))
    assert differs.value.details == {"kind": "equal", "parts": 3}


@pytest.mark.parametrize("split", [THIRDS, LINES])
def test_the_way_of_sharing_is_open_again_when_nobody_holds_a_part(split: dict[str, Any]) -> None:
    assert claim(bill(10_000, **split), [], equal(2)).minor == 5000
    assert claim(bill(10_000, **split), [], lines(line("a", 1, 4))).minor == 2500
    assert claim(bill(10_000, **split), [], {"amount": euros(1)}).split is None


@pytest.mark.parametrize(
    ("of", "held", "parts"),
    [
        (bill(10_000, **THIRDS), ["2/3"], ["1/3", "3/3"]),
        (bill(900, 401, **LINES), ["b:2/2"], ["a:1/1", "b:1/2"]),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_all_that_is_left_takes_every_part_that_is_free(
    of: dict[str, Any], held: list[str], parts: list[str], named: bool
) -> None:
    made = claim(of, held, {"amount": euros(due(of))} if named else {})
    assert (made.minor, [part.name for part in made.parts]) == (due(of), parts)


WISHES = st.one_of(
    st.builds(equal, st.integers(2, 6), take=st.integers(1, 3)),
    st.lists(
        st.builds(line, st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 3)),
        min_size=1,
        max_size=3,
        unique_by=lambda one: (one["line_id"], one["part"], one["of"]),
    ).map(lambda wanted: lines(*wanted)),
    st.builds(lambda amount: {"amount": euros(amount)}, st.integers(0, 500)),
    st.just({}),
)


@settings(max_examples=300)
@given(
    prices=st.tuples(*[st.integers(0, 300)] * 3),
    steps=st.lists(st.tuples(WISHES, st.sampled_from(["captured", "failed", "pending"])), max_size=12),
    later=st.lists(st.booleans(), min_size=14, max_size=14),
)
def test_whatever_a_table_does_somebody_can_finish_to_the_cent(
    prices: tuple[int, ...], steps: list[tuple[dict[str, Any], str]], later: list[bool]
) -> None:
    table = bill(*prices)
    held: dict[str, int] = {}
    waiting: list[tuple[int, int]] = []

    def end(payment: int, minor: int, *, captured: bool) -> None:
        table["pending_minor"] -= minor
        table["paid_minor"] += minor if captured else 0
        for name in [name for name, holder in held.items() if holder == payment and not captured]:
            del held[name]

    for payment, (wish, outcome) in enumerate([*steps, ({}, "captured")]):
        if payment == len(steps):
            # Whoever had not finished does, one way or the other; the last one pays what is left then.
            for place, (other, minor) in enumerate(waiting):
                end(other, minor, captured=later[place])
        try:
            made = claim(table, held, wish)
        except DomainError:
            continue
        assert 0 < made.minor <= due(table)
        assert not held.keys() & {part.name for part in made.parts}
        held.update({part.name: payment for part in made.parts})
        table["split"] = made.split
        table["pending_minor"] += made.minor
        if outcome == "pending":
            waiting.append((payment, made.minor))
        else:
            end(payment, made.minor, captured=outcome == "captured")
    assert (table["paid_minor"], table["pending_minor"]) == (sum(prices), 0)
