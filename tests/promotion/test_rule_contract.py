"""The laws every kind of reward obeys, ours and those of other packages; a new kind adds its rewards here."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.promotion.errors import NotApplicable
from ordering_platform.promotion.rules import registry
from ordering_platform.promotion.rules.basket import Basket, Line
from ordering_platform.promotion.rules.reading import ParameterInvalid
from tests.promotion.samples import line

EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "percent_bps": [
        {"percent_bps": 1000, "on": "order"},
        {"percent_bps": 3333, "on": {"tags": ["drink"]}, "max_discount": {"EUR": 700}},
    ],
    "amount": [
        {"amount": {"EUR": 500}},
        {"amount": {"EUR": 70}, "on": {"tags": ["drink"]}, "per": "unit"},
    ],
    "tiers": [
        {"tiers": [{"from": {"EUR": 2000}, "amount": {"EUR": 300}}]},
        {
            "tiers": [
                {"from": {"EUR": 1}, "amount": {"EUR": 1}},
                {"from": {"EUR": 10**6}, "amount": {"EUR": 3 * 10**6}},
            ],
            "on": {"tags": ["drink"]},
        },
    ],
    "fixed_price": [
        {
            "fixed_price": {"EUR": 900},
            "items": [{"tags": ["drink"]}, {"exclude_menu_items": ["itm_l0"], "quantity": 2}],
        },
        {"fixed_price": {"EUR": 1}, "items": [{"tags": ["drink"], "quantity": 3}], "max_groups": 2},
    ],
    "buy": [
        {"buy": {"items": {"tags": ["drink"]}, "quantity": 2}, "get": {"quantity": 3, "percent_bps": 3333}},
        {"buy": {"quantity": 2}, "get": {"items": {"tags": ["drink"]}}, "max_groups": 3},
    ],
    "free_item": [
        {"free_item": {"menu_item_id": "itm_l0"}},
        {"free_item": {"menu_item_id": "itm_l1", "quantity": 7}},
    ],
}
REWARDS = [reward for rewards in EXAMPLES.values() for reward in rewards]


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    lines = []
    for place in range(draw(st.integers(0, 8))):
        quantity, unit = draw(st.integers(1, 20)), draw(st.integers(0, 10**6))
        tags = draw(st.sampled_from([(), ("drink",)]))
        lines.append(line(quantity * unit, f"l{place}", quantity=quantity, tags=tags, discountable=draw(st.booleans())))
    left = {one.id: draw(st.integers(0, one.gross)) for one in lines}
    return Basket("EUR", tuple(lines), left)


def shares(reward: dict[str, Any], basket: Basket) -> dict[str, int]:
    try:
        return registry.read(reward).shares(basket)
    except NotApplicable:
        return {}


def test_every_kind_has_examples() -> None:
    assert set(EXAMPLES) == set(registry.kinds())
    for marker, rewards in EXAMPLES.items():
        assert all(marker in reward for reward in rewards)


@pytest.mark.parametrize("reward", REWARDS, ids=str)
def test_a_kind_refuses_what_it_does_not_know(reward: dict[str, Any]) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        registry.read({**reward, "surprise": 1})
    assert refused.value.code == "unknown"


@pytest.mark.parametrize("reward", REWARDS, ids=str)
@given(baskets())
def test_a_share_is_never_more_than_is_left_and_never_on_a_line_without_discounts(
    reward: dict[str, Any], basket: Basket
) -> None:
    given_shares = shares(reward, basket)
    by_id: dict[str, Line] = {one.id: one for one in basket.lines}
    for line_id, share in given_shares.items():
        assert by_id[line_id].discountable
        assert 0 <= share <= basket.left_of(by_id[line_id])


@pytest.mark.parametrize("reward", REWARDS, ids=str)
@given(baskets())
def test_the_same_basket_gets_the_same_discount(reward: dict[str, Any], basket: Basket) -> None:
    assert shares(reward, basket) == shares(reward, basket)
