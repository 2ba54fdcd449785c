"""What a percentage and a fixed amount take off, and which parameters they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ordering_platform.promotion.errors import CurrencyNotSupported, NoEligibleItems
from ordering_platform.promotion.rules import registry
from ordering_platform.promotion.rules.basket import Basket, Line
from ordering_platform.promotion.rules.reading import ParameterInvalid
from tests.promotion.samples import FIVE_OFF, TEN_PERCENT, line


def shares(reward: dict[str, Any], *lines: Line, currency: str = "EUR") -> list[int]:
    given = registry.read(reward).shares(Basket(currency, lines))
    return [given.get(one.id, 0) for one in lines]


def rows(*grosses: int) -> list[Line]:
    return [line(gross, f"l{place}") for place, gross in enumerate(grosses)]


def amount(minor: int, **parameters: Any) -> dict[str, Any]:
    return {"amount": {"EUR": minor}, **parameters}


def percent(bps: int, **parameters: Any) -> dict[str, Any]:
    return {"percent_bps": bps, **parameters}


@pytest.mark.parametrize(
    ("reward", "grosses", "expected"),
    [
        (amount(1000), (1000, 1000, 1000), [334, 333, 333]),
        (amount(505), (100,) * 10 + (1,), [51] * 4 + [50] * 6 + [1]),
        (amount(500), (1200, 300, 0), [400, 100, 0]),
        (amount(2), (1, 1, 1), [1, 1, 0]),
        (amount(2000), (1250,), [1250]),
        (amount(2000), (1000, 250), [1000, 250]),
        (percent(2500), (1999,), [500]),
        (percent(1050), (2500,), [263]),
        (percent(725), (200,), [15]),
        (percent(1000), (4,), [0]),
        (percent(1000), (5,), [1]),
        (percent(1000), (3334, 3333, 3333), [334, 333, 333]),
        (percent(10_000), (1250, 1), [1250, 1]),
    ],
)
def test_a_discount_is_rounded_once_and_shared_out_to_the_cent(
    reward: dict[str, Any], grosses: tuple[int, ...], expected: list[int]
) -> None:
    assert shares(reward, *rows(*grosses)) == expected


@pytest.mark.parametrize(("price", "discount"), [(99, 10), (1005, 101)])
def test_yen_have_no_minor_units_and_round_half_up(price: int, discount: int) -> None:
    assert shares(TEN_PERCENT, line(price), currency="JPY") == [discount]


@pytest.mark.parametrize(("price", "discount"), [(4000, 500), (2500, 500), (2499, 500), (2490, 498)])
def test_a_percentage_is_capped(price: int, discount: int) -> None:
    assert shares(percent(2000, max_discount={"EUR": 500}), line(price)) == [discount]


def test_a_fixed_amount_may_come_off_each_unit_but_never_more_than_the_unit() -> None:
    wine, water = line(2400, "wine", quantity=3), line(250, "water", quantity=1)
    assert shares(amount(300, per="unit"), wine, water) == [900, 250]


@pytest.mark.parametrize("reward", [FIVE_OFF, percent(1000, max_discount={"EUR": 100})])
def test_an_amount_in_another_currency_does_not_apply(reward: dict[str, Any]) -> None:
    with pytest.raises(CurrencyNotSupported):
        shares(reward, line(1000), currency="JPY")


MENU = (
    line(1000, "beer", category_id="cat_drinks", tags=["alcohol"]),
    line(300, "water", category_id="cat_drinks"),
    line(2000, "steak", category_id="cat_mains"),
    line(1000, "gift", category_id="cat_drinks", discountable=False),
)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("order", [100, 30, 200, 0]),
        ({"categories": ["cat_drinks"]}, [100, 30, 0, 0]),
        ({"menu_items": ["itm_steak"]}, [0, 0, 200, 0]),
        ({"tags": ["alcohol"]}, [100, 0, 0, 0]),
        ({"tags": ["alcohol"], "menu_items": ["itm_steak"]}, [100, 0, 200, 0]),
        ({"categories": ["cat_drinks"], "exclude_menu_items": ["itm_beer"]}, [0, 30, 0, 0]),
        ({"exclude_menu_items": ["itm_steak"]}, [100, 30, 0, 0]),
        ({"max_unit_price": {"EUR": 1000}}, [100, 30, 0, 0]),
    ],
)
def test_a_discount_falls_on_the_chosen_lines_only(on: Any, expected: list[int]) -> None:
    assert shares(percent(1000, on=on), *MENU) == expected


def test_lines_that_take_no_discount_are_not_even_eligible() -> None:
    with pytest.raises(NoEligibleItems):
        shares(TEN_PERCENT, MENU[3])
    with pytest.raises(NoEligibleItems):
        shares(percent(1000, on={"categories": ["cat_wine"]}), *MENU)


@pytest.mark.parametrize(
    ("reward", "field", "code"),
    [
        ({}, "", "reward"),
        ({"gift": 1}, "", "reward"),
        ({"percent_bps": 1000, "amount": {"EUR": 1}}, "", "reward"),
        (percent(0), "percent_bps", "range"),
        (percent(10_001), "percent_bps", "range"),
        ({"percent_bps": 10.0}, "percent_bps", "wrong_type"),
        ({"percent_bps": True}, "percent_bps", "wrong_type"),
        ({"percent_bps": "10"}, "percent_bps", "wrong_type"),
        (percent(1000, max_discount={}), "max_discount", "wrong_type"),
        (percent(1000, max_discount={"EUR": 0}), "max_discount/EUR", "range"),
        (percent(1000, colour="red"), "colour", "unknown"),
        (amount(0), "amount/EUR", "range"),
        (amount(-1), "amount/EUR", "range"),
        (amount(2**63), "amount/EUR", "range"),
        ({"amount": {"EUR": 12.0}}, "amount/EUR", "range"),
        ({"amount": {"EUR": True}}, "amount/EUR", "range"),
        ({"amount": {"XXX": 1}}, "amount/XXX", "currency"),
        ({"amount": {"euro": 1}}, "amount/euro", "currency"),
        ({"amount": 500}, "amount", "wrong_type"),
        (amount(500, per="table"), "per", "choice"),
        (amount(500, on="all"), "on", "wrong_type"),
        (amount(500, on={}), "on", "wrong_type"),
        (amount(500, on={"colours": ["red"]}), "on/colours", "unknown"),
        (amount(500, on={"categories": []}), "on/categories", "length"),
        (amount(500, on={"categories": "cat_drinks"}), "on/categories", "length"),
        (amount(500, on={"categories": ["Drinks!"]}), "on/categories/0", "invalid"),
        (amount(500, on={"tags": ["ok", ""]}), "on/tags/1", "invalid"),
        (amount(500, on={"max_unit_price": {"EUR": 0}}), "on/max_unit_price/EUR", "range"),
    ],
)
def test_parameters_that_make_no_sense_are_refused_by_field(reward: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        registry.read(reward)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_another_package_may_add_a_kind_but_not_replace_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tombola:
        marker = "tombola"
        rank = 2

        def load(self) -> Any:
            return type(self)

    class Pretender(Tombola):
        marker = "percent_bps"

    registry.kinds.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: [Tombola()] if group == registry.GROUP else [])
    assert registry.kinds()["tombola"].__name__ == "Tombola"
    registry.kinds.cache_clear()
    monkeypatch.setattr(registry, "entry_points", lambda group: [Pretender()] if group == registry.GROUP else [])
    with pytest.raises(LookupError, match="percent_bps"):
        registry.kinds()
    registry.kinds.cache_clear()
