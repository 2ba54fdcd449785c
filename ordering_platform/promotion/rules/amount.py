"""A fixed amount off: ``{"amount": {"EUR": 500}, "on": SELECTOR | "order", "per": "once" | "unit"}``. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ordering_platform.promotion.rules import reading
from ordering_platform.promotion.rules.rule import Rule
from ordering_platform.promotion.rules.sharing import share_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.rules.basket import Amounts, Basket, Selector


@dataclass(frozen=True, slots=True)
class Amount(Rule):
    """So much off the chosen lines together, or off each unit of them; never more than is left."""

    marker: ClassVar[str] = "amount"

    amount: Amounts
    on: Selector
    per_unit: bool

    @classmethod
    def read(cls, reward: Mapping[str, Any]) -> Self:
        """Read and check the parameters; raises ParameterInvalid."""
        reading.only(reward, "amount", "on", "per")
        return cls(
            amount=reading.amounts(reward, "amount"),
            on=reading.selector(reward, "on", or_order=True),
            per_unit=reading.word(reward, "per", ("once", "unit")) == "unit",
        )

    @property
    def stage(self) -> str:
        """With the whole order unless items are chosen."""
        return self.on.stage

    def shares(self, basket: Basket) -> dict[str, int]:
        """Give the discount by line id; raises NotApplicable."""
        amount = self.amount.of(basket.currency)
        lines = basket.eligible(self.on)
        if not self.per_unit:
            return share_out(amount, lines, basket)
        return {line.id: min(amount * line.quantity, basket.left_of(line)) for line in lines}
