"""Calls for staff: one open call of a kind for each party, answered and closed by staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors
from ordering_platform.order.sessions import refusal
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.paging import page, uncursor

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

# A second tap meets the unique index of open calls and is given the first one.
_CALL = sa.text("""
    WITH seat AS (
        SELECT s.id AS session_id, s.venue_id, s.table_id, t.name AS table_name
        FROM orders.table_sessions s JOIN orders.dining_tables t ON t.id = s.table_id
        WHERE s.id = :session_id AND s.venue_id = :venue_id AND s.status = 'open'
    ), made AS (
        INSERT INTO orders.staff_calls AS c (id, venue_id, session_id, table_id, table_name, guest_id, kind, note)
        SELECT :id, venue_id, session_id, table_id, table_name, :guest_id, :kind, :note FROM seat
        ON CONFLICT (session_id, kind) WHERE status <> 'resolved' DO UPDATE SET kind = excluded.kind
        RETURNING c.*
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, subject_id, kind, actor_kind, actor_id,
                                         to_status, details)
        SELECT venue_id, session_id, id, 'call.opened', 'guest', :guest_id, 'open',
               jsonb_build_object('kind', kind, 'note', note, 'table', table_name)
        FROM made WHERE id = :id
    )
    SELECT * FROM made
""")

_ANSWER = sa.text("""
    WITH was AS (
        SELECT id, status FROM orders.staff_calls
        WHERE id = :id AND venue_id = :venue_id AND status = ANY(:sources) FOR NO KEY UPDATE
    ), moved AS (
        UPDATE orders.staff_calls c SET status = :to,
               acknowledged_at = coalesce(acknowledged_at, now()),
               acknowledged_by = coalesce(acknowledged_by, :staff_id),
               resolved_at = CASE WHEN :to = 'resolved' THEN now() END,
               resolved_by = CASE WHEN :to = 'resolved' THEN :staff_id END
        FROM was WHERE c.id = was.id
        RETURNING c.*, was.status AS from_status
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, subject_id, kind, actor_kind, actor_id,
                                         from_status, to_status, details)
        SELECT venue_id, session_id, id, 'call.' || status, 'staff', :staff_id, from_status, status,
               jsonb_build_object('kind', kind, 'table', table_name)
        FROM moved
    )
    SELECT * FROM moved
""")

_ONE = sa.text("SELECT * FROM orders.staff_calls WHERE id = :id AND venue_id = :venue_id")

_MANY = sa.text("""
    SELECT * FROM orders.staff_calls
    WHERE venue_id = :venue_id AND (CAST(:before AS text) IS NULL OR id < :before) AND status = ANY(:statuses)
    ORDER BY id DESC LIMIT :rows
""")

# From where a call may be answered; answered so already, it is given back as it is.
_SOURCES = {"acknowledged": ["open"], "resolved": ["open", "acknowledged"]}


def call(tx: Connection, caller: Caller, kind: str, note: str) -> dict[str, Any]:
    """Call staff to the table, or give the call of this kind that waits already; raises SessionClosed."""
    values = {
        "id": new_id("cal"),
        "session_id": caller.session,
        "venue_id": caller.venue,
        "guest_id": caller.id,
        "kind": kind,
        "note": note,
    }
    made = tx.execute(_CALL, values).one_or_none()
    if made is None:
        raise refusal(tx, caller, errors.SessionClosed())
    return _shown(made)


def answer(tx: Connection, caller: Caller, call_id: str, to: str) -> dict[str, Any]:
    """Say that somebody is coming (acknowledged) or has been there (resolved); raises StaffCallNotFound."""
    scope = {"id": call_id, "venue_id": caller.venue}
    moved = tx.execute(_ANSWER, {**scope, "to": to, "sources": _SOURCES[to], "staff_id": caller.id}).one_or_none()
    if moved is None:
        moved = tx.execute(_ONE, scope).one_or_none()
    if moved is None:
        raise errors.StaffCallNotFound
    return _shown(moved)


def listed(tx: Connection, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """List the calls of a venue, newest first; those that wait unless asked otherwise."""
    values = {
        "venue_id": caller.venue,
        "before": uncursor(query["after"], (str,))[0] if "after" in query else None,
        "statuses": query.get("status", ["open", "acknowledged"]),
        "rows": query["limit"] + 1,
    }
    rows = [_shown(row) for row in tx.execute(_MANY, values)]
    return page(rows, query["limit"], lambda row: [row["id"]])


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "note": row.note,
        "status": row.status,
        "session_id": row.session_id,
        "table": {"id": row.table_id, "name": row.table_name},
        "guest_id": row.guest_id,
        "created_at": row.created_at,
        "acknowledged_at": row.acknowledged_at,
        "resolved_at": row.resolved_at,
    }
