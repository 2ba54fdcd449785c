"""The circumstances of an order that a promotion may ask about: when, where and who. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordering_platform.promotion.errors import (
    CustomerNotEligible,
    CustomerRequired,
    WrongOrderType,
    WrongVenue,
)

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ordering_platform.promotion.document import Promotion


@dataclass(frozen=True, slots=True)
class Visit:
    """One order at one moment; ``first_order`` stays None where nobody knows."""

    currency: str
    digits: int
    zone: ZoneInfo
    now: datetime
    order_type: str
    table_id: str | None = None
    guest_id: str | None = None
    first_order: bool | None = None

    @property
    def day(self) -> str:
        """The date at the venue."""
        return self.now.astimezone(self.zone).date().isoformat()

    def admit(self, promotion: Promotion) -> None:
        """Raise the reason why the promotion is not for this moment, place or guest, whatever the order holds."""
        promotion.schedule.check(self.now, self.zone)
        if promotion.tables and self.table_id not in promotion.tables:
            raise WrongVenue
        if promotion.order_types and self.order_type not in promotion.order_types:
            raise WrongOrderType
        if not self.guest_id and (promotion.customer != "any" or promotion.limits.per_customer is not None):
            raise CustomerRequired
        if promotion.customer == "first_order" and not self.first_order:
            raise CustomerNotEligible

    def written(self, amount: int) -> str:
        """Write an amount with its currency for people, such as ``2.40 EUR``."""
        whole, rest = divmod(amount, 10**self.digits)
        return f"{whole}.{rest:0{self.digits}} {self.currency}" if self.digits else f"{whole} {self.currency}"
