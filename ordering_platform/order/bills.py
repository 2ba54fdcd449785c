"""What payment asks of orders: hold them for a bill, let them go, note that they are paid. All idempotent by bill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from ordering_platform.order import errors, statuses
from ordering_platform.order.orders import loaded
from ordering_platform.order.placing import check_content
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.order.menu import MenuBook

_FIND = """
    SELECT to_jsonb(o) AS o, s.status AS session_status, b.status AS bill_status, b.answer AS bill_answer,
           v.policy, v.menu_version, v.order_cap_minor, v.pause_message, v.paused_until, v.tax_included,
           v.tax_rounding, v.service_charge_bps, v.time_zone,
           json_build_object('name', v.name, 'address', v.address, 'tax_number', v.tax_number, 'time_zone', v.time_zone,
                             'business_day_close', v.business_day_close, 'cash_step_minor', v.cash_step_minor) AS venue,
           v.paused AND (v.paused_until IS NULL OR v.paused_until > now()) AS is_paused,
           NOT EXISTS (SELECT FROM orders.orders p
                        WHERE p.guest_id = o.guest_id AND p.payment_status <> 'unpaid' AND p.venue_id = o.venue_id
                          AND NOT p.rehearsal AND p.id <> ALL(CAST(:order_ids AS text[]))) AS is_first
    FROM orders.orders o
    JOIN orders.table_sessions s ON s.id = o.session_id
    JOIN orders.venues v ON v.id = o.venue_id
    LEFT JOIN orders.bill_locks b ON b.bill_id = :bill_id
    WHERE o.venue_id = :venue_id
"""
_NAMED = " AND o.id = ANY(:order_ids) AND (CAST(:session_id AS text) IS NULL OR o.session_id = :session_id)"
_OF_TABLE = """
    AND o.session_id = :session_id AND o.status = ANY(:sent) AND o.payment_status = 'unpaid' AND NOT o.rehearsal
"""
_ORDERED = " ORDER BY o.id"
# Locked in the order of their ids, so that two bills over the same orders cannot wait for each other.
_HELD = " ORDER BY o.id FOR NO KEY UPDATE OF o"

_READ_NAMED, _READ_TABLE = prepared(_FIND + _NAMED + _ORDERED), prepared(_FIND + _OF_TABLE + _ORDERED)
_HOLD_NAMED, _HOLD_TABLE = prepared(_FIND + _NAMED + _HELD), prepared(_FIND + _OF_TABLE + _HELD)

_LINES = prepared("""
    SELECT id, order_id, menu_item_id, category_id, tags, name, quantity, unit_minor, options, note, tax_ppm,
           discountable
    FROM orders.order_items WHERE order_id = ANY(:order_ids) ORDER BY order_id, position
""")

# A bill that was released before this late lock has left its row, and the insert finds it.
_LOCK = prepared("""
    WITH bill AS (
        INSERT INTO orders.bill_locks (bill_id, status, answer) VALUES (:bill_id, 'locked', CAST(:answer AS jsonb))
        ON CONFLICT (bill_id) DO NOTHING RETURNING bill_id
    ), locked AS (
        UPDATE orders.orders SET locked_by_bill = bill.bill_id, payment_status = 'pending', version = version + 1,
               updated_at = now()
        FROM bill WHERE id = ANY(:order_ids) RETURNING orders.*
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, order_id, subject_id, kind, actor_kind, actor_id,
                                         from_status, to_status, private, rehearsal)
        SELECT venue_id, session_id, id, :bill_id, 'order.payment_status_changed', :actor_kind, :actor_id,
               'unpaid', 'pending', placed_at IS NULL, rehearsal
        FROM locked
    )
    SELECT count(*) FROM locked
""")

_BILL = sa.text("SELECT status, answer FROM orders.bill_locks WHERE bill_id = :bill_id")

# A bill that was paid in part may be given up as well, once everybody has their money back.
_RELEASE = sa.text("""
    INSERT INTO orders.bill_locks AS b (bill_id, status) VALUES (:bill_id, 'released')
    ON CONFLICT (bill_id) DO UPDATE SET status = 'released', answer = NULL, updated_at = now()
    WHERE b.status = 'locked' OR (b.status = 'paid' AND NOT EXISTS (
        SELECT FROM orders.orders o
        WHERE o.locked_by_bill = b.bill_id AND o.payment_status NOT IN ('pending', 'partially_paid')))
    RETURNING bill_id
