"""A business day as the floor saw it: what was sent, what was taken back and why, and what nobody has paid."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from ordering_platform.order import errors, statuses
from ordering_platform.order.hours import business_day
from ordering_platform.runtime.clock import now
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# Sums count every order; of those that are named there may be so many.
MOST = 500

_VENUE = prepared("""
    SELECT time_zone, business_day_close, currency, currency_digits FROM orders.venues WHERE id = :venue_id
""")
_DAY = prepared("""
    WITH day AS MATERIALIZED (
        SELECT o.id, o.number, o.table_name, o.status, o.currency, o.total_minor,
               CASE WHEN o.status = ANY(:dead) THEN 'voided'
                    WHEN o.payment_status IN ('unpaid', 'pending', 'partially_paid') THEN 'unpaid'
                    ELSE 'paid' END AS kind
        FROM orders.orders o
        WHERE o.venue_id = :venue_id AND o.business_day = :day AND NOT o.rehearsal
    ), sums AS (
        SELECT kind, currency, count(*) AS orders, sum(total_minor) AS total_minor FROM day GROUP BY 1, 2 ORDER BY 1, 2
    ), named AS (
        SELECT day.kind, day.number, day.table_name AS "table", day.status, day.currency, day.total_minor, e.reason
        FROM day LEFT JOIN LATERAL (
            SELECT details ->> 'reason' AS reason FROM orders.order_events
            WHERE order_id = day.id AND to_status = day.status ORDER BY id DESC LIMIT 1
        ) e ON day.kind = 'voided'
        WHERE day.kind <> 'paid' ORDER BY day.id LIMIT :most
    )
    SELECT (SELECT coalesce(json_agg(sums), '[]') FROM sums) AS sums,
           (SELECT coalesce(json_agg(named), '[]') FROM named) AS named
""")


def summary(tx: Connection, *, venue_id: str, day: str | None) -> dict[str, Any]:
    """Add up the orders of a business day (``YYYY-MM-DD``, or None for the present one), rehearsals left out.

    ``sums`` has a row for each kind (``voided``, ``unpaid``, ``paid``) and currency; ``named`` the orders that
    were voided or are unpaid, at most 500. Amounts are minor units. Raises VenueNotFound.
    """
    venue = tx.execute(_VENUE, {"venue_id": venue_id}).mappings().one_or_none()
    if venue is None:
        raise errors.VenueNotFound
    present = business_day(now(), venue["time_zone"], venue["business_day_close"])
    wanted = date.fromisoformat(day) if day else present
    values = {"venue_id": venue_id, "day": wanted, "dead": list(statuses.DEAD), "most": MOST}
    found = tx.execute(_DAY, values).one()
    return {**venue, "day": wanted.isoformat(), "sums": found.sums, "named": found.named}
