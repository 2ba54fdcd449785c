"""What holds for any promotions on any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.promotion.samples import decided, discounts, line, promotion, reasons

if TYPE_CHECKING:
    from ordering_platform.promotion.document import Promotion
    from ordering_platform.promotion.rules.basket import Line

DRINKS = {"categories": ["cat_drinks"]}
FOOD = {"categories": ["cat_food"]}

rewards = st.one_of(
    st.builds(lambda bps: {"percent_bps": bps}, st.integers(1, 10_000)),
    st.builds(lambda bps: {"percent_bps": bps, "on": DRINKS}, st.integers(1, 10_000)),
    st.builds(
        lambda bps, cap: {"percent_bps": bps, "max_discount": {"EUR": cap}},
        st.integers(1, 10_000),
        st.integers(1, 10**6),
    ),
    st.builds(lambda minor: {"amount": {"EUR": minor}}, st.integers(1, 10**6)),
    st.builds(lambda minor: {"amount": {"EUR": minor}, "on": DRINKS, "per": "unit"}, st.integers(1, 10**4)),
    st.builds(
        lambda start, step, off: {
            "tiers": [
                {"from": {"EUR": start}, "amount": {"EUR": off}},
                {"from": {"EUR": start + step}, "amount": {"EUR": off + step}},
            ]
        },
        st.integers(1, 10**5),
        st.integers(1, 10**5),
        st.integers(1, 10**5),
    ),
    st.builds(
        lambda price, drinks, dishes: {
            "fixed_price": {"EUR": price},
            "items": [{**DRINKS, "quantity": drinks}, {**FOOD, "quantity": dishes}],
        },
        st.integers(1, 10**5),
        st.integers(1, 3),
        st.integers(1, 3),
    ),
    st.builds(
        lambda items, bought, got, bps: {
            "buy": {"items": items, "quantity": bought},
            "get": {"items": DRINKS, "quantity": got, "percent_bps": bps},
        },
        st.sampled_from(["order", FOOD, DRINKS]),
        st.integers(1, 4),
        st.integers(1, 3),
        st.integers(1, 10_000),
    ),
    st.builds(lambda units: {"free_item": {"menu_item_id": "itm_l0", "quantity": units}}, st.integers(1, 5)),
)
conditions = st.one_of(
    st.just({}),
    st.builds(
        lambda minor, basis: {"min_spend": {"EUR": minor}, "basis": basis},
        st.integers(1, 10**6),
        st.sampled_from(["before_discounts", "after_item_discounts"]),
    ),
    st.builds(lambda units: {"min_quantity": units, "items": DRINKS}, st.integers(1, 12)),
)
stacks = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["item", "order"]),
        "group": st.sampled_from(["a", "b", "c"]),
        "priority": st.integers(1, 3),
        "exclusive": st.booleans(),
    }
)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[Promotion], list[Line]]:
    offers = [
        promotion(draw(rewards), id=f"prm_{place}", stack=draw(stacks), condition=draw(conditions))
        for place in range(draw(st.integers(0, 6)))
    ]
    lines = []
    for place in range(draw(st.integers(0, 6))):
        quantity, unit = draw(st.integers(1, 9)), draw(st.integers(0, 10**5))
        category = draw(st.sampled_from(["cat_drinks", "cat_food"]))
        discountable = draw(st.booleans())
        lines.append(
            line(quantity * unit, f"l{place}", quantity=quantity, category_id=category, discountable=discountable)
        )
    return offers, lines


@given(orders())
def test_no_line_ever_costs_less_than_nothing_and_every_share_is_told(
    order: tuple[list[Promotion], list[Line]],
) -> None:
    offers, lines = order
    outcome = decided(offers, lines)
    taken = dict.fromkeys((one.id for one in lines), 0)
    for applied in outcome.applied:
        assert applied.discount == sum(applied.shares.values()) > 0
        for line_id, share in applied.shares.items():
            assert share > 0
            taken[line_id] += share
    for one in lines:
        assert 0 <= taken[one.id] <= (one.gross if one.discountable else 0)
    assert outcome.discount == sum(taken.values())


@given(orders())
def test_every_promotion_is_either_applied_or_refused_with_a_reason(order: tuple[list[Promotion], list[Line]]) -> None:
    offers, lines = order
    outcome = decided(offers, lines)
    assert sorted([*discounts(outcome), *reasons(outcome)]) == sorted(offer.id for offer in offers)
    assert len(outcome.applied) + len(outcome.refused) == len(offers)


@given(orders(), st.randoms(use_true_random=False))
def test_the_order_in_which_promotions_are_read_does_not_matter(
    order: tuple[list[Promotion], list[Line]], chance: Any
) -> None:
    offers, lines = order
    shuffled = list(offers)
    chance.shuffle(shuffled)
    first, second = decided(offers, lines), decided(shuffled, lines)
    assert first.applied == second.applied
    assert reasons(first) == reasons(second)


@given(orders())
def test_one_promotion_of_a_group_and_stage_at_most_applies_and_exclusive_ones_alone(
    order: tuple[list[Promotion], list[Line]],
) -> None:
    outcome = decided(*order)
    winners = [one.candidate.promotion for one in outcome.applied]
    assert len({(one.stage, one.group) for one in winners}) == len(winners)
    if any(one.exclusive for one in winners):
        assert len(winners) == 1


@given(st.integers(0, 10**16), st.integers(1, 10_000))
def test_huge_amounts_stay_exact(gross: int, bps: int) -> None:
    outcome = decided([promotion({"percent_bps": bps})], [line(gross)])
    assert outcome.discount == (2 * gross * bps + 10_000) // 20_000


@given(orders())
def test_a_promotion_that_does_not_apply_changes_nothing(order: tuple[list[Promotion], list[Line]]) -> None:
    offers, lines = order
    outcome = decided(offers, lines)
    losers = {id_ for id_, reason in reasons(outcome).items() if reason != "lost_to_better"}
    assert decided([offer for offer in offers if offer.id not in losers], lines).applied == outcome.applied


@given(rewards, st.lists(st.tuples(st.integers(1, 9), st.integers(0, 10**15)), min_size=1, max_size=6))
def test_huge_orders_stay_exact_whatever_is_given(reward: dict[str, Any], sizes: list[tuple[int, int]]) -> None:
    lines = [
        line(units * price, f"l{place}", quantity=units, category_id=("cat_drinks", "cat_food")[place % 2])
        for place, (units, price) in enumerate(sizes)
    ]
    for one in decided([promotion(reward)], lines).applied:
        assert one.discount == sum(one.shares.values())
        assert all(type(share) is int and share > 0 for share in one.shares.values())
        assert all(one.shares.get(wanted.id, 0) <= wanted.gross for wanted in lines)
