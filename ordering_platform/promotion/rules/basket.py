"""What a rule looks at: the lines that may be discounted, what is left of each, and how to choose among them. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from ordering_platform.promotion.errors import CurrencyNotSupported, NoEligibleItems

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the order: ``unit`` is item and options, ``gross`` is the unit times the quantity."""

    id: str
    menu_item_id: str
    category_id: str
    tags: frozenset[str]
    quantity: int
    unit: int
    gross: int
    discountable: bool = True


@dataclass(frozen=True, slots=True)
class Amounts:
    """Minor units by currency, as ``{"EUR": 500}`` in a document."""

    by_currency: Mapping[str, int]

    def of(self, currency: str) -> int:
        """Give the amount in this currency; raises CurrencyNotSupported where the document has none."""
        try:
            return self.by_currency[currency]
        except KeyError:
            raise CurrencyNotSupported from None


@dataclass(frozen=True, slots=True)
class Selector:
    """A choice of lines: any of the named items, categories or tags, without some, not dearer than an amount."""

    menu_items: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    max_unit_price: Amounts | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any] | str | None) -> Self:
        """Read a selector of a document; ``"order"`` and nothing choose every line."""
        if data is None or isinstance(data, str):
            return cls()
        price = data.get("max_unit_price")
        return cls(
            menu_items=frozenset(data.get("menu_items") or ()),
            categories=frozenset(data.get("categories") or ()),
            tags=frozenset(data.get("tags") or ()),
            excluded=frozenset(data.get("exclude_menu_items") or ()),
            max_unit_price=Amounts(price) if price else None,
        )

    @property
    def stage(self) -> str:
        """Where a discount on this choice stands by itself: with the items, unless it is on everything."""
        return "order" if self == Selector() else "item"

    def to_add(self, quantity: int) -> dict[str, Any]:
        """Give what to put in the order to meet this choice, where it names one item and nothing else."""
        if len(self.menu_items) != 1 or self.categories or self.tags:
            return {}
        return {"add": {"menu_item_id": next(iter(self.menu_items)), "quantity": quantity}}

    def chooses(self, line: Line, currency: str) -> bool:
        """Whether the line is chosen; raises CurrencyNotSupported."""
        if self.max_unit_price is not None and line.unit > self.max_unit_price.of(currency):
            return False
        if line.menu_item_id in self.excluded:
            return False
        if not (self.menu_items or self.categories or self.tags):
            return True
        return (
            line.menu_item_id in self.menu_items or line.category_id in self.categories or bool(self.tags & line.tags)
        )


@dataclass(frozen=True, slots=True)
class Basket:
    """The lines of one order, what earlier promotions left of them, and what they count towards thresholds.

    A line that ``left`` or ``basis`` does not name stands there with its full price.
    """

    currency: str
    lines: tuple[Line, ...]
    left: Mapping[str, int] = field(default_factory=dict)
    basis: Mapping[str, int] = field(default_factory=dict)

    def chosen(self, selector: Selector) -> list[Line]:
        """Give the chosen lines that may be discounted, whether or not anything is left of them."""
        return [line for line in self.lines if line.discountable and selector.chooses(line, self.currency)]

    def eligible(self, selector: Selector) -> list[Line]:
        """Give the chosen lines of which something is left; raises NoEligibleItems where there are none."""
        lines = [line for line in self.chosen(selector) if self.left_of(line)]
        if not lines:
            raise NoEligibleItems
        return lines

    def left_of(self, line: Line) -> int:
        """Give what a further promotion may still take off the line."""
        return self.left.get(line.id, line.gross)

    def worth(self, line: Line, units: int = 1) -> int:
        """Give what is left of so many units of the line, in whole minor units."""
        return self.left_of(line) * units // line.quantity

    def counted(self, selector: Selector, aside: Mapping[str, int] | None = None) -> int:
        """Give what the chosen lines count towards a threshold; units set ``aside`` by line id do not count."""
        aside = aside or {}
        total = 0
        for line in self.chosen(selector):
            counts = self.basis.get(line.id, line.gross)
            total += counts - counts * aside.get(line.id, 0) // line.quantity
        return total
