"""A percentage off: ``{"percent_bps": 1000, "on": SELECTOR | "order", "max_discount": {"EUR": 500}}``. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ordering_platform.promotion.rules import reading
from ordering_platform.promotion.rules.rule import Rule
from ordering_platform.promotion.rules.sharing import share_out
from ordering_platform.runtime.money import BPS, pct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.rules.basket import Amounts, Basket, Selector


@dataclass(frozen=True, slots=True)
class Percent(Rule):
    """Some basis points of what is left of the chosen lines, rounded once and capped."""

    marker: ClassVar[str] = "percent_bps"
    rank: ClassVar[int] = 0

    percent_bps: int
    on: Selector
    max_discount: Amounts | None

    @classmethod
    def read(cls, reward: Mapping[str, Any]) -> Self:
        """Read and check the parameters; raises ParameterInvalid."""
        reading.only(reward, "percent_bps", "on", "max_discount")
        return cls(
            percent_bps=reading.whole(reward, "percent_bps", 1, BPS),
            on=reading.selector(reward, "on", or_order=True),
            max_discount=reading.amounts(reward, "max_discount") if "max_discount" in reward else None,
        )

    @property
    def stage(self) -> str:
        """With the whole order unless items are chosen."""
        return self.on.stage

    def shares(self, basket: Basket) -> dict[str, int]:
        """Give the discount by line id; raises NotApplicable."""
        lines = basket.eligible(self.on)
        discount = pct(sum(basket.left_by_id(lines).values()), self.percent_bps)
        if self.max_discount is not None:
            discount = min(discount, self.max_discount.of(basket.currency))
        return share_out(discount, lines, basket)
