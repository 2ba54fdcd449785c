"""Moves an order from status to status: one compare-and-swap with its event, and the reason when it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors, statuses
from ordering_platform.order.orders import check_version, loaded, may_see, shown
from ordering_platform.order.sessions import refusal
from ordering_platform.runtime.errors import RoleNotAllowed
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

_MOVE = prepared("""
    WITH was AS (
        SELECT o.id, o.status FROM orders.orders o JOIN orders.table_sessions s ON s.id = o.session_id
        WHERE o.id = :id AND o.venue_id = :venue_id AND o.status = ANY(:sources)
          AND (CAST(:versions AS int[]) IS NULL OR o.version = ANY(:versions))
          AND (NOT :takes_back OR o.payment_status IN ('unpaid', 'refunded'))
          AND (CAST(:guest_id AS text) IS NULL OR (
              o.guest_id = :guest_id AND o.session_id = :session_id AND s.status = 'open'))
        FOR NO KEY UPDATE OF o
    ), moved AS (
        UPDATE orders.orders SET status = :to, needs_approval = false, version = version + 1, updated_at = now()
        FROM was WHERE orders.id = was.id
        RETURNING orders.*, was.status AS from_status
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, order_id, kind, actor_kind, actor_id,
                                         from_status, to_status, private, rehearsal, details)
        SELECT venue_id, session_id, id, 'order.status_changed', :actor_kind, :actor_id,
               from_status, status, from_status = 'open', rehearsal,
               jsonb_strip_nulls(jsonb_build_object(
                   'number', number, 'table', table_name, 'reason', CAST(:reason AS text)))
        FROM moved
    )
    SELECT to_jsonb(moved) AS o,
           (SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = moved.id) AS items
    FROM moved
""")

# The session first, then its orders: the order in which placing locks them too.
_CONFIRM = sa.text("""
    WITH seen AS (
        UPDATE orders.table_sessions s SET confirmed = true FROM orders.orders o
        WHERE o.id = :id AND o.venue_id = :venue_id AND o.status = 'placed' AND s.id = o.session_id AND NOT s.confirmed
        RETURNING s.id
    ), waiting AS (
        SELECT o.id FROM orders.orders o JOIN seen ON o.session_id = seen.id
        WHERE o.needs_approval ORDER BY o.id FOR NO KEY UPDATE OF o
    )
    UPDATE orders.orders SET needs_approval = false, version = version + 1, updated_at = now()
    FROM waiting WHERE orders.id = waiting.id AND orders.id <> :id
""")

_PRESENT = sa.text("""
    SELECT to_jsonb(o) AS o, s.status AS session_status,
           (SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = o.id) AS items
    FROM orders.orders o JOIN orders.table_sessions s ON s.id = o.session_id
    WHERE o.id = :id AND o.venue_id = :venue_id
""")


def move(
    tx: Connection, caller: Caller, order_id: str, to: str, *, reason: str | None, match: str | None
) -> dict[str, Any]:
    """Move an order to a status; where it is there already, it is given back as it is.

    Accepting an order confirms its party. Raises OrderNotFound, SessionClosed, IllegalStatusMove,
    RoleNotAllowed, ReasonRequired, OrderLocked, OrderAlreadyPaid and PreconditionFailed.
    """
    scope = {"id": order_id, "venue_id": caller.venue}
    if to == "accepted":
        tx.execute(_CONFIRM, scope)
    values = {
        **scope,
        "to": to,
        "sources": [start for start in statuses.sources(to) if _why_not(caller, start, to, reason) is None],
        "versions": _versions(match),
        "takes_back": to in statuses.DEAD,
        "guest_id": caller.id if caller.is_guest else None,
        "session_id": caller.session,
        "actor_kind": caller.kind,
        "actor_id": caller.id,
        "reason": reason,
    }
    moved = loaded(tx.execute(_MOVE, values).one_or_none())
    return shown(moved if moved is not None else _unmoved(tx, caller, scope, to, reason=reason, match=match))


def _why_not(caller: Caller, start: str, to: str, reason: str | None) -> type[Exception] | None:
    """Say what keeps this caller from a step, by the rules alone."""
    step = statuses.MOVES.get((start, to))
    if step is None:
        return errors.IllegalStatusMove
    if not (step.guest if caller.is_guest else caller.has(step.role)):
        return errors.IllegalStatusMove if caller.is_guest else RoleNotAllowed
    if step.reason and not reason:
        return errors.ReasonRequired
    return None


def _unmoved(
    tx: Connection, caller: Caller, scope: dict[str, Any], to: str, *, reason: str | None, match: str | None
) -> Any:
    """Give the order that is where it should be already, or raise why it stays where it is."""
    order = loaded(tx.execute(_PRESENT, scope).one_or_none())
    if order is None or not may_see(caller, order) or (caller.is_guest and order.guest_id != caller.id):
        raise refusal(tx, caller, errors.OrderNotFound())
    if caller.is_guest and order.session_status != "open":
        raise errors.SessionClosed
    if order.status == to:
        return order
    check_version(order, match)
    fault = _why_not(caller, order.status, to, reason)
    if fault is errors.IllegalStatusMove:
        raise errors.IllegalStatusMove(status=order.status, allowed=statuses.moves_from(order.status))
    if fault is not None:
        raise fault
    if order.payment_status == "pending":
        raise errors.OrderLocked
    if order.payment_status != "unpaid":
        raise errors.OrderAlreadyPaid
    # It was moved on between the two statements.
    raise errors.IllegalStatusMove(status=order.status, allowed=statuses.moves_from(order.status))


def _versions(match: str | None) -> list[int] | None:
    """Read If-Match as the versions it admits; None admits any."""
    if match is None or match.strip() == "*":
        return None
    tags = [tag.strip().strip('"') for tag in match.split(",")]
    return [int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) < 10]  # noqa: PLR2004  fits an integer column
