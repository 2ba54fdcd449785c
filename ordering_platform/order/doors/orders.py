"""Doors to orders: cart, placing, status, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.order import carts, errors, history, moves, orders, placing, schemas
from ordering_platform.order.models import idempotency_keys
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    PreconditionFailed,
    RoleNotAllowed,
)
from ordering_platform.runtime.idempotency import once
from ordering_platform.runtime.identity import guest_or_staff
from ordering_platform.runtime.request import Answer

if TYPE_CHECKING:
    from ordering_platform.order.menu import MenuBook
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Request

_EDITING = (
    errors.OrderNotFound,
    errors.SessionClosed,
    errors.InvalidState,
    errors.OrderLocked,
    PreconditionFailed,
)
_PRICING = (errors.ItemUnavailable, errors.OrderLimit)


def _answer(order: dict[str, Any], status: int = 200) -> Answer:
    return Answer(order, status, {"ETag": orders.etag(order["version"])})


class OrderDoors:
    """Everything a guest or a waiter does with an order."""

    db: Transactions
    book: MenuBook

    @http(
        "POST",
        "/v1/orders",
        who=guest_or_staff("waiter"),
        body=schemas.NewOrder,
        answers=schemas.Order,
        status=201,
        idempotent=True,
        raises=(errors.SessionNotFound, errors.SessionClosed, errors.TooManyOpenOrders, *_PRICING),
    )
    def create_order(self, request: Request) -> Answer:
        """Open a cart, with or without its first lines."""
        with self.db.transaction() as tx:
            return once(
                tx,
                idempotency_keys,
                request,
                lambda: _answer(carts.create(tx, self.book, request.caller, request.body), 201),
            )

    @http(
        "GET",
        "/v1/orders",
        who=guest_or_staff("kitchen"),
        query=schemas.OrderQuery,
        answers=schemas.OrderPage,
        raises=(errors.SessionClosed,),
    )
    def list_orders(self, request: Request) -> dict[str, Any]:
        """List orders: a guest's own and their table's, or the venue's for staff."""
        with self.db.read() as tx:
            return history.listed(tx, request.caller, request.query)

    @http(
        "GET",
        "/v1/orders/<order_id>",
        who=guest_or_staff("kitchen"),
        answers=schemas.Order,
        raises=(errors.OrderNotFound, errors.SessionClosed),
    )
    def view_order(self, request: Request, order_id: str) -> Answer:
        """Show one order with its lines."""
        with self.db.read() as tx:
            order = orders.view(tx, request.caller, order_id)
        known = request.headers.get("If-None-Match", "")
        tag = orders.etag(order["version"])
        return Answer(None, 304, {"ETag": tag}) if tag in known else _answer(order)

    @http(
        "POST",
        "/v1/orders/<order_id>/items",
        who=guest_or_staff("waiter"),
        body=schemas.NewItems,
        answers=schemas.Order,
        status=201,
        raises=(*_EDITING, *_PRICING, IdempotencyKeyReused, IdempotencyInProgress),
    )
    def add_items(self, request: Request, order_id: str) -> Answer:
        """Put further lines on a cart; with an Idempotency-Key a repeat adds nothing twice."""
        caller, items, match = request.caller, request.body["items"], request.headers.get("If-Match")
        with self.db.transaction() as tx:
            return once(
                tx,
                idempotency_keys,
                request,
                lambda: _answer(carts.add(tx, self.book, caller, order_id, items, match=match), 201),
            )

    @http(
        "PATCH",
        "/v1/orders/<order_id>/items/<item_id>",
        who=guest_or_staff("waiter"),
        body=schemas.ItemChange,
        answers=schemas.Order,
        raises=(*_EDITING, *_PRICING, errors.OrderItemNotFound),
    )
    def change_item(self, request: Request, order_id: str, item_id: str) -> Answer:
        """Change quantity, options or note of a line of a cart."""
        match = request.headers.get("If-Match")
        with self.db.transaction() as tx:
            order = carts.change(tx, self.book, request.caller, (order_id, item_id), request.body, match=match)
        return _answer(order)

    @http(
        "DELETE",
        "/v1/orders/<order_id>/items/<item_id>",
        who=guest_or_staff("waiter"),
        answers=schemas.Order,
        raises=(*_EDITING, errors.OrderItemNotFound),
    )
    def remove_item(self, request: Request, order_id: str, item_id: str) -> Answer:
        """Take a line off a cart."""
        match = request.headers.get("If-Match")
        with self.db.transaction() as tx:
            order = carts.remove(tx, request.caller, order_id, item_id, match=match)
        return _answer(order)

    @http(
        "POST",
        "/v1/orders/<order_id>/place",
        who=guest_or_staff("waiter"),
        body=schemas.Placing,
        answers=schemas.Order,
        raises=(
            *_EDITING,
            errors.PayFirst,
            errors.OrderingPaused,
            errors.OrderEmpty,
            errors.TooManyOpenOrders,
            errors.ItemsUnavailable,
            errors.PriceChanged,
            errors.OrderLimit,
        ),
    )
    def place_order(self, request: Request, order_id: str) -> Answer:
        """Send a cart to the kitchen; sent before, it is given back as it is."""
        match = request.headers.get("If-Match")
        total = request.body.get("expected_total")
        with self.db.transaction() as tx:
            order = placing.place(tx, self.book, request.caller, order_id, expected_total=total, match=match)
        return _answer(order)

    @http(
        "POST",
        "/v1/orders/<order_id>/status",
        who=guest_or_staff("kitchen"),
        body=schemas.Move,
        answers=schemas.Order,
        raises=(
            errors.OrderNotFound,
            errors.SessionClosed,
            errors.IllegalStatusMove,
            errors.ReasonRequired,
            errors.OrderLocked,
            errors.OrderAlreadyPaid,
            RoleNotAllowed,
            PreconditionFailed,
        ),
    )
    def move_order(self, request: Request, order_id: str) -> Answer:
        """Move an order to another status."""
        match = request.headers.get("If-Match")
        to, reason = request.body["to"], request.body.get("reason")
        with self.db.transaction() as tx:
            order = moves.move(tx, request.caller, order_id, to, reason=reason, match=match)
        return _answer(order)