""")

_FREE = sa.text("""
    WITH held AS (
        SELECT id, payment_status FROM orders.orders
        WHERE locked_by_bill = :bill_id AND payment_status IN ('pending', 'partially_paid')
        ORDER BY id FOR NO KEY UPDATE
    ), freed AS (
        UPDATE orders.orders SET locked_by_bill = NULL, payment_status = 'unpaid', version = version + 1,
               updated_at = now()
        FROM held WHERE orders.id = held.id RETURNING orders.*, held.payment_status AS from_status
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, order_id, subject_id, kind, actor_kind, actor_id,
                                         from_status, to_status, private, rehearsal)
        SELECT venue_id, session_id, id, :bill_id, 'order.payment_status_changed', 'service', 'payment',
               from_status, 'unpaid', placed_at IS NULL, rehearsal
        FROM freed
    )
    SELECT count(*) FROM freed
""")


def lock(
    tx: Connection,
    book: MenuBook,
    *,
    bill_id: str,
    venue_id: str,
    session_id: str | None,
    order_ids: Sequence[str],
    guest_id: str | None,
    expected_versions: dict[str, int] | None,
) -> dict[str, Any]:
    """Hold orders for a bill, all or none, and give what payment needs to price it.

    Raises BillReleased, OrderNotFound, OrderLocked, OrderAlreadyPaid, OrderChanged, OrderEmpty,
    OrderNotPlaced, OrderNotPayable and SessionClosed; where one pays first also what placing raises.
    """
    hold = _HOLD_NAMED if order_ids else _HOLD_TABLE
    held = [loaded(row) for row in tx.execute(hold, _wanted(bill_id, venue_id, session_id, order_ids))]
    if not held or held[0].bill_status is not None:
        return _known(tx, bill_id, errors.OrderNotFound())
    if len(held) < len(set(order_ids)):
        raise errors.OrderNotFound
    if all(order.locked_by_bill == bill_id for order in held):
        return _known(tx, bill_id, errors.OrderNotFound())
    for order in held:
        _check(order, guest_id, expected_versions)
    _check_together(held)
    lines = _lines(tx, held)
    for order in held:
        if order.placed_at is None:
            # Paid first means sent by being paid: what placing checks is checked before the money is taken.
            check_content(tx, book, order, [line for line in lines if line["order_id"] == order.id], None)
    answer = _answer(held, lines)
    actor = {"actor_kind": "guest" if guest_id else "service", "actor_id": guest_id or "payment"}
    ids = [order.id for order in held]
    kept = {"bill_id": bill_id, "order_ids": ids, "answer": orjson.dumps(answer).decode(), **actor}
    if tx.execute(_LOCK, kept).scalar_one() != len(held):
        return _known(tx, bill_id, errors.BillReleased())
    return answer


def read(
    tx: Connection, *, venue_id: str, session_id: str | None, order_ids: Sequence[str], guest_id: str | None
) -> dict[str, Any]:
    """Give what a lock would give, and lock nothing: carts too, because a guest asks for the price before sending.

    Raises OrderNotFound, SessionClosed, OrderNotPayable, OrderAlreadyPaid and OrderEmpty.
    """
    which = _READ_NAMED if order_ids else _READ_TABLE
    found = [loaded(row) for row in tx.execute(which, _wanted(None, venue_id, session_id, order_ids))]
    if not found or len(found) < len(set(order_ids)):
        raise errors.OrderNotFound
    for order in found:
        _check_visit(order, guest_id)
        _check_owed(order)
    _check_together(found)
    return _answer(found, _lines(tx, found))


def _wanted(bill_id: str | None, venue_id: str, session_id: str | None, order_ids: Sequence[str]) -> dict[str, Any]:
    return {
        "bill_id": bill_id,
        "venue_id": venue_id,
        "session_id": session_id,
        "order_ids": list(order_ids),
        "sent": list(statuses.SENT),
    }


def _lines(tx: Connection, found: Sequence[Any]) -> Sequence[Any]:
    lines = tx.execute(_LINES, {"order_ids": [order.id for order in found]}).mappings().all()
    if not lines:
        raise errors.OrderEmpty
    return lines


def _known(tx: Connection, bill_id: str, otherwise: errors.BillReleased | errors.OrderNotFound) -> dict[str, Any]:
    """Give the answer this bill was given before; raises BillReleased when it was given up since."""
    bill = tx.execute(_BILL, {"bill_id": bill_id}).one_or_none()
    if bill is None:
        raise otherwise
    if bill.status == "released":
        raise errors.BillReleased
    answer: dict[str, Any] = bill.answer
    return answer


def _check(order: Any, guest_id: str | None, expected_versions: dict[str, int] | None) -> None:
    which = {"order_id": order.id, "number": order.number}
    _check_visit(order, guest_id)
    if order.payment_status in {"pending", "partially_paid"}:
        raise errors.OrderLocked(**which)
    _check_owed(order)
    if expected_versions is not None and expected_versions.get(order.id, order.version) != order.version:
        raise errors.OrderChanged(version=order.version, **which)
    if order.placed_at is None and order.policy != "pay_first":
        raise errors.OrderNotPlaced(**which)


def _check_visit(order: Any, guest_id: str | None) -> None:
    if guest_id is None:
        return
    if order.placed_at is None and order.guest_id != guest_id:
        raise errors.OrderNotFound
    if order.session_status != "open":
        raise errors.SessionClosed


def _check_together(found: Sequence[Any]) -> None:
    if len({(order.session_id, order.rehearsal) for order in found}) > 1:
        raise errors.OrderNotPayable(reason="orders of one table and of one kind only")


def _check_owed(order: Any) -> None:
    which = {"order_id": order.id, "number": order.number}
    if order.status in statuses.DEAD:
        raise errors.OrderNotPayable(status=order.status, **which)
    if order.payment_status not in {"unpaid", "pending", "partially_paid"}:
        raise errors.OrderAlreadyPaid(**which)


def _answer(held: Sequence[Any], lines: Iterable[Any]) -> dict[str, Any]:
    first = held[0]
    return {
        "currency": first.currency,
        "currency_digits": first.currency_digits,
        "tax_included": first.tax_included,
        "tax_rounding": first.tax_rounding,
        "service_charge_bps": first.service_charge_bps,
        "rehearsal": first.rehearsal,
        "time_zone": first.time_zone,
        "venue": first.venue,
        "session_id": first.session_id,
        "table_id": first.table_id,
        "table_name": first.table_name,
        "orders": [_billed_order(one) for one in held],
        "lines": [billed(line) for line in lines],
    }


def _billed_order(order: Any) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "version": order.version + 1,
        "guest_id": order.guest_id,
        # Whether its guest has paid, or is paying, no other order here.
        "first": order.is_first,
    }


def billed(line: Mapping[str, Any]) -> dict[str, Any]:
    """Give a line as bills and promotions know it, in minor units; ``gross_minor`` is the unit times the quantity."""
    return {
        "id": line["id"],
        "order_id": line["order_id"],
        "menu_item_id": line["menu_item_id"],
        "category_id": line["category_id"],
        "tags": line["tags"],
        "name": line["name"],
        "quantity": line["quantity"],
        "unit_minor": line["unit_minor"],
        "options": [{"name": one["name"], "price_minor": one["price_minor"]} for one in line["options"]],
        "gross_minor": line["unit_minor"] * line["quantity"],
        "tax_ppm": line["tax_ppm"],
        "discountable": line["discountable"],
    }


def unlock(tx: Connection, *, bill_id: str) -> dict[str, Any]:
    """Let the orders of a bill go; a bill nobody knows yet is marked, so that its late lock finds itself refused."""
    if tx.execute(_RELEASE, {"bill_id": bill_id}).one_or_none() is None:
        return {"released": 0}
    # A statement of its own: the first may have waited for the very lock whose orders this one frees.
    return {"released": tx.execute(_FREE, {"bill_id": bill_id}).scalar_one()}
