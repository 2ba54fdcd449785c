"""Gives receipts their numbers: each day of a venue counts from 1 without a gap, in the order things were paid.

Whatever is due lies in ``receipts_due``. Its row, the number and the receipt go out and in together, in one
statement for bills and one transaction for a refund, so a number that was taken is a number that was printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment.receipts.credits import credit_next
from ordering_platform.payment.receipts.series import BUSINESS_DATE
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till

AT_ONCE: Final = 100
MOST_ROUNDS: Final = 50

_PAYMENTS = """
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'payment_id', p.id, 'method', p.method, 'captured_at', p.captured_at, 'amount_minor', p.amount_minor,
        'tip_minor', p.tip_minor, 'rounding_minor', p.rounding_minor, 'total_minor', p.captured_minor
     ) ORDER BY p.captured_at, p.id), '[]')
     FROM payments.payments p WHERE p.bill_id = b.id AND p.status = 'captured' AND NOT p.off_bill)
"""

# Whoever deletes the row of what is due prints the receipt; others wait for that and then find it printed.
_ISSUE = """
    WITH due AS (
        DELETE FROM payments.receipts_due WHERE id IN (
            SELECT d.id FROM payments.receipts_due d JOIN payments.bills b ON b.id = d.id
            WHERE {which} ORDER BY d.id LIMIT {at_once} FOR UPDATE OF d {others}
        ) RETURNING id
    ), paid AS (
        SELECT b.id, b.venue_id, b.completed_at, {business_date} AS business_date, jsonb_build_object(
            'venue', b.venue, 'table', b.table_name, 'paid_at', b.completed_at, 'currency', b.currency,
            'digits', b.digits, 'quote', b.quote, 'goods_minor', b.total_minor, 'payments', {payments}) AS document
        FROM due JOIN payments.bills b ON b.id = due.id
    ), counted AS (
        INSERT INTO payments.receipt_series AS s (venue_id, business_date, last_number)
        SELECT venue_id, business_date, count(*) FROM paid GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (venue_id, business_date) DO UPDATE SET last_number = s.last_number + excluded.last_number
        RETURNING venue_id, business_date, last_number
    ), numbered AS (
        SELECT paid.*, c.last_number + 1
               - row_number() OVER (PARTITION BY venue_id, business_date ORDER BY completed_at DESC, id DESC) AS number
        FROM paid JOIN counted c USING (venue_id, business_date)
    ), issued AS (
        INSERT INTO payments.receipts (id, venue_id, business_date, number, bill_id, kind, document)
        SELECT 'rct_' || split_part(id, '_', 2), venue_id, business_date, number, id, 'sale', document FROM numbered
        RETURNING id
    )
    SELECT count(*) FROM issued
"""


def _issue(which: str, others: str = "") -> Any:
    day = BUSINESS_DATE.format(moment="b.completed_at")
    return prepared(_ISSUE.format(which=which, others=others, at_once=AT_ONCE, business_date=day, payments=_PAYMENTS))


_ANY = _issue("true", "SKIP LOCKED")
_OF_BILL = _issue("d.id = :bill_id")
_OF_VENUE = _issue("b.venue_id = :venue_id")


def issue_due(till: Till, venue_id: str | None = None) -> int:
    """Print what is due, everywhere or for one venue, and give how many receipts that were.

    Everywhere means what nobody else prints just now; for one venue it waits for those, too.
    """
    issued = 0
    for _ in range(MOST_ROUNDS):
        with till.db.single() as tx:
            found = tx.execute(_ANY) if venue_id is None else tx.execute(_OF_VENUE, {"venue_id": venue_id})
            done: int = found.scalar_one()
        issued += done
        if done < AT_ONCE:
            break
    return issued + _credits(till, venue_id=venue_id)


def issue_for(till: Till, bill_id: str) -> None:
    """Print what is due of one bill: its own receipt and those of its refunds."""
    with till.db.single() as tx:
        tx.execute(_OF_BILL, {"bill_id": bill_id})
    _credits(till, bill_id=bill_id)


def _credits(till: Till, **scope: str | None) -> int:
    for done in range(MOST_ROUNDS * AT_ONCE):
        with till.db.transaction() as tx:
            if not credit_next(tx, **scope):
                return done
    return MOST_ROUNDS * AT_ONCE
