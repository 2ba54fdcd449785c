"""An order as people see it: who may see it, how it is written, which version it has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ordering_platform.order import errors
from ordering_platform.order.sessions import refusal
from ordering_platform.runtime.errors import PreconditionFailed
from ordering_platform.runtime.money import money
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

_VIEW = prepared("""
    SELECT to_jsonb(o) AS o, s.status AS session_status,
           (SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i WHERE i.order_id = o.id) AS items
    FROM orders.orders o
    LEFT JOIN orders.table_sessions s ON s.id = o.session_id
    WHERE o.id = :id AND o.venue_id = :venue_id
""")


def loaded(row: Any) -> Any:
    """Read a row that carries an order as JSON in ``o`` beside its ``items`` and whatever else was asked for.

    One JSON value instead of thirty columns: describing columns costs SQLAlchemy more than the statement itself.
    """
    if row is None or row.o is None:
        return None
    return SimpleNamespace(**row.o, **{name: value for name, value in row._mapping.items() if name != "o"})  # noqa: SLF001  public, says SQLAlchemy


def view(tx: Connection, caller: Caller, order_id: str) -> dict[str, Any]:
    """Show an order: staff any of their venue, guests their own and what their table has sent."""
    order = loaded(tx.execute(_VIEW, {"id": order_id, "venue_id": caller.venue}).one_or_none())
    if order is None or not may_see(caller, order):
        raise refusal(tx, caller, errors.OrderNotFound())
    if caller.is_guest and order.session_status != "open":
        raise errors.SessionClosed
    return shown(order)


def may_see(caller: Caller, order: Any) -> bool:
    """Whether an order is the caller's to see: carts are private, what was sent belongs to the table."""
    if caller.is_staff:
        return True
    return order.session_id == caller.session and (order.guest_id == caller.id or order.placed_at is not None)


def check_version(order: Any, match: str | None) -> None:
    """Hold If-Match against the order's version; raises PreconditionFailed with the present one."""
    if match is None or match.strip() == "*":
        return
    if etag(order.version) not in [tag.strip() for tag in match.split(",")]:
        raise PreconditionFailed(version=order.version)


def etag(version: int) -> str:
    """Write a version as a strong ETag."""
    return f'"{version}"'


def shown(order: Any) -> dict[str, Any]:
    """Write an order with its items as clients read it."""
    currency = order.currency
    return {
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "version": order.version,
        "venue_id": order.venue_id,
        "session_id": order.session_id,
        "table": {"id": order.table_id, "name": order.table_name},
        "guest_id": order.guest_id,
        "guest_name": order.guest_name,
        "note": order.note,
        "rehearsal": order.rehearsal,
        "needs_approval": order.needs_approval,
        "locked": order.locked_by_bill is not None,
        "items": [_item(item, currency) for item in getattr(order, "items", None) or ()],
        "total": money(order.total_minor, currency),
        "created_at": _told(order.created_at),
        "placed_at": _told(order.placed_at),
        "updated_at": _told(order.updated_at),
    }


def _told(moment: str | None) -> str | None:
    # PostgreSQL writes RFC 3339 in the session's zone, which is UTC here.
    return None if moment is None else moment.replace("+00:00", "Z")


def _item(item: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        "id": item["id"],
        "menu_item_id": item["menu_item_id"],
        "name": item["name"],
        "quantity": item["quantity"],
        "unit_price": money(item["unit_minor"], currency),
        "options": [
            {"id": one["id"], "name": one["name"], "price": money(one["price_minor"], currency)}
            for one in item["options"]
        ],
        "total": money(item["unit_minor"] * item["quantity"], currency),
        "note": item["note"],
        "tax_ppm": item["tax_ppm"],
        "station": item["station"],
    }
