"""On which lines a reward falls, and which parameters the kinds refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ordering_platform.promotion.errors import NoEligibleItems
from ordering_platform.promotion.rules import registry
from ordering_platform.promotion.rules.basket import Basket, Line
from ordering_platform.promotion.rules.reading import ParameterInvalid
from tests.promotion.samples import TEN_PERCENT, line


def shares(reward: dict[str, Any], *lines: Line, currency: str = "EUR") -> list[int]:
    given = registry.read(reward).shares(Basket(currency, lines))
    return [given.get(one.id, 0) for one in lines]


def amount(minor: int, **parameters: Any) -> dict[str, Any]:
    return {"amount": {"EUR": minor}, **parameters}


def percent(bps: int, **parameters: Any) -> dict[str, Any]:
    return {"percent_bps": bps, **parameters}


def test_a_fixed_amount_may_come_off_each_unit_but_never_more_than_the_unit() -> None:
    wine, water = line(2400, "wine", quantity=3), line(250, "water", quantity=1)
    assert shares(amount(300, per="unit"), wine, water) == [900, 250]


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


def tiers(*steps: tuple[int, int], currency: str = "EUR") -> dict[str, Any]:
    return {"tiers": [{"from": {currency: start}, "amount": {currency: off}} for start, off in steps]}


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
        ({"tiers": []}, "tiers", "length"),
        ({"tiers": [1]}, "tiers/0", "wrong_type"),
        (tiers((0, 1)), "tiers/0/from/EUR", "range"),
        ({"tiers": [{"from": {"EUR": 1}}]}, "tiers/0/amount", "wrong_type"),
        ({"tiers": [{"from": {"EUR": 1}, "amount": {"EUR": 1}, "to": 1}]}, "tiers/0/to", "unknown"),
        (tiers((10, 1), (10, 2)), "tiers/1/from", "order"),
        (tiers((10, 2), (20, 2)), "tiers/1/amount", "order"),
        ({"tiers": [*tiers((10, 1))["tiers"], *tiers((20, 2), currency="USD")["tiers"]]}, "tiers/1/from", "currency"),
        ({"fixed_price": {"EUR": 900}}, "items", "length"),
        ({"fixed_price": {"EUR": 900}, "items": [{"tags": ["a"]}] * 6}, "items", "length"),
        ({"fixed_price": {"EUR": 900}, "items": [{"quantity": 1}]}, "items/0", "wrong_type"),
        ({"fixed_price": {"EUR": 900}, "items": [{"tags": ["a"], "quantity": 0}]}, "items/0/quantity", "range"),
        ({"fixed_price": {"EUR": 900}, "items": [{"tags": ["a"], "size": 1}]}, "items/0/size", "unknown"),
        ({"fixed_price": {"EUR": 900}, "items": [{"tags": ["a"]}], "max_groups": 0}, "max_groups", "range"),
        ({"buy": {}}, "get", "wrong_type"),
        ({"get": {}}, "", "reward"),
        ({"buy": {"quantity": 1001}, "get": {}}, "buy/quantity", "range"),
        ({"buy": {"items": {"colours": []}}, "get": {}}, "buy/items/colours", "unknown"),
        ({"buy": {"percent_bps": 1}, "get": {}}, "buy/percent_bps", "unknown"),
        ({"buy": {}, "get": {"percent_bps": 10_001}}, "get/percent_bps", "range"),
        ({"buy": {}, "get": {}, "max_groups": 1.0}, "max_groups", "wrong_type"),
        ({"free_item": "itm_cake"}, "free_item", "wrong_type"),
        ({"free_item": {"quantity": 1}}, "free_item/menu_item_id", "id"),
        ({"free_item": {"menu_item_id": "Cake!"}}, "free_item/menu_item_id", "id"),
        ({"free_item": {"menu_item_id": "itm_cake", "quantity": "1"}}, "free_item/quantity", "wrong_type"),
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
