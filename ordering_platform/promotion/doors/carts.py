"""Doors to what promotions take off: sample orders, and the bills of other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import cart_schemas, carts, errors, offers, usage
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import staff

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Request

_REASONS = tuple(errors.NotApplicable.__subclasses__())


class CartDoors:
    """Promotions tried on a cart, and reserved for the bill of a system that is not ours."""

    db: Transactions

    @http(
        "POST",
        "/v1/promotions/evaluate",
        who=staff("waiter"),
        body=cart_schemas.Cart,
        answers=cart_schemas.Evaluation,
    )
    def try_out(self, request: Request) -> Any:
        """Try promotions on a sample order, at any moment; nothing is reserved."""
        asked = carts.read(request.caller.venue, request.body)
        return carts.shown(offers.explain(self.db, asked), asked.currency)

    @http(
        "POST",
        "/v1/promotions/apply",
        who=staff("cashier"),
        body=cart_schemas.CartBill,
        answers=cart_schemas.Evaluation,
        raises=(*_REASONS, errors.BillReleased, errors.BillAlreadyApplied),
    )
    def apply_to_bill(self, request: Request) -> Any:
        """Reserve promotions for a bill of your own system; the same bill gets the same answer again."""
        asked = carts.read(request.caller.venue, request.body)
        return carts.shown(usage.apply(self.db, _own_bill(request), asked), asked.currency)

    @http(
        "POST",
        "/v1/promotions/confirm",
        who=staff("cashier"),
        body=cart_schemas.BillOutcome,
        answers=cart_schemas.BillState,
    )
    def confirm_bill(self, request: Request) -> dict[str, Any]:
        """Keep what a bill of your own system reserved: it was paid."""
        with self.db.single() as tx:
            return usage.confirm(tx, _own_bill(request))

    @http(
        "POST",
        "/v1/promotions/release",
        who=staff("cashier"),
        body=cart_schemas.BillOutcome,
        answers=cart_schemas.BillState,
    )
    def release_bill(self, request: Request) -> dict[str, Any]:
        """Give back what a bill of your own system reserved: it was not paid."""
        with self.db.single() as tx:
            return usage.release(tx, _own_bill(request))


def _own_bill(request: Request) -> str:
    # Bills of other systems live beside ours: no id of theirs can touch a bill of the payment service.
    return f"{request.caller.venue}/{request.body['bill_id']}"
