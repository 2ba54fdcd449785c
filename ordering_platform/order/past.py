"""Orders of the past that were paid, as promotions are tried on them before they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.order import errors
from ordering_platform.order.bills import billed
from ordering_platform.runtime.paging import cursor, uncursor
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

MOST = 500

# Asked from the venue's side, so that its time zone is told where there are no orders. The bound by ``placed_at``
# alone is what the index is read by, from where the last page ended.
_PAGE = prepared("""
    SELECT v.time_zone, o.id, o.placed_at, o.table_id, o.guest_id, o.currency, o.currency_digits, o.lines
    FROM orders.venues v
    LEFT JOIN LATERAL (
        SELECT p.id, p.placed_at, p.table_id, p.guest_id, p.currency, p.currency_digits,
               (SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = p.id) AS lines
        FROM orders.orders p
        WHERE p.venue_id = v.id AND p.payment_status IN ('paid', 'partially_refunded') AND NOT p.rehearsal
          AND p.placed_at >= greatest(CAST(CAST(:first_day AS date) AS timestamp) AT TIME ZONE v.time_zone,
                                      CAST(:after_moment AS timestamptz))
          AND p.placed_at < CAST(CAST(:last_day AS date) + 1 AS timestamp) AT TIME ZONE v.time_zone
          AND (CAST(:after_moment AS timestamptz) IS NULL
               OR (p.placed_at, p.id) > (CAST(:after_moment AS timestamptz), CAST(:after_id AS text)))
        ORDER BY p.placed_at, p.id
        LIMIT :rows
    ) o ON true
    WHERE v.id = :venue_id
    ORDER BY o.placed_at, o.id
""")


def paid(
    tx: Connection, *, venue_id: str, first_day: str, last_day: str, after: str | None, limit: int
) -> dict[str, Any]:
    """Give a page of the paid orders sent between two days of the venue, both included, the oldest first.

    Rehearsals and orders that were paid back whole are left out. ``next`` is what to send as ``after`` for the
    next page, or None. Raises VenueNotFound, and InvalidParameter for a made-up ``after``.
    """
    moment, last_id = uncursor(after, (str, str)) if after else (None, None)
    rows = min(limit, MOST)
    wanted = {
        "venue_id": venue_id,
        "first_day": first_day,
        "last_day": last_day,
        "after_moment": moment,
        "after_id": last_id,
        "rows": rows,
    }
    found = tx.execute(_PAGE, wanted).all()
    if not found:
        raise errors.VenueNotFound
    orders = [row for row in found if row.id is not None]
    last = orders[-1] if len(orders) == rows else None
    return {
        "time_zone": found[0].time_zone,
        "orders": [_order(row) for row in orders],
        "next": cursor([last.placed_at.isoformat(), last.id]) if last else None,
    }


def _order(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "placed_at": row.placed_at.isoformat(),
        "table_id": row.table_id,
        "guest_id": row.guest_id,
        "currency": row.currency,
        "currency_digits": row.currency_digits,
        "lines": [billed(line) for line in row.lines or ()],
    }
