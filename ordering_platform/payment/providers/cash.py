"""Cash: coins and notes, which staff confirm to be in the drawer."""

from __future__ import annotations

from typing import ClassVar

from ordering_platform.payment.providers.counter import AtCounter


class Cash(AtCounter):
    """Coins and notes, rounded to the smallest coin the venue gives."""

    id: ClassVar[str] = "cash"
    name: ClassVar[str] = "Pay at the counter"

    def step(self, currency: str, cash_step: int) -> int:
        """Coins: no payment is smaller than the smallest of them."""
        del currency
        return cash_step
