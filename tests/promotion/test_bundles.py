"""Whole sets and their units, compared with trying every way to lay the units out."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from ordering_platform.promotion.errors import NotApplicable
from ordering_platform.promotion.rules import registry
from ordering_platform.promotion.rules.basket import Basket, Line, Selector
from ordering_platform.promotion.rules.bundles import Place, gather
from tests.promotion.samples import line

TAGS = ("a", "b", "c")
places = st.lists(
    st.builds(
        lambda tags, quantity: Place(Selector(tags=frozenset(tags)), quantity),
        st.sets(st.sampled_from(TAGS), min_size=1),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def baskets(draw: st.DrawFn) -> Basket:
    lines = []
    for place in range(draw(st.integers(1, 4))):
        units = draw(st.integers(1, 2))
        tags = draw(st.sets(st.sampled_from(TAGS)))
        lines.append(line(units * draw(st.integers(1, 9)), f"l{place}", quantity=units, tags=tags))
    return Basket("EUR", tuple(lines))


def laid_out(basket: Basket) -> list[Line]:
    """Give one line of one unit for each unit."""
    return [
        line(one.unit, one.id, tags=one.tags, category_id=one.category_id)
        for one in basket.lines
        for _ in range(one.quantity)
    ]


def fills(units: tuple[Line, ...], wanted: list[Place], sets: int) -> bool:
    """Whether the units, in some order, fill so many sets to the last place."""
    seats = [place for place in wanted for _ in range(place.quantity * sets)]
    if len(seats) != len(units):
        return False
    return _seated(list(units), seats)


def _seated(units: list[Line], seats: list[Place]) -> bool:
    if not seats:
        return True
    first, *rest = seats
    fitting = [place for place, unit in enumerate(units) if first.items.tags & unit.tags]
    return any(_seated(units[:place] + units[place + 1 :], rest) for place in fitting)


@settings(max_examples=60)
@given(baskets(), places)
def test_the_sets_are_as_many_as_any_way_to_fill_them_finds_and_the_dearest(
    basket: Basket, wanted: list[Place]
) -> None:
    try:
        pool = gather(basket, wanted)
    except NotApplicable:
        return
    size = sum(place.quantity for place in wanted)
    units = laid_out(basket)
    ways = {
        sets: [way for way in combinations(units, size * sets) if fills(way, wanted, sets)]
        for sets in range(1, len(units) // size + 1)
    }
    assert pool.sets == max((sets for sets, found in ways.items() if found), default=0)
    assert (pool.missing == 0) == (pool.sets > 0)
    for sets in range(1, pool.sets + 1):
        taken = pool.dearest(sets)
        assert sum(taken.values()) == size * sets
        assert sum(basket.worths(taken).values()) == max(sum(u.unit for u in way) for way in ways[sets])


@settings(max_examples=60)
@given(
    baskets(),
    st.sets(st.sampled_from(TAGS), min_size=1),
    st.sets(st.sampled_from(TAGS), min_size=1),
    st.integers(1, 2),
    st.integers(1, 2),
)
def test_of_the_most_groups_the_cheapest_units_are_the_reward(
    basket: Basket, bought: set[str], given_: set[str], buy: int, get: int
) -> None:
    rule = registry.read(
        {"buy": {"items": {"tags": [*bought]}, "quantity": buy}, "get": {"items": {"tags": [*given_]}, "quantity": get}}
    )
    try:
        discount = sum(rule.shares(basket).values())
    except NotApplicable:
        discount = 0
    units = laid_out(basket)
    best = 0
    for groups in range(1, len(units) // (buy + get) + 1):
        rewards = [
            sum(unit.unit for unit in reward)
            for reward in combinations(units, get * groups)
            if all(unit.tags & given_ for unit in reward)
            and sum(bool(unit.tags & bought) for unit in units) - sum(bool(u.tags & bought) for u in reward)
            >= buy * groups
        ]
        best = min(rewards, default=best)
    assert discount == best
