"""Sends a cart to the kitchen: everything is checked again, the order gets its number, and only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from ordering_platform.order import errors, pricing, statuses
from ordering_platform.order.hours import business_day
from ordering_platform.order.orders import check_version, loaded, may_see, shown
from ordering_platform.order.sessions import refusal
from ordering_platform.runtime.clock import now, rfc3339
from ordering_platform.runtime.database import ending
from ordering_platform.runtime.money import Money, money
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from ordering_platform.order.menu import MenuBook
    from ordering_platform.runtime.identity import Caller

# The session is locked before the order, here and wherever both are: it makes the count of unpaid orders
# exact and keeps a closing session from losing an order that is just being sent.
_LOCK = prepared("""
    SELECT to_jsonb(o) AS o, s.status AS session_status, s.confirmed, v.policy, v.menu_version, v.time_zone,
           v.business_day_close, v.max_unpaid_orders, v.order_cap_minor, v.pause_message, v.paused_until,
           v.paused AND (v.paused_until IS NULL OR v.paused_until > now()) AS is_paused
    FROM orders.orders o
    JOIN orders.table_sessions s ON s.id = o.session_id
    JOIN orders.venues v ON v.id = o.venue_id
    WHERE o.id = :id AND o.venue_id = :venue_id
    FOR NO KEY UPDATE OF s, o
""")

# A statement of its own: what it reads must be as it is after the locks were granted.
_CONTENT = prepared("""
    SELECT (SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = :id) AS items,
           (SELECT count(*) FROM orders.orders o
            WHERE o.session_id = :session_id AND o.payment_status = 'unpaid' AND o.rehearsal = :rehearsal
              AND o.status = ANY(:sent)) AS unpaid
""")

_REPRICE = sa.text("""
    UPDATE orders.order_items i SET unit_minor = x.unit_minor, options = x.options
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS x (item_id text, unit_minor bigint, options jsonb)
    WHERE i.id = x.item_id AND i.order_id = :id
    RETURNING i.id
""")

# The human number of the ``last``-th order of a business day: A101 ... A999, B101 ... Z999, AA101.
NUMBER = """
    CASE WHEN rehearsal THEN 'R-' || 100 + last
         WHEN (last - 1) / 899 < 26 THEN chr(65 + (last - 1) / 899) || 101 + (last - 1) % 899
         ELSE chr(64 + (last - 1) / 899 / 26) || chr(65 + (last - 1) / 899 % 26) || 101 + (last - 1) % 899 END
"""

# The number is taken by the very last statement, which commits as well: everybody who places an order in this venue
# waits for its row. A refusal comes before it, so that numbers have no gaps.
_NUMBER = f"""
    WITH counted AS (
        INSERT INTO orders.order_numbers AS n (venue_id, business_day, rehearsal, last)
        VALUES (:venue_id, :business_day, :rehearsal, 1)
        ON CONFLICT (venue_id, business_day, rehearsal) DO UPDATE SET last = n.last + 1
        RETURNING {NUMBER} AS number
    ), placed AS (
        UPDATE orders.orders SET status = 'placed', number = counted.number, business_day = :business_day,
               total_minor = :total_minor, needs_approval = :needs_approval, placed_at = now(), updated_at = now(),
               version = version + 1
        FROM counted WHERE id = :id AND status = 'open' RETURNING orders.*
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, order_id, kind, actor_kind, actor_id,
                                         from_status, to_status, rehearsal, details)
        SELECT venue_id, session_id, id, 'order.placed', :actor_kind, :actor_id, 'open', 'placed', rehearsal,
               jsonb_build_object('number', number, 'table', table_name, 'needs_approval', needs_approval)
        FROM placed
    )
    SELECT id FROM placed
"""  # noqa: S608  the expression above, nothing of a guest
_PLACE, _PLACE_AND_COMMIT = prepared(_NUMBER), ending(prepared(_NUMBER))

_ITEMS = prepared("""
    SELECT to_jsonb(o) AS o,
           (SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = o.id) AS items
    FROM orders.orders o WHERE o.id = :id
