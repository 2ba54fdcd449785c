"""The cart: make an order, put lines on it, change and remove them while nobody else has seen it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from ordering_platform.order import errors, pricing
from ordering_platform.order.orders import check_version, loaded, may_see, shown
from ordering_platform.order.sessions import refusal
from ordering_platform.runtime.clock import now
from ordering_platform.runtime.errors import FieldError, ValidationFailed
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.money import money
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.order.menu import MenuBook
    from ordering_platform.runtime.identity import Caller

# However well a party is known, no phone needs more carts than this.
MAX_CARTS = 20

_KEPT = [field.name for field in fields(pricing.Line)]

# The limit on unpaid orders binds a party that no member of staff has seen; its carts count for their owner only.
_CREATE = prepared("""
    WITH seat AS (
        SELECT v.currency, v.currency_digits, v.menu_version, v.max_quantity, v.max_items, v.order_cap_minor,
               s.id AS session_id, s.venue_id, s.table_id, s.status AS session_status, t.name AS table_name, g.nickname,
               CAST(:by_staff AS boolean) OR (
                   has.carts < :max_carts AND (s.confirmed OR has.unpaid < v.max_unpaid_orders)) AS has_room
        FROM orders.table_sessions s
        JOIN orders.venues v ON v.id = s.venue_id
        JOIN orders.dining_tables t ON t.id = s.table_id
        LEFT JOIN orders.session_guests g ON g.session_id = s.id AND g.guest_id = :guest_id
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE o.status = 'open' AND o.guest_id = :guest_id) AS carts,
                   count(*) FILTER (WHERE o.payment_status = 'unpaid' AND o.rehearsal = :rehearsal
                                    AND o.status NOT IN ('cancelled', 'rejected')
                                    AND (o.status <> 'open' OR o.guest_id = :guest_id)) AS unpaid
            FROM orders.orders o WHERE o.session_id = s.id
        ) has
        WHERE s.id = :session_id AND s.venue_id = :venue_id
    ), made AS (
        INSERT INTO orders.orders (id, venue_id, session_id, table_id, table_name, guest_id, guest_name, created_by,
                                   rehearsal, note, currency, currency_digits)
        SELECT :id, venue_id, session_id, table_id, table_name, :guest_id, nickname, :actor_id,
               CAST(:rehearsal AS boolean), :note, currency, currency_digits
        FROM seat WHERE session_status = 'open' AND has_room
        RETURNING *
    )
    SELECT to_jsonb(made) AS o, seat.session_status, seat.has_room, seat.menu_version,
           seat.max_quantity, seat.max_items, seat.order_cap_minor
    FROM seat LEFT JOIN made ON true
""")

_FOR_EDIT = prepared("""
    SELECT to_jsonb(o) AS o, s.status AS session_status, v.menu_version, v.max_quantity, v.max_items, v.order_cap_minor
    FROM orders.orders o
    JOIN orders.table_sessions s ON s.id = o.session_id
    JOIN orders.venues v ON v.id = o.venue_id
    WHERE o.id = :id AND o.venue_id = :venue_id
    FOR NO KEY UPDATE OF o
""")

_ADD = prepared("""
    WITH added AS (
        INSERT INTO orders.order_items (id, venue_id, order_id, position, menu_item_id, category_id, name, quantity,
                                        unit_minor, options, tax_ppm, tags, station, discountable, note)
        SELECT x.id, :venue_id, :order_id, x.position, x.menu_item_id, x.category_id, x.name, x.quantity,
               x.unit_minor, x.options, x.tax_ppm, x.tags, x.station, x.discountable, x.note
        FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS x (
            id text, position int, menu_item_id text, category_id text, name text, quantity int, unit_minor bigint,
            options jsonb, tax_ppm int, tags text[], station text, discountable bool, note text)
        RETURNING *
    ), touched AS (
        UPDATE orders.orders SET total_minor = total_minor + :minor, item_count = item_count + :pieces,
               next_position = next_position + :lines_count, version = version + :step, updated_at = now()
        WHERE id = :order_id RETURNING *
    )
    SELECT to_jsonb(touched) AS o, (
        SELECT json_agg(i ORDER BY i.position) FROM (
            SELECT * FROM orders.order_items WHERE order_id = :order_id UNION ALL SELECT * FROM added) i
    ) AS items FROM touched
