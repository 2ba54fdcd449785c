"""Which dishes the walk orders, with the options they demand, and what they must cost. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Dish:
    """One line the walk puts on its order; the price is in minor units, options included."""

    menu_item_id: str
    quantity: int
    options: tuple[str, ...]
    unit_price: int

    @property
    def total(self) -> int:
        """What the line costs."""
        return self.unit_price * self.quantity

    def as_item(self) -> dict[str, Any]:
        """Write it as the body of a request."""
        return {"menu_item_id": self.menu_item_id, "quantity": self.quantity, "options": list(self.options)}


def choose(menu: dict[str, Any], wanted: int = 3) -> list[Dish]:
    """Choose dishes that can be had now, one of the first twice; fewer than wanted when the menu has fewer."""
    found: list[Dish] = []
    for category in menu["categories"]:
        for item in category["items"]:
            dish = _dish(item, quantity=2 if not found else 1)
            if dish is not None:
                found.append(dish)
            if len(found) == wanted:
                return found
    return found


def _dish(item: dict[str, Any], quantity: int) -> Dish | None:
    if item.get("sold_out") or not item.get("available", True):
        return None
    options: list[str] = []
    price = int(item["price"]["amount"])
    for group in item.get("option_groups", []):
        on_sale = [option for option in group["options"] if not option.get("sold_out")]
        if len(on_sale) < group["min"]:
            return None
        for option in on_sale[: group["min"]]:
            options.append(option["id"])
            price += int(option["price"]["amount"])
    return Dish(item["id"], quantity, tuple(options), price)
