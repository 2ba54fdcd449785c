"""Doors to refunds: money is given back by cashiers, above a limit by managers, and every waiter can see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import errors, refund_schemas, refunding
from ordering_platform.payment.doors.terms import CHECKOUT_DEADLINE, KEY_REFUSALS
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import staff

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.replies import Reply
    from ordering_platform.runtime.request import Request


class RefundDoors:
    """Money on its way back."""

    till: Till

    @http(
        "POST",
        "/v1/payments/<payment_id>/refunds",
        who=staff("cashier"),
        body=refund_schemas.NewRefund,
        answers=refund_schemas.Refund,
        status=201,
        idempotent=True,
        deadline=CHECKOUT_DEADLINE,
        raises=(
            *KEY_REFUSALS,
            errors.PaymentNotFound,
            errors.ProviderNotFound,
            errors.PaymentNotCaptured,
            errors.BillStillOpen,
            errors.NothingToRefund,
            errors.CurrencyMismatch,
            errors.LineNotOnBill,
            errors.RefundOverCaptured,
            errors.RefundOverLine,
            errors.RefundOverTip,
            errors.RefundTooSmall,
            errors.RefundNeedsManager,
            errors.RefundFailed,
            errors.ProviderUnavailable,
        ),
    )
    def make_refund(self, request: Request, payment_id: str) -> Reply:
        """Give money back: all that is left of a payment, an amount, or lines of its bill; it may take a while."""
        return refunding.give_back(self.till, request, payment_id)

    @http(
        "GET",
        "/v1/payments/<payment_id>/refunds",
        who=staff("waiter"),
        query=refund_schemas.RefundsQuery,
        answers=refund_schemas.Refunds,
        raises=(errors.PaymentNotFound,),
    )
    def list_refunds(self, request: Request, payment_id: str) -> dict[str, Any]:
        """List what was given back of a payment, by whom and why, newest first."""
        return refunding.list_refunds(self.till, request.caller, payment_id, request.query)

    @http(
        "GET",
        "/v1/refunds/<refund_id>",
        who=staff("waiter"),
        answers=refund_schemas.Refund,
        raises=(errors.RefundNotFound,),
    )
    def view_refund(self, request: Request, refund_id: str) -> dict[str, Any]:
        """Show a refund as it is now."""
        return refunding.show_refund(self.till, request.caller, refund_id)
