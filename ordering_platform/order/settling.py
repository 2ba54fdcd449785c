"""Notes on orders what became of their bill: paid, partly paid, paid back. Each idempotent, none goes backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors
from ordering_platform.order.orders import loaded, shown
from ordering_platform.order.placing import place_paid
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions

# From where a payment status may be reached; a late repeat of an earlier step finds nothing to move.
_BEFORE = {
    "partially_paid": ["pending"],
    "paid": ["pending", "partially_paid"],
    "partially_refunded": ["paid", "partially_paid"],
    "refunded": ["paid", "partially_paid", "partially_refunded"],
}

_PAY = prepared("""
    WITH bill AS (
        UPDATE orders.bill_locks SET status = 'paid', payment_ids = payment_ids || CAST(:payment_id AS text),
               updated_at = now()
        WHERE bill_id = :bill_id AND status <> 'released' AND NOT (:payment_id = ANY(payment_ids))
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
    SELECT id, placed_at, payment_status FROM moved
""")

_REFUND = sa.text("""
    WITH was AS (
        SELECT o.id, o.payment_status FROM orders.orders o
        WHERE o.locked_by_bill = :bill_id AND o.payment_status = ANY(:before)
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
    SELECT b.status AS bill_status, o.id, o.placed_at, o.payment_status
    FROM orders.bill_locks b LEFT JOIN orders.orders o ON o.locked_by_bill = b.bill_id
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

    Orders that wait for their money are sent to the kitchen, by a repeat too if the first time was cut short.
    Raises BillNotFound and BillReleased.
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
    return {"orders": [{"id": one.id, "payment_status": one.payment_status} for one in noted]}


def _noted_before(tx: Connection, bill_id: str) -> list[Any]:
    held = tx.execute(_HELD, {"bill_id": bill_id}).all()
    if not held:
        raise errors.BillNotFound
    if held[0].bill_status == "released":
        raise errors.BillReleased
    return [order for order in held if order.id is not None]


def mark_refunded(tx: Connection, *, bill_id: str, payment_status: str) -> dict[str, Any]:
    """Note a refund on the orders of a bill; raises BillNotFound."""
    values = {"bill_id": bill_id, "to": payment_status, "before": _BEFORE[payment_status]}
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
