"""An item for nothing: ``{"free_item": {"menu_item_id": "itm_...", "quantity": 1}}``. PURE.

The guest puts the item in the cart like any other; nothing is ever added to an order by a promotion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ordering_platform.promotion.errors import NoEligibleItems, RewardItemMissing
from ordering_platform.promotion.rules import reading
from ordering_platform.promotion.rules.basket import Selector
from ordering_platform.promotion.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.rules.basket import Basket


@dataclass(frozen=True, slots=True)
class FreeItem(Rule):
    """So many units of one item of the menu, the cheapest of them first."""

    marker: ClassVar[str] = "free_item"

    item: Selector
    quantity: int

    @classmethod
    def read(cls, reward: Mapping[str, Any]) -> Self:
        """Read and check the parameters; raises ParameterInvalid."""
        reading.only(reward, "free_item")
        data = reading.table(reward, "free_item")
        with reading.inside("free_item"):
            reading.only(data, "menu_item_id", "quantity")
            item = reading.id_of(data, "menu_item_id")
            return cls(Selector(menu_items=frozenset({item})), reading.units(data))

    def shares(self, basket: Basket) -> dict[str, int]:
        """Give the discount by line id; raises NotApplicable."""
        given = self.gift(basket)
        if not given:
            if self.item.among(basket.lines, basket.currency):
                raise NoEligibleItems
            raise self._lacking(self.quantity)
        return basket.worths(given)

    def gift(self, basket: Basket) -> dict[str, int]:
        """Give the units by line id that are free."""
        given: dict[str, int] = {}
        wanted = self.quantity
        lines = [line for line in basket.chosen(self.item) if basket.left_of(line)]
        for line in sorted(lines, key=basket.worth):
            given[line.id] = min(wanted, line.quantity)
            wanted -= given[line.id]
        return {line_id: units for line_id, units in given.items() if units}

    def more(self, basket: Basket) -> RewardItemMissing | None:
        """Say how many more of the item would be free."""
        missing = self.quantity - sum(self.gift(basket).values())
        return self._lacking(missing) if missing else None

    def _lacking(self, missing: int) -> RewardItemMissing:
        return RewardItemMissing(missing_quantity=missing, **self.item.to_add(missing))
