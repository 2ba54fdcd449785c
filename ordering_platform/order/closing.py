"""The end of a visit: by staff, by itself when everything is paid, or later, when it is also served and quiet.

Which of the three is the venue's rule ``session_closing``. Whoever ends a visit locks it first, as whoever sends
an order does: the order is in and keeps the visit open, or it finds the visit ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors, sessions, statuses
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

_KINDS = {
    "dead": list(statuses.DEAD),
    "unfinished": list(statuses.UNFINISHED),
    "once_paid": list(statuses.ONCE_PAID),
}

_LOCK = sa.text("""
    SELECT id, status FROM orders.table_sessions WHERE id = :id AND venue_id = :venue_id FOR NO KEY UPDATE
""")

# A statement after the lock: an order that was being sent meanwhile is seen. Carts nobody sent end with the visit;
# one that is just being sent is skipped here and finds the visit closed. Events come last, here as everywhere:
# writing one holds the venue's trail until the end of the transaction.
_CLOSE = sa.text("""
    WITH unpaid AS (
        SELECT 1 FROM orders.orders o
        WHERE o.session_id = :id AND NOT o.rehearsal AND o.total_minor > 0 AND o.status <> ALL(:dead)
          AND (o.payment_status IN ('pending', 'partially_paid')
               OR (o.payment_status = 'unpaid' AND o.placed_at IS NOT NULL))
    ), closed AS (
        UPDATE orders.table_sessions SET status = 'closed', closed_at = now(), closed_by = :actor_id,
               close_reason = :reason
        WHERE id = :id AND status = 'open' AND (:forced OR NOT EXISTS (SELECT 1 FROM unpaid))
        RETURNING *
    ), carts AS (
        SELECT o.id FROM orders.orders o JOIN closed ON o.session_id = closed.id
        WHERE o.status = 'open' AND o.locked_by_bill IS NULL FOR NO KEY UPDATE OF o SKIP LOCKED
    ), dropped AS (
        UPDATE orders.orders SET status = 'cancelled', version = version + 1, updated_at = now()
        FROM carts WHERE orders.id = carts.id RETURNING orders.*
    ), answered AS (
        UPDATE orders.staff_calls SET status = 'resolved', resolved_at = now(), resolved_by = :actor_id
        FROM closed WHERE session_id = closed.id AND staff_calls.status <> 'resolved'
        RETURNING staff_calls.id
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, order_id, subject_id, kind, actor_kind, actor_id,
                                         from_status, to_status, private, rehearsal, details)
        SELECT venue_id, session_id, id, NULL, 'order.status_changed', :actor_kind, :actor_id,
               'open', 'cancelled', true, rehearsal, '{}' FROM dropped
        UNION ALL
        SELECT venue_id, id, NULL, table_id, 'session.closed', :actor_kind, :actor_id,
               'open', 'closed', false, false, jsonb_strip_nulls(jsonb_build_object('reason', CAST(:reason AS text)))
        FROM closed, (SELECT count(*) FROM answered) before
    )
    SELECT (SELECT count(*) FROM closed) AS closed, (SELECT count(*) FROM unpaid) AS unpaid
""")

# Something has been paid and nothing is left: no order that was sent, no bill under way, no cart with dishes in it.
# Where one pays first all is always paid, so there the visit lasts until the kitchen has nothing left to do.
_NOTHING_LEFT = """
    s.status = 'open' AND v.session_closing = 'paid'
    AND EXISTS (SELECT 1 FROM orders.orders o
                WHERE o.session_id = s.id AND o.payment_status = ANY(:once_paid) AND NOT o.rehearsal)
    AND NOT EXISTS (
        SELECT 1 FROM orders.orders o
        WHERE o.session_id = s.id AND NOT o.rehearsal AND o.status <> ALL(:dead)
          AND (o.payment_status IN ('pending', 'partially_paid')
               OR (o.payment_status = 'unpaid' AND o.placed_at IS NOT NULL AND o.total_minor > 0)
               OR (o.status = 'open' AND EXISTS (SELECT 1 FROM orders.order_items i WHERE i.order_id = o.id))
               OR (v.policy = 'pay_first' AND o.status = ANY(:unfinished))))
