"""Lists of orders: for a guest their own and what their table has sent, for staff those of the venue."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors
from ordering_platform.order.models import orders, table_sessions
from ordering_platform.order.orders import loaded, shown
from ordering_platform.runtime.paging import page, uncursor

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

# What each filter of the query asks for; only those that are sent become part of the statement.
_FILTERS = {
    "status": orders.c.status == sa.func.any(sa.bindparam("status")),
    "payment_status": orders.c.payment_status == sa.func.any(sa.bindparam("payment_status")),
    "session_id": orders.c.session_id == sa.bindparam("session_id"),
    "needs_approval": orders.c.needs_approval == sa.bindparam("needs_approval"),
    "placed_after": orders.c.placed_at > sa.bindparam("placed_after"),
    "placed_before": orders.c.placed_at < sa.bindparam("placed_before"),
}


_ITEMS = "(SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = o.id)"


@cache
def _statement(filters: frozenset[str], *, guest: bool, rehearsal: bool, oldest: bool, after: bool) -> sa.Select[Any]:
    """Build the statement for a set of filters, once; without filters PostgreSQL plans it once, too."""
    column = orders.c.id
    wanted = [orders.c.venue_id == sa.bindparam("venue_id"), *(_FILTERS[name] for name in sorted(filters))]
    if guest:
        mine = orders.c.guest_id == sa.bindparam("guest_id")
        wanted += [orders.c.session_id == sa.bindparam("own_session"), orders.c.placed_at.is_not(None) | mine]
    elif "status" not in filters:
        # Carts are their owners' business until they are sent.
        wanted.append(orders.c.placed_at.is_not(None))
    if not guest and not rehearsal:
        wanted.append(~orders.c.rehearsal)
    if after:
        wanted.append((column > sa.bindparam("after")) if oldest else (column < sa.bindparam("after")))
    chosen = (
        sa.select(orders)
        .where(*wanted)
        .order_by(column.asc() if oldest else column.desc())
        .limit(sa.bindparam("rows"))
        .subquery("o")
    )
    order: tuple[Any, ...] = (sa.literal_column("to_jsonb(o)").label("o"), sa.literal_column(_ITEMS).label("items"))
    shown_order = chosen.c.id.asc() if oldest else chosen.c.id.desc()
    if not guest:
        return sa.select(*order).select_from(chosen).order_by(shown_order)
    # Asked from the session's side, so that one statement also tells a visit that has ended.
    visit = table_sessions.outerjoin(chosen, sa.true())
    own = table_sessions.c.id == sa.bindparam("own_session")
    status = table_sessions.c.status.label("session_status")
    return (
        sa.select(status, *order).select_from(visit).where(own).order_by(shown_order).execution_options(prepared=True)
    )


def listed(tx: Connection, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """List orders with their items, newest first unless asked otherwise.

    Rehearsals are left out for staff unless ``include_rehearsal``; carts unless their status is asked for.
    Raises SessionClosed for a guest whose visit has ended.
    """
    filters = frozenset(_FILTERS.keys() & query.keys())
    oldest = query.get("sort") == "oldest"
    statement = _statement(
        filters,
        guest=caller.is_guest,
        rehearsal=query.get("include_rehearsal", False),
        oldest=oldest,
        after="after" in query,
    )
    values = {name: query[name] for name in filters}
    values |= {"venue_id": caller.venue, "rows": query["limit"] + 1}
    if caller.is_guest:
        values |= {"guest_id": caller.id, "own_session": caller.session}
    if "after" in query:
        (values["after"],) = uncursor(query["after"], (str,))
    found = tx.execute(statement, values).all()
    if caller.is_guest and (not found or found[0].session_status != "open"):
        raise errors.SessionClosed
    rows = [shown(loaded(row)) for row in found if row.o is not None]
    return page(rows, query["limit"], lambda order: [order["id"]])
