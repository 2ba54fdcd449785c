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
    from collections.abc import Sequence

    from ordering_platform.promotion.rules.basket import Basket, Line, Selector


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a set: so many units of a choice."""

    items: Selector
    quantity: int


@dataclass(frozen=True, slots=True)
class Pool:
    """The lines that fit a place, the dearest units first, each with its places as bits.

    ``units`` counts the units of each such fit, and ``wanted`` what one set takes for each choice of places.
    """

    places: tuple[Place, ...]
    lines: tuple[tuple[Line, int], ...]
    units: Counter[int]
    wanted: tuple[int, ...]

    @property
    def sets(self) -> int:
        """How many whole sets the units make up."""
        return min(self._units_for(choice) // wanted for choice, wanted in enumerate(self.wanted) if choice)

    @property
    def missing(self) -> int:
        """How many more units one whole set takes."""
        return max(wanted - self._units_for(choice) for choice, wanted in enumerate(self.wanted))

    def missing_at(self, place: int) -> int:
        """Give how many more units this place takes, if it alone were to be filled."""
        return max(0, self.places[place].quantity - self._units_for(1 << place))

    def dearest(self, sets: int) -> dict[str, int]:
        """Give the units by line id that fill so many sets and are worth the most together."""
        room = [sets * wanted for wanted in self.wanted]
        # Units that fit only places of one choice can fill no more than that choice holds.
        bounds = {fits: [choice for choice in range(len(room)) if choice & fits == fits] for fits in self.units}
        taken = {}
        for line, fits in self.lines:
            units = min(line.quantity, *[room[choice] for choice in bounds[fits]])
            if units:
                taken[line.id] = units
                for choice in bounds[fits]:
                    room[choice] -= units
                if not room[-1]:
                    break
        return taken

    def _units_for(self, choice: int) -> int:
        return sum(count for fits, count in self.units.items() if fits & choice)


def gather(basket: Basket, places: Sequence[Place]) -> Pool:
    """Collect the lines of which something is left and that fit a place; raises NoEligibleItems without any."""
    fits: Counter[str] = Counter()
    for place, wanted in enumerate(places):
        for line in basket.chosen(wanted.items):
            fits[line.id] |= 1 << place
    lines = [(line, fits[line.id]) for line in basket.lines if line.id in fits and basket.left_of(line)]
    if not lines:
        raise NoEligibleItems
    lines.sort(key=lambda entry: basket.worth(entry[0]), reverse=True)
    units: Counter[int] = Counter()
    for line, bits in lines:
        units[bits] += line.quantity
    return Pool(tuple(places), tuple(lines), units, _wanted(places))


def _wanted(places: Sequence[Place]) -> tuple[int, ...]:
    """Give the units one set takes for each choice of places, which the index spells in bits."""
    wanted = [0]
    for place in places:
        wanted += [place.quantity + before for before in wanted]
    return tuple(wanted)