""")

_CHANGE = prepared("""
    WITH changed AS (
        UPDATE orders.order_items SET quantity = :quantity, unit_minor = :unit_minor, note = :note,
               options = CAST(:options AS jsonb), name = :name, tax_ppm = :tax_ppm
        WHERE id = :item_id AND order_id = :order_id RETURNING *
    ), touched AS (
        UPDATE orders.orders SET total_minor = total_minor + :minor, item_count = item_count + :pieces,
               version = version + 1, updated_at = now()
        WHERE id = :order_id RETURNING *
    )
    SELECT to_jsonb(touched) AS o, (
        SELECT json_agg(i ORDER BY i.position) FROM (
            SELECT * FROM orders.order_items WHERE order_id = :order_id AND id <> :item_id
            UNION ALL SELECT * FROM changed) i
    ) AS items FROM touched
""")

_REMOVE = prepared("""
    WITH removed AS (
        DELETE FROM orders.order_items WHERE id = :item_id AND order_id = :order_id RETURNING *
    ), touched AS (
        UPDATE orders.orders SET total_minor = total_minor - removed.unit_minor * removed.quantity,
               item_count = item_count - removed.quantity, version = version + 1, updated_at = now()
        FROM removed WHERE orders.id = :order_id RETURNING orders.*
    )
    SELECT to_jsonb(touched) AS o, (
        SELECT json_agg(i ORDER BY i.position) FROM orders.order_items i
        WHERE i.order_id = :order_id AND i.id <> :item_id
    ) AS items FROM touched
