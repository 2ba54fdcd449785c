"""What a use of a promotion claims from its counters, and whether there is room for it. PURE.

A claim names one counter: all uses, those of one guest, of one day or by one code, or the money given
away in one currency. The evaluation asks with what was read; the reservation asks the database again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordering_platform.promotion.errors import BudgetExhausted, CodeUsedUp, CustomerLimitReached, PromotionExhausted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.document import Promotion
    from ordering_platform.promotion.errors import NotApplicable
    from ordering_platform.promotion.visit import Visit

TOTAL, CUSTOMER, DAY, BUDGET, CODE = "total", "customer", "day", "budget", "code"

REFUSALS: dict[str, type[NotApplicable]] = {
    TOTAL: PromotionExhausted,
    CUSTOMER: CustomerLimitReached,
    DAY: PromotionExhausted,
    BUDGET: BudgetExhausted,
    CODE: CodeUsedUp,
}


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """So many uses, or minor units, of one counter; ordered as they must be locked."""

    promotion_id: str
    scope: str
    key: str
    amount: int
    allowed: int

    def check(self, used: Mapping[tuple[str, str], int]) -> None:
        """Raise the refusal of the counter unless the claim still fits."""
        if used.get((self.scope, self.key), 0) + self.amount > self.allowed:
            raise REFUSALS[self.scope]


def claims(
    promotion: Promotion, visit: Visit, discount: int, code: str | None = None, code_uses: int | None = None
) -> list[Claim]:
    """Give what one use with this discount claims; nothing where nothing is limited.

    ``code_uses`` says how often the code that called for the promotion may be used; None is without limit.
    """
    limits = promotion.limits
    wanted = []
    if limits.total is not None:
        wanted.append((TOTAL, "", 1, limits.total))
    if limits.per_customer is not None:
        wanted.append((CUSTOMER, visit.guest_id or "", 1, limits.per_customer))
    if limits.per_day is not None:
        wanted.append((DAY, visit.day, 1, limits.per_day))
    if limits.budget is not None:
        wanted.append((BUDGET, visit.currency, discount, limits.budget.of(visit.currency)))
    if code is not None and code_uses is not None:
        wanted.append((CODE, code, 1, code_uses))
    return [Claim(promotion.id, *claim) for claim in wanted]
