"""The payment service: doors, dependencies and the sweeper behind them, and nothing else."""

from __future__ import annotations

from ordering_platform.payment import refund_runs, saga, webhooks
from ordering_platform.payment.doors import bills as bill_doors
from ordering_platform.payment.doors import payments as payment_doors
from ordering_platform.payment.doors import receipts as receipt_doors
from ordering_platform.payment.doors import refunds as refund_doors
from ordering_platform.payment.doors import reports as report_doors
from ordering_platform.payment.receipts import issuing
from ordering_platform.payment.till import Till, terms_of
from ordering_platform.runtime.database import Database
from ordering_platform.runtime.entrypoints import timer
from ordering_platform.runtime.peers import Peer
from ordering_platform.runtime.provided import Provided


class PaymentService(
    bill_doors.BillDoors,
    payment_doors.PaymentDoors,
    refund_doors.RefundDoors,
    receipt_doors.ReceiptDoors,
    report_doors.ReportDoors,
):
    """Takes the money: every bill is driven to its end by whoever holds its lease."""

    name = "payment"

    db = Database()
    order = Peer("order")
    promotion = Peer("promotion")
    terms = Provided(terms_of)

    @property
    def till(self) -> Till:  # type: ignore[override]  # the doors only read it
        """Everything the verbs need at hand."""
        return Till(self.db, self.order, self.promotion, self.terms)

    @timer(2.0)
    def sweep(self) -> None:
        """Carry on with bills and refunds whose driver died or whose next attempt is due, and with late messages."""
        saga.sweep(self.till)
        refund_runs.sweep(self.till)
        webhooks.retry(self.till)

    @timer(2.0)
    def print_receipts(self) -> None:
        """Give every bill and refund its receipt, also where nobody asks for it."""
        issuing.issue_due(self.till)

    @timer(600.0)
    def forget_keys(self) -> None:
        """Let go of Idempotency-Keys after a day; the orders stay paid all the same."""
        saga.forget_keys(self.till)
