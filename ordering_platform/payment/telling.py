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

    A bill that is paid at once has nothing to tell here: that it is paid whole is told when it is settled. What
    was given back since is told by whoever gave it back.
    """
    bill = run.bill
    known, paid = int(bill["told_minor"]), int(bill["paid_minor"])
    if paid <= known:
        return paid
    with run.till.db.read() as tx:
        found = payments.of_bills(tx, [bill["id"]])
    counting = [one for one in found if one["status"] == "captured" and not one["off_bill"]]
    latest = max(counting, key=lambda one: one["captured_at"], default=None)
    if latest is None:
        # It was given back a moment ago; the bill says so at the next look.
        return known
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
