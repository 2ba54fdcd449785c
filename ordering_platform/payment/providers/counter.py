"""What all payments at the counter have in common: nothing is charged by us, staff say when the money is there."""

from __future__ import annotations

from typing import ClassVar, Literal

from ordering_platform.payment.providers import Charge, Outcome, Provider, RefundOutcome, Repayment


class AtCounter(Provider):
    """A way to pay that waits until staff confirm or cancel it."""

    kind: ClassVar[Literal["counter", "online"]] = "counter"

    def create(self, charge: Charge) -> Outcome:
        """Begin to wait for staff."""
        del charge
        return Outcome("processing")

    def look_up(self, payment_id: str, reference: str | None = None) -> Outcome | None:
        """Still waiting: only our own books know whether staff have confirmed."""
        del payment_id, reference
        return Outcome("processing")

    def cancel(self, payment_id: str, reference: str | None = None) -> Outcome:
        """Stop waiting; nothing has to be taken back anywhere."""
        del payment_id, reference
        return Outcome("failed", code="cancelled")

    def refund(self, repayment: Repayment) -> RefundOutcome:
        """Take it as given back: who asks for the refund hands it over."""
        del repayment
        return RefundOutcome("succeeded")

    def look_up_refund(self, repayment: Repayment) -> RefundOutcome | None:
        """Say so again."""
        return self.refund(repayment)
