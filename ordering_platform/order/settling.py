"""Notes on orders what became of their bill: paid, partly paid, paid back. Each idempotent, none goes backwards.

Where a visit ends as soon as everything is paid, the last bill of a table ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors
from ordering_platform.order.closing import close_paid
from ordering_platform.order.orders import loaded, shown
from ordering_platform.order.placing import place_paid
from ordering_platform.order.statuses import ONCE_PAID
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions

# From where a payment status may be reached; a late repeat of an earlier step finds nothing to move.
_BEFORE = {
    "partially_paid": ["pending"],
    "paid": ["pending", "partially_paid"],
}

# A payment may have been noted before as a part of the bill; that the bill is paid whole is news all the same.
_PAY = prepared("""
    WITH bill AS (
        UPDATE orders.bill_locks SET status = 'paid', updated_at = now(),
               payment_ids = CASE WHEN :payment_id = ANY(payment_ids) THEN payment_ids
                                  ELSE payment_ids || CAST(:payment_id AS text) END
        WHERE bill_id = :bill_id AND status <> 'released' AND (:to = 'paid' OR NOT (:payment_id = ANY(payment_ids)))
        RETURNING bill_id
    ), was AS (
        SELECT o.id, o.payment_status FROM orders.orders o JOIN bill ON o.locked_by_bill = bill.bill_id
        WHERE o.payment_status = ANY(:before)
        ORDER BY o.id FOR NO KEY UPDATE OF o
    ), moved AS (
        UPDATE orders.orders SET payment_status = :to, version = version + 1, updated_at = now()
        FROM was WHERE orders.id = was.id
        RETURNING orders.*, was.payment_status AS from_status
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, order_id, subject_id, kind, actor_kind, actor_id,
                                         from_status, to_status, private, rehearsal)
        SELECT venue_id, session_id, id, :bill_id, 'order.payment_status_changed', 'service', 'payment',
               from_status, payment_status, placed_at IS NULL, rehearsal
        FROM moved
    )
    SELECT moved.id, placed_at, payment_status, session_id, session_closing
    FROM moved JOIN orders.venues v ON v.id = moved.venue_id
""")

# What a bill that was paid may become by refunds, and back again where a bank returns one.
_REFUND = sa.text("""
    WITH bill AS (
        UPDATE orders.bill_locks SET refund_step = :step, updated_at = now()
        WHERE bill_id = :bill_id AND status = 'paid' AND refund_step < :step
        RETURNING bill_id
    ), was AS (
        SELECT o.id, o.payment_status FROM orders.orders o JOIN bill ON o.locked_by_bill = bill.bill_id
        WHERE o.payment_status = ANY(:before) AND o.payment_status <> :to
        ORDER BY o.id FOR NO KEY UPDATE OF o
    ), moved AS (
        UPDATE orders.orders SET payment_status = :to, version = version + 1, updated_at = now()
        FROM was WHERE orders.id = was.id
        RETURNING orders.*, was.payment_status AS from_status
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, order_id, subject_id, kind, actor_kind, actor_id,
                                         from_status, to_status, rehearsal)
        SELECT venue_id, session_id, id, :bill_id, 'order.payment_status_changed', 'service', 'payment',
               from_status, payment_status, rehearsal
        FROM moved
    )
    SELECT count(*) FROM moved
""")

_HELD = sa.text("""
    SELECT b.status AS bill_status, o.id, o.placed_at, o.payment_status, o.session_id, v.session_closing
    FROM orders.bill_locks b
    LEFT JOIN orders.orders o ON o.locked_by_bill = b.bill_id
    LEFT JOIN orders.venues v ON v.id = o.venue_id
    WHERE b.bill_id = :bill_id ORDER BY o.id
""")

_FULL = sa.text("""
    SELECT to_jsonb(o) AS o,
           (SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = o.id) AS items
    FROM orders.orders o
    WHERE o.venue_id = :venue_id AND o.id = ANY(:order_ids)
      AND (CAST(:session_id AS text) IS NULL OR o.session_id = :session_id)
    ORDER BY o.id
""")


def mark_paid(db: Transactions, *, bill_id: str, payment_status: str, payment_id: str) -> dict[str, Any]:
    """Note a payment on the orders of a bill; the same payment again changes nothing.

    Orders that wait for their money are sent to the kitchen, and a visit that ends with the last payment ends: by
    a repeat too, if the first time was cut short. Raises BillNotFound and BillReleased.
    """
    values = {
        "bill_id": bill_id,
        "payment_id": payment_id,
        "to": payment_status,
        "before": _BEFORE[payment_status],
    }
    with db.single() as tx:
        noted = tx.execute(_PAY, values).all() or _noted_before(tx, bill_id)
    waiting = [order.id for order in noted if order.placed_at is None and order.payment_status == "paid"]
    if waiting:
        with db.transaction() as tx:
            for order_id in waiting:
                place_paid(tx, order_id)
    ends_when_paid = {one.session_id for one in noted if one.session_closing == "paid"}
    if payment_status == "paid" and ends_when_paid:
        with db.transaction() as tx:
            for session_id in ends_when_paid:
                close_paid(tx, session_id)
    return {"orders": [{"id": one.id, "payment_status": one.payment_status} for one in noted]}


def _noted_before(tx: Connection, bill_id: str) -> list[Any]:
    held = tx.execute(_HELD, {"bill_id": bill_id}).all()
    if not held:
        raise errors.BillNotFound
    if held[0].bill_status == "released":
        raise errors.BillReleased
    return [order for order in held if order.id is not None]


def mark_refunded(tx: Connection, *, bill_id: str, payment_status: str, step: int) -> dict[str, Any]:
    """Note on the orders of a paid bill how much of it is back; raises BillNotFound.

    It is ``pending`` again when all that was paid of an open bill is back. ``step`` counts the refunds that came
    back or were returned, so that old news change nothing.
    """
    before = ["partially_paid"] if payment_status == "pending" else list(ONCE_PAID)
    values = {"bill_id": bill_id, "to": payment_status, "before": before, "step": step}
    if tx.execute(_REFUND, values).scalar_one() == 0 and not tx.execute(_HELD, {"bill_id": bill_id}).all():
        raise errors.BillNotFound
    return {}


def full_orders(tx: Connection, *, venue_id: str, session_id: str | None, order_ids: Sequence[str]) -> dict[str, Any]:
    """Give whole orders as clients see them; raises OrderNotFound unless all are there."""
    values = {"venue_id": venue_id, "session_id": session_id, "order_ids": list(order_ids)}
    found = [shown(loaded(row)) for row in tx.execute(_FULL, values)]
    if len(found) < len(set(order_ids)):
        raise errors.OrderNotFound
    return {"orders": found}
