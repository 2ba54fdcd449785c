"""More off for more: ``{"tiers": [{"from": {"EUR": 2000}, "amount": {"EUR": 300}}], "on": SELECTOR}``. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ordering_platform.promotion.errors import MinSpendNotMet
from ordering_platform.promotion.rules import reading
from ordering_platform.promotion.rules.rule import Rule
from ordering_platform.promotion.rules.sharing import share_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.rules.basket import Amounts, Basket, Selector

_MOST_TIERS = 20


@dataclass(frozen=True, slots=True)
class Tier:
    """So much off from so much on."""

    start: Amounts
    amount: Amounts


@dataclass(frozen=True, slots=True)
class Tiers(Rule):
    """The amount of the highest tier that the chosen lines reach; they are measured as thresholds are."""

    marker: ClassVar[str] = "tiers"

    tiers: tuple[Tier, ...]
    on: Selector

    @classmethod
    def read(cls, reward: Mapping[str, Any]) -> Self:
        """Read and check the parameters; raises ParameterInvalid."""
        reading.only(reward, "tiers", "on")
        tiers = []
        for place, data in enumerate(reading.objects(reward, "tiers", _MOST_TIERS)):
            with reading.inside(f"tiers/{place}"):
                reading.only(data, "from", "amount")
                tiers.append(Tier(reading.amounts(data, "from"), reading.amounts(data, "amount")))
        _check_order(tiers)
        return cls(tuple(tiers), reading.selector(reward, "on", or_order=True))

    @property
    def stage(self) -> str:
        """With the whole order unless items are chosen."""
        return self.on.stage

    def shares(self, basket: Basket) -> dict[str, int]:
        """Give the discount by line id; raises NotApplicable."""
        lines = basket.eligible(self.on)
        reached = self._reached(basket)
        if not reached:
            raise MinSpendNotMet(missing_minor=self._missing(self.tiers[0], basket))
        return share_out(self.tiers[reached - 1].amount.of(basket.currency), lines, basket)

    def more(self, basket: Basket) -> MinSpendNotMet | None:
        """Say what is missing for the next tier, and what that would give."""
        reached = self._reached(basket)
        if reached == len(self.tiers):
            return None
        following = self.tiers[reached]
        gives = following.amount.of(basket.currency)
        return MinSpendNotMet(missing_minor=self._missing(following, basket), gives_minor=gives)

    def _reached(self, basket: Basket) -> int:
        """Count the tiers that the chosen lines reach."""
        spent = basket.counted(self.on)
        return sum(tier.start.of(basket.currency) <= spent for tier in self.tiers)

    def _missing(self, tier: Tier, basket: Basket) -> int:
        return tier.start.of(basket.currency) - basket.counted(self.on)


def _check_order(tiers: list[Tier]) -> None:
    """Refuse tiers that do not rise, or that speak of different currencies."""
    for place, (lower, higher) in enumerate(pairwise(tiers), 1):
        for field, before, after in (("from", lower.start, higher.start), ("amount", lower.amount, higher.amount)):
            pointer = f"tiers/{place}/{field}"
            if set(before.by_currency) != set(after.by_currency):
                raise reading.ParameterInvalid(pointer, "currency", "Send the same currencies for every tier.")
            if any(after.of(currency) <= minor for currency, minor in before.by_currency.items()):
                raise reading.ParameterInvalid(pointer, "order", "Send tiers that rise from the first to the last.")
