"""How many whole sets the units of a basket make up, such as one main and one drink. PURE.

A unit may fit several places of a set and fills only one. Units are never laid out one by one: lines are
counted by the places they fit, and Hall's theorem says what the counts are good for. For each choice of
places there must be enough units that fit any of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordering_platform.promotion.errors import NoEligibleItems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ordering_platform.promotion.rules.basket import Basket, Line, Selector


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a set: so many units of a choice."""

    items: Selector
    quantity: int


@dataclass(frozen=True, slots=True)
class Pool:
    """The lines that fit a place, each with its places as bits, and the units there are of each such fit."""

    places: tuple[Place, ...]
    lines: tuple[tuple[Line, int], ...]
    units: Counter[int]

    @property
    def sets(self) -> int:
        """How many whole sets the units make up."""
        return min(have // wanted for have, wanted in self._bounds())

    @property
    def missing(self) -> int:
        """How many more units one whole set takes."""
        return max(0, *(wanted - have for have, wanted in self._bounds()))

    def missing_at(self, place: int) -> int:
        """Give how many more units this place takes, if it alone were to be filled."""
        have = sum(count for fits, count in self.units.items() if fits >> place & 1)
        return max(0, self.places[place].quantity - have)

    def dearest(self, sets: int, basket: Basket) -> list[tuple[Line, int]]:
        """Give the lines, with their units, that fill so many sets and are worth the most together."""
        room = [sets * wanted for wanted in wanted_by_choice(self.places)]
        taken = []
        for line, fits in sorted(self.lines, key=lambda entry: -basket.worth(entry[0])):
            # Units that fit only places of one choice can fill no more than that choice holds.
            choices = [choice for choice in range(len(room)) if choice & fits == fits]
            units = min(line.quantity, *(room[choice] for choice in choices))
            if units:
                taken.append((line, units))
                for choice in choices:
                    room[choice] -= units
        return taken

    def _bounds(self) -> Iterator[tuple[int, int]]:
        for choice, wanted in enumerate(wanted_by_choice(self.places)):
            if choice:
                yield sum(count for fits, count in self.units.items() if fits & choice), wanted


def gather(basket: Basket, places: Sequence[Place]) -> Pool:
    """Collect the lines of which something is left and that fit a place; raises NoEligibleItems without any."""
    fits: dict[str, int] = {}
    for place, wanted in enumerate(places):
        for line in basket.chosen(wanted.items):
            fits[line.id] = fits.get(line.id, 0) | 1 << place
    lines = tuple((line, fits[line.id]) for line in basket.lines if line.id in fits and basket.left_of(line))
    if not lines:
        raise NoEligibleItems
    units: Counter[int] = Counter()
    for line, bits in lines:
        units[bits] += line.quantity
    return Pool(tuple(places), lines, units)


def wanted_by_choice(places: Sequence[Place]) -> list[int]:
    """Give the units one set wants for each choice of places, which the index spells in bits."""
    wanted = [0]
    for place in places:
        wanted += [place.quantity + before for before in wanted]
    return wanted
