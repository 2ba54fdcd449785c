"""Paying at the counter: nothing is charged here, somebody on the staff confirms that the money is in the drawer."""

from __future__ import annotations

from typing import ClassVar, Literal

from ordering_platform.payment.providers import Charge, Outcome, Provider, RefundOutcome, Repayment


class Cash(Provider):
    """Coins and notes; the payment waits until staff confirm or cancel it."""

    id: ClassVar[str] = "cash"
    name: ClassVar[str] = "Pay at the counter"
    kind: ClassVar[Literal["counter", "online"]] = "counter"

    def step(self, currency: str, cash_step: int) -> int:
        """Coins: no payment is smaller than the smallest of them."""
        del currency
        return cash_step

    def create(self, charge: Charge) -> Outcome:
        """Begin to wait for staff."""
        del charge
        return Outcome("processing")

    def look_up(self, payment_id: str) -> Outcome | None:
        """Still waiting: only our own books know whether staff have confirmed."""
        del payment_id
        return Outcome("processing")

    def cancel(self, payment_id: str) -> Outcome:
        """Stop waiting; nothing has to be taken back anywhere."""
        del payment_id
        return Outcome("failed", code="cancelled")

    def refund(self, repayment: Repayment) -> RefundOutcome:
        """Take it as handed over: who asks for the refund gives the coins back."""
        del repayment
        return RefundOutcome("succeeded")

    def look_up_refund(self, repayment: Repayment) -> RefundOutcome | None:
        """Say so again."""
        return self.refund(repayment)
