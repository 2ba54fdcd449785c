"""What goes back for what is asked: the whole, an amount, lines to the cent, the tip only when somebody says so."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.payment.giving_back import Line, Paid, decide, left_of
from ordering_platform.payment.pricing import Discount, Terms, totals
from ordering_platform.payment.pricing import Line as Dish
from ordering_platform.runtime.errors import DomainError
from tests.payment.refund_checks import eur

# Three dishes of 10.00 that carried 3.34, 3.33 and 3.33 of a discount.
DISHES = [Line("a", 666, 1), Line("b", 667, 1), Line("c", 667, 1)]
TABLE = [Line("wine", 2000, 3), Line("bread", 500, 1)]
LEFT = Paid(goods=2500, tip=300, currency="EUR")


def lines(*asked: Any) -> dict[str, Any]:
    return {"lines": [{"line_id": one} if isinstance(one, str) else one for one in asked]}


GIVEN: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("nothing named is all that is left", {}, (2800, 300)),
    ("all but the tip", {"tip": False}, (2500, 0)),
    ("only the tip", {"tip": True}, (300, 300)),
    ("a part of the tip", {"tip": eur(100)}, (100, 100)),
    ("a tip of nothing is no tip", {"tip": eur(0)}, (2500, 0)),
    ("an amount leaves the tip", {"amount": eur(1000)}, (1000, 0)),
    ("an amount and the tip", {"amount": eur(1000), "tip": True}, (1300, 300)),
    ("an amount and a part of the tip", {"amount": eur(2500), "tip": eur(1)}, (2501, 1)),
    ("a line", lines("bread"), (500, 0)),
    ("a line and the tip", lines("bread") | {"tip": True}, (800, 300)),
    ("every line", lines("bread", "wine"), (2500, 0)),
    ("one portion of three", lines({"line_id": "wine", "quantity": 1}), (667, 0)),
    ("two portions of three", lines({"line_id": "wine", "quantity": 2}), (1334, 0)),
    ("three portions of three", lines({"line_id": "wine", "quantity": 3}), (2000, 0)),
    ("an amount of a line", lines({"line_id": "wine", "amount": eur(150)}), (150, 0)),
]
REFUSED: list[tuple[str, dict[str, Any], str, int | None]] = [
    ("a cent too much", {"amount": eur(2501)}, "refund_over_captured", 2500),
    ("a cent too much, with the tip", {"amount": eur(2501), "tip": True}, "refund_over_captured", 2500),
    ("more than the tip", {"tip": eur(301)}, "refund_over_tip", 300),
    ("another currency", {"amount": {"amount": 1, "currency": "USD"}}, "currency_mismatch", None),
    ("a tip in another currency", {"tip": {"amount": 1, "currency": "USD"}}, "currency_mismatch", None),
    ("a line of somebody else", lines("caviar"), "line_not_on_bill", None),
    ("more of a line than was paid", lines({"line_id": "bread", "amount": eur(501)}), "refund_over_line", 500),
    ("more portions than were served", lines({"line_id": "wine", "quantity": 4}), "refund_over_line", 2000),
]


@pytest.mark.parametrize(("wish", "expected"), [row[1:] for row in GIVEN], ids=[row[0] for row in GIVEN])
def test_what_goes_back(wish: dict[str, Any], expected: tuple[int, int]) -> None:
    back = decide(wish, LEFT, TABLE)
    assert (back.amount, back.tip) == expected


@pytest.mark.parametrize(("wish", "code", "most"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(wish: dict[str, Any], code: str, most: int | None) -> None:
    with pytest.raises(DomainError) as caught:
        decide(wish, LEFT, TABLE)
    assert caught.value.code == code
    assert caught.value.details.get("max") == (eur(most) if most is not None else None)


def test_each_dish_gives_back_what_was_paid_for_it() -> None:
    left = Paid(2000, 0, "EUR")
    assert [decide(lines(one), left, DISHES).amount for one in "abc"] == [666, 667, 667]
    assert decide(lines(*"abc"), left, DISHES).amount == 2000


def test_what_is_gone_of_a_line_does_not_go_again() -> None:
    table = [Line("wine", 2000, 3, gone=667, gone_quantity=1), Line("bread", 500, 1, gone=500, gone_quantity=1)]
    left = Paid(1333, 0, "EUR")
    assert decide(lines("wine"), left, table).amount == 1333
    assert decide(lines({"line_id": "wine", "quantity": 2}), left, table).amount == 1333
    for wish in (lines("bread"), lines({"line_id": "wine", "quantity": 3})):
        with pytest.raises(DomainError, match="left of one line"):
            decide(wish, left, table)


def test_a_line_gives_at_most_what_is_left_of_the_payment() -> None:
    """The other half of the bill was paid with another payment."""
    with pytest.raises(DomainError) as caught:
        decide(lines("wine"), Paid(1250, 0, "EUR"), TABLE)
    assert caught.value.details["max"] == eur(1250)


def test_nothing_is_left_after_everything_went_back() -> None:
    with pytest.raises(DomainError, match="is back"):
        decide({"amount": eur(1)}, Paid(0, 0, "EUR"), TABLE)


def test_a_dish_that_cost_nothing_gives_nothing_back() -> None:
    with pytest.raises(DomainError, match="comes to nothing"):
        decide(lines("bun"), LEFT, [Line("bun", 0, 1)])


class TestCoins:
    """Cash in a place whose smallest coin is five cents; three dishes of 3.34 were paid with 10.00."""

    DISHES = (Line("a", 334, 1), Line("b", 334, 1), Line("c", 334, 1))

    def test_an_amount_is_rounded_to_coins_that_exist(self) -> None:
        assert decide({"amount": eur(501)}, Paid(1000, 0, "EUR"), self.DISHES, 5).amount == 500
        assert decide({"amount": eur(503)}, Paid(1000, 0, "EUR"), self.DISHES, 5).amount == 505

    def test_the_last_dish_takes_what_rounding_has_left(self) -> None:
        left, gone, given = 1000, set[str](), []
        for name in "abc":
            table = [Line(one.id, 334, 1, *((334, 1) if one.id in gone else (0, 0))) for one in self.DISHES]
            given.append(decide(lines(name), Paid(left, 0, "EUR"), table, 5).amount)
            left, gone = left - given[-1], gone | {name}
        assert (given, left) == ([335, 335, 330], 0)

    def test_less_than_half_a_coin_is_nothing(self) -> None:
        with pytest.raises(DomainError, match="comes to nothing"):
            decide({"amount": eur(2)}, Paid(1000, 0, "EUR"), self.DISHES, 5)


PAYMENT = {
    "amount_minor": 1002,
    "tip_minor": 100,
    "rounding_minor": -2,
    "captured_minor": 1100,
    "refunded_minor": 0,
    "refund_pending_minor": 0,
    "tip_refunded_minor": 0,
    "currency": "EUR",
}


@pytest.mark.parametrize(
    ("changes", "goods", "tip"),
    [
        ({}, 1000, 100),
        ({"refunded_minor": 300, "refund_pending_minor": 200}, 500, 100),
        ({"refunded_minor": 300, "tip_refunded_minor": 60}, 760, 40),
        ({"captured_minor": 1050}, 1000, 50),
        ({"captured_minor": 400}, 400, 0),
        ({"captured_minor": 0}, 0, 0),
    ],
)
def test_what_is_left_of_a_payment(changes: dict[str, int], goods: int, tip: int) -> None:
    """Of a capture in part the dishes come first, and the tip is what lies above them."""
    assert left_of({**PAYMENT, **changes}) == Paid(goods, tip, "EUR")


@given(
    price=st.integers(0, 100_000),
    quantity=st.integers(1, 30),
    portions=st.lists(st.integers(1, 5), max_size=40),
    step=st.sampled_from([1, 5, 10]),
)
def test_portions_of_a_line_are_the_line_to_the_cent(price: int, quantity: int, portions: list[int], step: int) -> None:
    left, gone, served = price, 0, 0
    for number in portions:
        line = Line("wine", price, quantity, gone, served)
        # Portions that were never served, that cost nothing, or less than half a coin.
        with suppress(DomainError):
            back = decide(lines({"line_id": "wine", "quantity": number}), Paid(left, 0, "EUR"), [line], step)
            left, gone, served = left - back.amount, gone + back.lines[0].amount, served + number
        assert (left >= 0, gone <= price, served <= quantity) == (True, True, True)
    if served == quantity:
        assert gone == price


@pytest.mark.parametrize("included", [True, False])
def test_three_dishes_with_a_third_of_a_discount_each(included: bool) -> None:
    """10.00 off three dishes of 10.00: what each gives back is its part of the bill, service and tax with it."""
    terms = Terms("EUR", 2, tax_included=included, tax_rounding="per_rate", service_charge_bps=0 if included else 1250)
    dishes = [Dish(name, name, 1, 1000, 200_000) for name in "abc"]
    quote = totals(dishes, terms, [Discount("prm_1", "Ten off", None, {"a": 334, "b": 333, "c": 333})])
    table = [Line(one.id, one.total(on_top=not included), 1) for one in quote.lines]
    left = Paid(quote.total, 0, "EUR")
    back = [decide(lines(name), left, table).amount for name in "abc"]
    # 20.00 with everything in it, or with 12.5 % service and 20 % tax on both: 27.00.
    assert back == ([666, 667, 667] if included else [899, 901, 900])
    assert sum(back) == quote.total == decide(lines(*"abc"), left, table).amount
