"""The end of a visit: by staff, or by itself when everything is paid, served and quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors, sessions, statuses

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

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

# A party that has not ordered is given three hours; an order on its way keeps the table open.
_QUIET = sa.text("""
    SELECT s.id FROM orders.table_sessions s JOIN orders.venues v ON v.id = s.venue_id
    WHERE s.status = 'open' AND s.last_activity_at < now() - make_interval(mins => v.idle_close_minutes)
      AND NOT EXISTS (
          SELECT 1 FROM orders.orders o
          WHERE o.session_id = s.id AND NOT o.rehearsal AND o.status <> ALL(:dead)
            AND (o.updated_at > now() - make_interval(mins => v.idle_close_minutes)
                 OR o.status = ANY(:unfinished)
                 OR o.payment_status IN ('pending', 'partially_paid')
                 OR (o.payment_status = 'unpaid' AND o.placed_at IS NOT NULL)))
      AND (s.last_activity_at < now() - interval '3 hours' OR EXISTS (
          SELECT 1 FROM orders.orders o WHERE o.session_id = s.id AND o.payment_status = 'paid'))
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


def close_quiet(tx: Connection) -> int:
    """End the visits that are paid and quiet, or that never began; gives how many."""
    quiet = tx.execute(_QUIET, {"dead": list(statuses.DEAD), "unfinished": list(statuses.UNFINISHED)}).scalars().all()
    return sum(_close(tx, one, "service", "order", "quiet", forced=False).closed for one in quiet)


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