"""
_LOCK_OPEN = prepared("SELECT 1 FROM orders.table_sessions WHERE id = :id AND status = 'open' FOR NO KEY UPDATE")
_IS_SETTLED = prepared(f"""
    SELECT 1 FROM orders.table_sessions s JOIN orders.venues v ON v.id = s.venue_id
    WHERE s.id = :id AND {_NOTHING_LEFT}
""")  # noqa: S608  the condition above, nothing of a guest
_SETTLED = sa.text(f"""
    SELECT s.id FROM orders.table_sessions s JOIN orders.venues v ON v.id = s.venue_id
    WHERE {_NOTHING_LEFT}
    LIMIT 100 FOR NO KEY UPDATE OF s SKIP LOCKED
""")  # noqa: S608  as above

# A party that has not ordered is given three hours; an order on its way keeps the table open.
_QUIET = sa.text("""
    SELECT s.id FROM orders.table_sessions s JOIN orders.venues v ON v.id = s.venue_id
    WHERE s.status = 'open' AND v.session_closing <> 'staff'
      AND s.last_activity_at < now() - make_interval(mins => v.idle_close_minutes)
      AND NOT EXISTS (
          SELECT 1 FROM orders.orders o
          WHERE o.session_id = s.id AND NOT o.rehearsal AND o.status <> ALL(:dead)
            AND (o.updated_at > now() - make_interval(mins => v.idle_close_minutes)
                 OR o.status = ANY(:unfinished)
                 OR o.payment_status IN ('pending', 'partially_paid')
                 OR (o.payment_status = 'unpaid' AND o.placed_at IS NOT NULL)))
      AND (s.last_activity_at < now() - interval '3 hours' OR EXISTS (
          SELECT 1 FROM orders.orders o WHERE o.session_id = s.id AND o.payment_status = ANY(:once_paid)))
    LIMIT 100 FOR NO KEY UPDATE OF s SKIP LOCKED
""")


def close(tx: Connection, caller: Caller, session_id: str, *, forced: bool, reason: str | None) -> dict[str, Any]:
    """End a visit; its guests are answered 410 from now on.

    Raises SessionNotFound, UnpaidOrders unless ``forced``, and ReasonRequired for force without a reason.
    """
    if forced and not reason:
        raise errors.ReasonRequired
    session = tx.execute(_LOCK, {"id": session_id, "venue_id": caller.venue}).one_or_none()
    if session is None:
        raise errors.SessionNotFound
    if session.status == "open":
        ended = _close(tx, session_id, caller.kind, caller.id, reason, forced=forced)
        if not ended.closed:
            raise errors.UnpaidOrders(orders=ended.unpaid)
    return sessions.view(tx, caller, session_id)


def close_paid(tx: Connection, session_id: str) -> bool:
    """End a visit that ends as soon as everything is paid, if it is; of two last payments the later one ends it."""
    if tx.execute(_LOCK_OPEN, {"id": session_id}).first() is None:
        return False
    # A statement after the lock: whatever was paid or sent before it is seen.
    if tx.execute(_IS_SETTLED, {"id": session_id, **_KINDS}).first() is None:
        return False
    return bool(_close_by_itself(tx, session_id, "paid"))


def close_settled(tx: Connection) -> int:
    """End the visits in which the last thing to wait for was no payment: a cart dropped, a dish served or voided."""
    settled = tx.execute(_SETTLED, _KINDS).scalars().all()
    return sum(close_paid(tx, one) for one in settled)


def close_quiet(tx: Connection) -> int:
    """End the visits that are paid and quiet, or that never began; gives how many."""
    quiet = tx.execute(_QUIET, _KINDS).scalars().all()
    return sum(_close_by_itself(tx, one, "quiet") for one in quiet)


def _close_by_itself(tx: Connection, session_id: str, reason: str) -> int:
    return int(_close(tx, session_id, "service", "order", reason, forced=False).closed)


def _close(tx: Connection, session_id: str, kind: str, actor_id: str, reason: str | None, *, forced: bool) -> Any:
    values = {
        "id": session_id,
        "dead": list(statuses.DEAD),
        "forced": forced,
        "actor_kind": kind,
        "actor_id": actor_id,
        "reason": reason,
    }
    return tx.execute(_CLOSE, values).one()
