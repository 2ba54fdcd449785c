"""Buy some, get some: ``{"buy": {"items", "quantity"}, "get": {"items", "quantity", "percent_bps"}}``. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ordering_platform.promotion.errors import MinQuantityNotMet, RewardItemMissing
from ordering_platform.promotion.rules import reading
from ordering_platform.promotion.rules.bundles import Place, gather
from ordering_platform.promotion.rules.rule import Rule
from ordering_platform.promotion.rules.sharing import allot
from ordering_platform.runtime.money import BPS, pct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.errors import NotApplicable
    from ordering_platform.promotion.rules.basket import Basket
    from ordering_platform.promotion.rules.bundles import Pool

_BUY, _GET = 0, 1
_BUY_ONLY, _BOTH = 0b01, 0b11


@dataclass(frozen=True, slots=True)
class BuyGet(Rule):
    """Whole groups only: the cheapest units that fit are the reward, and no unit both triggers and is rewarded."""

    marker: ClassVar[str] = "buy"

    buy: Place
    get: Place
    percent_bps: int
    max_groups: int | None

    @classmethod
    def read(cls, reward: Mapping[str, Any]) -> Self:
        """Read and check the parameters; raises ParameterInvalid."""
        reading.only(reward, "buy", "get", "max_groups")
        buy, get = reading.table(reward, "buy"), reading.table(reward, "get")
        with reading.inside("buy"):
            reading.only(buy, "items", "quantity")
            bought = Place(reading.selector(buy, "items", or_order=True), reading.units(buy))
        with reading.inside("get"):
            reading.only(get, "items", "quantity", "percent_bps")
            given = Place(reading.selector(get, "items", or_order=True), reading.units(get))
            share = reading.whole(get, "percent_bps", 1, BPS) if "percent_bps" in get else BPS
        return cls(bought, given, share, reading.groups(reward))

    def shares(self, basket: Basket) -> dict[str, int]:
        """Give the discount by line id; raises NotApplicable."""
        pool = gather(basket, (self.buy, self.get))
        groups = pool.sets if self.max_groups is None else min(pool.sets, self.max_groups)
        if not groups:
            raise self._lacking(pool)
        worths = basket.worths(self._rewarded(pool, groups))
        return allot(pct(sum(worths.values()), self.percent_bps), worths)

    def _rewarded(self, pool: Pool, groups: int) -> dict[str, int]:
        """Give the units by line id that are the reward: the cheapest, while enough are left to trigger them."""
        wanted = groups * self.get.quantity
        spare = pool.units[_BOTH] - max(0, groups * self.buy.quantity - pool.units[_BUY_ONLY])
        rewarded = {}
        for line, fits in reversed(pool.lines):
            if fits == _BUY_ONLY:
                continue
            if not wanted:
                break
            units = min(line.quantity, wanted, spare if fits == _BOTH else wanted)
            wanted -= units
            spare -= units if fits == _BOTH else 0
            rewarded[line.id] = units
        return rewarded

    def _lacking(self, pool: Pool) -> NotApplicable:
        if pool.missing_at(_BUY):
            return MinQuantityNotMet(missing_quantity=pool.missing)
        return RewardItemMissing(missing_quantity=pool.missing, **self.get.items.to_add(pool.missing))