""")

_ITEM = sa.text("SELECT * FROM orders.order_items WHERE id = :item_id AND order_id = :order_id")


def create(tx: Connection, book: MenuBook, caller: Caller, wish: dict[str, Any]) -> dict[str, Any]:
    """Open a cart, with the first lines where there are any.

    Raises SessionClosed, SessionNotFound, TooManyOpenOrders and whatever adding lines raises.
    """
    values = {
        "id": new_id("ord"),
        "venue_id": caller.venue,
        "session_id": _session_of(caller, wish),
        "guest_id": caller.id if caller.is_guest else None,
        "actor_id": caller.id,
        "by_staff": caller.is_staff,
        "rehearsal": wish.get("rehearsal", False),
        "note": wish.get("note", ""),
        "max_carts": MAX_CARTS,
    }
    seat = tx.execute(_CREATE, values).one_or_none()
    if seat is None:
        raise refusal(tx, caller, errors.SessionNotFound())
    if seat.session_status != "open":
        raise errors.SessionClosed
    if not seat.has_room:
        raise errors.TooManyOpenOrders
    order = loaded(seat)
    wishes = wish.get("items")
    return shown(_put(tx, book, order, wishes, step=0) if wishes else order)


def _session_of(caller: Caller, wish: dict[str, Any]) -> str:
    wanted: str | None = wish.get("session_id")
    if caller.is_guest:
        if wanted is not None and wanted != caller.session:
            raise errors.SessionNotFound
        return caller.session
    if wanted is None:
        fault = FieldError("/session_id", "missing", "Say for which table session this order is.")
        raise ValidationFailed(errors=[fault])
    return wanted


def add(
    tx: Connection,
    book: MenuBook,
    caller: Caller,
    order_id: str,
    wishes: Sequence[dict[str, Any]],
    *,
    match: str | None,
) -> dict[str, Any]:
    """Put further lines on a cart.

    Raises OrderNotFound, SessionClosed, InvalidState, OrderLocked, PreconditionFailed, ItemUnavailable,
    ValidationFailed and OrderLimit.
    """
    return shown(_put(tx, book, _editable(tx, caller, order_id, match), wishes, step=1))


def _put(tx: Connection, book: MenuBook, order: Any, wishes: Sequence[dict[str, Any]], *, step: int) -> Any:
    card = book.card(tx, order.venue_id, order.menu_version)
    lines = pricing.price(card, wishes, now(), order.max_quantity)
    minor = sum(line.total_minor for line in lines)
    pieces = sum(line.quantity for line in lines)
    _check_limits(order, minor, pieces)
    kept = [
        {"id": new_id("oit"), "position": order.next_position + place, **{name: getattr(line, name) for name in _KEPT}}
        for place, line in enumerate(lines)
    ]
    values = {
        "order_id": order.id,
        "venue_id": order.venue_id,
        "lines": orjson.dumps(kept).decode(),
        "lines_count": len(kept),
        "minor": minor,
        "pieces": pieces,
        "step": step,
    }
    return loaded(tx.execute(_ADD, values).one())


def change(
    tx: Connection,
    book: MenuBook,
    caller: Caller,
    place: tuple[str, str],
    wish: dict[str, Any],
    *,
    match: str | None,
) -> dict[str, Any]:
    """Give a line of a cart another quantity, options or note; ``place`` is order id and item id.

    Raises what adding raises, and OrderItemNotFound. The line is priced anew by the present menu.
    """
    order_id, item_id = place
    order = _editable(tx, caller, order_id, match)
    item = tx.execute(_ITEM, {"item_id": item_id, "order_id": order_id}).one_or_none()
    if item is None:
        raise errors.OrderItemNotFound
    wanted = {
        "menu_item_id": item.menu_item_id,
        "quantity": wish.get("quantity", item.quantity),
        "options": wish.get("options", [option["id"] for option in item.options]),
        "note": wish.get("note", item.note),
    }
    card = book.card(tx, order.venue_id, order.menu_version)
    (line,) = pricing.price(card, [wanted], now(), order.max_quantity, alone=True)
    minor = line.total_minor - item.unit_minor * item.quantity
    pieces = line.quantity - item.quantity
    _check_limits(order, minor, pieces)
    values = {
        "order_id": order_id,
        "item_id": item_id,
        "minor": minor,
        "pieces": pieces,
        "quantity": line.quantity,
        "unit_minor": line.unit_minor,
        "options": orjson.dumps(line.options).decode(),
        "note": line.note,
        "name": line.name,
        "tax_ppm": line.tax_ppm,
    }
    return shown(loaded(tx.execute(_CHANGE, values).one()))


def remove(tx: Connection, caller: Caller, order_id: str, item_id: str, *, match: str | None) -> dict[str, Any]:
    """Take a line off a cart; raises as adding does, and OrderItemNotFound."""
    _editable(tx, caller, order_id, match)
    row = tx.execute(_REMOVE, {"order_id": order_id, "item_id": item_id}).one_or_none()
    if row is None:
        raise errors.OrderItemNotFound
    return shown(loaded(row))


def _editable(tx: Connection, caller: Caller, order_id: str, match: str | None) -> Any:
    """Lock a cart that this caller may edit; ``match`` is the If-Match header."""
    order = loaded(tx.execute(_FOR_EDIT, {"id": order_id, "venue_id": caller.venue}).one_or_none())
    if order is None or not may_see(caller, order):
        raise refusal(tx, caller, errors.OrderNotFound())
    if order.session_status != "open":
        raise errors.SessionClosed
    if order.locked_by_bill is not None and order.payment_status == "pending":
        raise errors.OrderLocked
    if order.status != "open":
        raise errors.InvalidState(status=order.status)
    check_version(order, match)
    return order


def _check_limits(order: Any, minor: int, pieces: int) -> None:
    if order.item_count + pieces > order.max_items:
        raise errors.OrderLimit(max_items=order.max_items)
    if order.total_minor + minor > order.order_cap_minor:
        raise errors.OrderLimit(max_total=money(order.order_cap_minor, order.currency))
