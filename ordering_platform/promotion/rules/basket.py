"""What a rule looks at: the lines that may be discounted, what is left of each, and how to choose among them. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from ordering_platform.promotion.errors import CurrencyNotSupported, NoEligibleItems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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

    by_currency: Mapping[str, int] = field(hash=False)

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

    def among(self, lines: Iterable[Line], currency: str) -> list[Line]:
        """Give the lines that are chosen, in their order; raises CurrencyNotSupported."""
        if self.menu_items or self.categories or self.tags:
            lines = [
                line
                for line in lines
                if line.menu_item_id in self.menu_items
                or line.category_id in self.categories
                or not self.tags.isdisjoint(line.tags)
            ]
        if self.excluded:
            lines = [line for line in lines if line.menu_item_id not in self.excluded]
        if self.max_unit_price is not None:
            highest = self.max_unit_price.of(currency)
            lines = [line for line in lines if line.unit <= highest]
        return list(lines)


@dataclass(frozen=True, slots=True)
class Basket:
    """The lines of one order, what earlier promotions left of them, and what they count towards thresholds.

    A line that ``left`` or ``basis`` does not name stands there with its full price.
    """

    currency: str
    lines: tuple[Line, ...]
    left: Mapping[str, int] = field(default_factory=dict)
    basis: Mapping[str, int] = field(default_factory=dict)
    # Which lines are chosen does not depend on what is left, so baskets of one order share what was found out.
    _found: dict[Selector, list[Line]] = field(default_factory=dict, compare=False, repr=False)

    def after(self, left: Mapping[str, int], basis: Mapping[str, int] | None = None) -> Self:
        """Give the same lines with so much left of them."""
        return replace(self, left=left, basis=basis or {})

    def chosen(self, selector: Selector) -> list[Line]:
        """Give the chosen lines that may be discounted, whether or not anything is left of them."""
        found = self._found.get(selector)
        if found is None:
            takes_discounts = [line for line in self.lines if line.discountable]
            found = self._found[selector] = selector.among(takes_discounts, self.currency)
        return found

    def eligible(self, selector: Selector) -> list[Line]:
        """Give the chosen lines of which something is left; raises NoEligibleItems where there are none."""
        left = self.left
        lines = [line for line in self.chosen(selector) if left.get(line.id, line.gross)]
        if not lines:
            raise NoEligibleItems
        return lines

    def left_of(self, line: Line) -> int:
        """Give what a further promotion may still take off the line."""
        return self.left.get(line.id, line.gross)

    def left_by_id(self, lines: Iterable[Line]) -> dict[str, int]:
        """Give what a further promotion may still take off each of these lines, by line id."""
        left = self.left
        return {line.id: left.get(line.id, line.gross) for line in lines}

    def worth(self, line: Line, units: int = 1) -> int:
        """Give what is left of so many units of the line, in whole minor units."""
        return self.left_of(line) * units // line.quantity

    def worths(self, units: Mapping[str, int]) -> dict[str, int]:
        """Give what is left of so many units of each line, by line id and in the order of the lines."""
        return {line.id: self.worth(line, units[line.id]) for line in self.lines if line.id in units}

    def counted(self, selector: Selector, aside: Mapping[str, int] = MappingProxyType({})) -> int:
        """Give what the chosen lines count towards a threshold; units set ``aside`` by line id do not count."""
        lines = self.chosen(selector)
        total = sum([self.basis.get(line.id, line.gross) for line in lines])
        for line in lines if aside else ():
            total -= self.basis.get(line.id, line.gross) * aside.get(line.id, 0) // line.quantity
        return total
