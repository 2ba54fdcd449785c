"""A set for one price: ``{"fixed_price": {"EUR": 900}, "items": [{"tags": ["main"], "quantity": 1}, ...]}``. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ordering_platform.promotion.errors import MinQuantityNotMet
from ordering_platform.promotion.rules import reading
from ordering_platform.promotion.rules.bundles import Place, gather
from ordering_platform.promotion.rules.rule import Rule
from ordering_platform.promotion.rules.sharing import allot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.rules.basket import Amounts, Basket
    from ordering_platform.promotion.rules.bundles import Pool

# Every choice of places is looked at, and their number doubles with each place.
_MOST_PLACES = 5


@dataclass(frozen=True, slots=True)
class FixedPrice(Rule):
    """As many sets as save something, made of the dearest units that fit; the rest keeps its price."""

    marker: ClassVar[str] = "fixed_price"

    fixed_price: Amounts
    places: tuple[Place, ...]
    max_groups: int | None

    @classmethod
    def read(cls, reward: Mapping[str, Any]) -> Self:
        """Read and check the parameters; raises ParameterInvalid."""
        reading.only(reward, "fixed_price", "items", "max_groups")
        price = reading.amounts(reward, "fixed_price")
        places = []
        for place, data in enumerate(reading.objects(reward, "items", _MOST_PLACES)):
            items = {name: value for name, value in data.items() if name != "quantity"}
            with reading.inside(f"items/{place}"):
                places.append(Place(reading.choice(items), reading.units(data)))
        return cls(price, tuple(places), reading.groups(reward))

    def shares(self, basket: Basket) -> dict[str, int]:
        """Give the discount by line id; raises NotApplicable."""
        price = self.fixed_price.of(basket.currency)
        pool = gather(basket, self.places)
        most = pool.sets if self.max_groups is None else min(pool.sets, self.max_groups)
        if not most:
            raise MinQuantityNotMet(missing_quantity=pool.missing)
        sets = _worthwhile(pool, most, price, basket)
        worths = basket.worths(pool.dearest(sets))
        return allot(max(0, sum(worths.values()) - sets * price), worths)


def _worthwhile(pool: Pool, most: int, price: int, basket: Basket) -> int:
    """Give the number of sets that saves most: each further one is worth no more than the one before."""
    lowest, highest = 1, most
    # As a rule every set saves something, so the last one is looked at first.
    middle = most - 1
    while lowest < highest:
        if _worth(pool, middle + 1, basket) - _worth(pool, middle, basket) > price:
            lowest = middle + 1
        else:
            highest = middle
        middle = (lowest + highest) // 2
    return lowest


def _worth(pool: Pool, sets: int, basket: Basket) -> int:
    return sum(basket.worths(pool.dearest(sets)).values())
