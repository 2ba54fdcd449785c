"""What a promotion would have cost on orders of the past: evaluated as at checkout, counted in memory. PURE.

Each order is looked at by itself, at the moment it was sent, beside the promotions that apply by themselves
today. Limits are used up in the order of time, as guests would have used them up.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion.evaluation import Candidate, evaluate
from ordering_platform.promotion.limits import claims
from ordering_platform.runtime.money import half_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordering_platform.promotion.document import Promotion
    from ordering_platform.promotion.evaluation import Outcome
    from ordering_platform.promotion.rules.basket import Line
    from ordering_platform.promotion.visit import Visit

EXAMPLES = 10


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """An order the promotion would have changed, in minor units; ordered by what it would have taken off."""

    discount_minor: int
    order_id: str
    placed_at: str
    currency: str
    gross_minor: int
    price_change_minor: int


@dataclass(slots=True)
class DryRun:
    """A promotion on its way through past orders, and what has come of it so far."""

    promotion: Promotion
    beside: Sequence[Promotion] = ()
    orders: int = 0
    uses: int = 0
    changed: int = 0
    cost: Counter[str] = field(default_factory=Counter)
    uses_by_currency: Counter[str] = field(default_factory=Counter)
    price_change: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    used: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    best: list[Example] = field(default_factory=list)

    def look_at(self, order_id: str, lines: Sequence[Line], visit: Visit) -> None:
        """Try the promotion on the next order; they come in the order of time."""
        others = [Candidate(one) for one in self.beside]
        outcome = evaluate([Candidate(self.promotion, used=self.used), *others], lines, visit)
        self.orders += 1
        discount = _discount_of(outcome, self.promotion.id)
        if not discount:
            reason = next(reason for one, reason in outcome.refused if one.promotion.id == self.promotion.id)
            self.refusals[reason.code] += 1
            return
        for claim in claims(self.promotion, visit, discount):
            self.used[claim.scope, claim.key] += claim.amount
        # A promotion that does not apply changes no price, so only these are priced twice.
        change = outcome.discount - (evaluate(others, lines, visit).discount if others else 0)
        self.uses += 1
        self.changed += change != 0
        self.cost[visit.currency] += discount
        self.uses_by_currency[visit.currency] += 1
        self.price_change[visit.currency] += change
        gross = sum(line.gross for line in lines)
        self._keep(Example(discount, order_id, visit.now.isoformat(), visit.currency, gross, change))

    def _keep(self, example: Example) -> None:
        if len(self.best) < EXAMPLES:
            heapq.heappush(self.best, example)
        else:
            heapq.heappushpop(self.best, example)

    def report(self) -> dict[str, Any]:
        """Give what was found, in minor units by currency; the dearest examples first."""
        return {
            "orders": self.orders,
            "uses": self.uses,
            "orders_changed": self.changed,
            "cost": dict(self.cost),
            "average_discount": {
                currency: half_up(cost, self.uses_by_currency[currency]) for currency, cost in self.cost.items()
            },
            "price_change": dict(self.price_change),
            "refusals": [{"reason": reason, "orders": count} for reason, count in self.refusals.most_common()],
            "examples": sorted(self.best, reverse=True),
        }


def timeless(promotion: Promotion) -> Promotion:
    """Give a promotion without its first and last day, so that it can be tried on days before it runs."""
    return replace(promotion, schedule=replace(promotion.schedule, starts_at=None, ends_at=None))


def _discount_of(outcome: Outcome, promotion_id: str) -> int:
    return sum(one.discount for one in outcome.applied if one.candidate.promotion.id == promotion_id)