""")


def place(
    tx: Connection, book: MenuBook, caller: Caller, order_id: str, *, expected_total: Money | None, match: str | None
) -> dict[str, Any]:
    """Send a cart to the kitchen, or give it back as it is when it has been sent before.

    A changed price is accepted by sending the new total as ``expected_total``. Raises OrderNotFound,
    SessionClosed, InvalidState, OrderLocked, PreconditionFailed, PayFirst, OrderingPaused, OrderEmpty,
    TooManyOpenOrders, ItemsUnavailable, PriceChanged and OrderLimit; nothing is sent then.
    """
    order = loaded(tx.execute(_LOCK, {"id": order_id, "venue_id": caller.venue}).one_or_none())
    if order is None or not may_see(caller, order):
        raise refusal(tx, caller, errors.OrderNotFound())
    if order.session_status != "open":
        raise errors.SessionClosed
    if order.placed_at is not None and order.status not in statuses.DEAD:
        return shown(loaded(tx.execute(_ITEMS, {"id": order_id}).one()))
    if order.status != "open":
        raise errors.InvalidState(status=order.status)
    if order.locked_by_bill is not None:
        raise errors.OrderLocked
    check_version(order, match)
    if order.policy == "pay_first" and caller.is_guest:
        raise errors.PayFirst
    return shown(_send(tx, book, caller, order, expected_total))


def _send(tx: Connection, book: MenuBook, caller: Caller, order: Any, expected_total: Money | None) -> Any:
    scope = {"id": order.id, "session_id": order.session_id, "rehearsal": order.rehearsal}
    content = tx.execute(_CONTENT, {**scope, "sent": list(statuses.SENT)}).one()
    unseen = caller.is_guest and not order.confirmed
    if unseen and content.unpaid >= order.max_unpaid_orders:
        raise errors.TooManyOpenOrders
    sending = {
        "total_minor": check_content(tx, book, order, content.items, expected_total),
        "needs_approval": unseen and order.policy == "staff_accepts",
        "actor_kind": caller.kind,
        "actor_id": caller.id,
    }
    tx.execute(_PLACE_AND_COMMIT, _counted(order) | sending)
    return loaded(tx.execute(_ITEMS, {"id": order.id}).one())


def _counted(order: Any) -> dict[str, Any]:
    return {
        "id": order.id,
        "venue_id": order.venue_id,
        "rehearsal": order.rehearsal,
        "business_day": business_day(now(), order.time_zone, order.business_day_close),
    }


def check_content(
    tx: Connection, book: MenuBook, order: Any, items: Sequence[Any] | None, expected_total: Money | None
) -> int:
    """Hold a cart against the venue and its menu as they are now and give its total in minor units.

    ``order`` carries the venue's state, as the lock statements here and at the bill read it.
    Raises OrderingPaused, OrderEmpty, ItemsUnavailable, PriceChanged and OrderLimit.
    """
    if order.is_paused:
        raise errors.OrderingPaused(order.pause_message or None, until=_told(order.paused_until))
    if not items:
        raise errors.OrderEmpty
    found = pricing.recheck(book.card(tx, order.venue_id, order.menu_version), items, now())
    total = money(found.total_minor, order.currency)
    repriced = [_priced(line, order.currency) for line in found.repriced]
    if found.unavailable:
        raise errors.ItemsUnavailable(lines=found.unavailable, repriced=repriced)
    agreed = total == expected_total if expected_total is not None else not found.repriced
    if not agreed:
        raise errors.PriceChanged(lines=repriced, total=total)
    if found.total_minor > order.order_cap_minor:
        raise errors.OrderLimit(max_total=money(order.order_cap_minor, order.currency))
    if found.repriced:
        tx.execute(_REPRICE, {"id": order.id, "lines": orjson.dumps(found.repriced).decode()})
    return found.total_minor


_PAID_CART = sa.text("""
    SELECT to_jsonb(o) AS o, v.time_zone, v.business_day_close
    FROM orders.orders o JOIN orders.venues v ON v.id = o.venue_id
    WHERE o.id = :id AND o.placed_at IS NULL
    FOR NO KEY UPDATE OF o
""")


def place_paid(tx: Connection, order_id: str) -> None:
    """Send a cart that has just been paid, where one pays first; after the money nothing is refused any more."""
    order = loaded(tx.execute(_PAID_CART, {"id": order_id}).one_or_none())
    if order is None:
        return
    sending = {
        "total_minor": order.total_minor,
        "needs_approval": False,
        "actor_kind": "service",
        "actor_id": "payment",
    }
    tx.execute(_PLACE, _counted(order) | sending)


def _priced(line: dict[str, Any], currency: str) -> dict[str, Any]:
    return {
        "item_id": line["item_id"],
        "menu_item_id": line["menu_item_id"],
        "name": line["name"],
        "old_unit_price": money(line["old_unit_minor"], currency),
        "unit_price": money(line["unit_minor"], currency),
    }


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
