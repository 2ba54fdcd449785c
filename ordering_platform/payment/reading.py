"""Looking at bills and payments: one, or a page of them, newest first."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment import bills, payments, shares
from ordering_platform.payment.models import bills as table
from ordering_platform.payment.states import BILL_ENDS
from ordering_platform.payment.views import bill_view, payment_view
from ordering_platform.runtime import paging

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.identity import Caller


def show_bill(till: Till, caller: Caller, bill_id: str) -> dict[str, Any]:
    """Show a bill with its payments; raises BillNotFound."""
    with till.db.read() as tx:
        bill = bills.seen_by(tx, caller, bill_id)
        return bill_view(bill, payments.of_bills(tx, [bill_id]), shares.held(tx, [bill])[bill_id])


def show_payment(till: Till, caller: Caller, payment_id: str) -> dict[str, Any]:
    """Show a payment; raises PaymentNotFound."""
    with till.db.read() as tx:
        return payment_view(payments.seen_by(tx, caller, payment_id))


def list_bills(till: Till, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """List the bills of the venue, or a guest's those of their table session; raises InvalidParameter."""
    # An attempt that was refused before it had a price is nothing anybody looks for.
    wanted = [table.c.venue_id == caller.venue, table.c.quote.is_not(None)]
    session_id = query.get("session_id") if caller.is_staff else caller.session
    if session_id is not None:
        wanted.append(table.c.session_id == session_id)
    if statuses := query.get("status"):
        wanted.append(table.c.status.in_(statuses))
        if not set(statuses) & set(BILL_ENDS):
            wanted.append(table.c.completed_at.is_(None))
    if after := query.get("after"):
        wanted.append(table.c.id < paging.uncursor(after, (str,))[0])
    newest = sa.select(table).where(*wanted).order_by(table.c.id.desc()).limit(query["limit"] + 1)
    with till.db.read() as tx:
        found = tx.execute(newest).mappings().all()
        page = paging.page(found, query["limit"], lambda bill: [bill["id"]])
        paid_by = defaultdict(list)
        for payment in payments.of_bills(tx, [bill["id"] for bill in page["data"]]):
            paid_by[payment["bill_id"]].append(payment)
        held = shares.held(tx, page["data"])
    return {**page, "data": [bill_view(bill, paid_by[bill["id"]], held[bill["id"]]) for bill in page["data"]]}
