"""Tells order-service that a part of a bill is paid; what it has been told of is kept on the bill, so none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.payment import payments
from ordering_platform.payment.arrows import called
from ordering_platform.payment.runs import log
from ordering_platform.runtime.errors import DomainError

if TYPE_CHECKING:
    from ordering_platform.payment.runs import Run


def tell(run: Run) -> int:
    """Let order-service know what is paid of an open bill; gives what it knows of now, in minor units.

    A bill that is paid at once has nothing to tell here: that it is paid whole is told when it is settled.
    """
    bill = run.bill
    known, paid = int(bill["told_minor"]), int(bill["paid_minor"])
    if known == paid:
        return known
    with run.till.db.read() as tx:
        captured = [one for one in payments.of_bills(tx, [bill["id"]]) if one["status"] == "captured"]
    latest = max(captured, key=lambda one: one["captured_at"])
    try:
        called(
            "order.mark_partially_paid",
            run.till.order.mark_paid,
            bill_id=bill["id"],
            payment_status="partially_paid",
            payment_id=latest["id"],
            paid_minor=paid,
        )
    except DomainError as fault:
        log.warning("bill %s is partly paid, but its orders do not know yet: %s", bill["id"], fault.code)
        return known
    return paid
