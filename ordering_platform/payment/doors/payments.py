"""Doors to payments: how one may pay, each payment, what people and providers say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import counter, errors, holding, paying, payment_schemas, reading, schemas, webhooks
from ordering_platform.payment.doors.terms import CARD_REFUSALS, CHECKOUT_DEADLINE, KEY_REFUSALS
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE, guest_or_staff, staff

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.replies import Reply
    from ordering_platform.runtime.request import Request


class PaymentDoors:
    """Payment methods, payments and the messages of their providers."""

    till: Till

    @http("GET", "/v1/payment-methods", who=guest_or_staff("waiter"), answers=schemas.Methods)
    def list_methods(self, _request: Request) -> dict[str, Any]:
        """List the ways to pay."""
        return {"data": [provider.described() for provider in self.till.terms.providers.values()]}

    @http(
        "POST",
        "/v1/bills/<bill_id>/payments",
        who=guest_or_staff("waiter"),
        body=schemas.NewPayment,
        answers=schemas.Payment,
        status=201,
        idempotent=True,
        deadline=CHECKOUT_DEADLINE,
        raises=(
            *KEY_REFUSALS,
            *CARD_REFUSALS,
            errors.BillNotFound,
            errors.BillClosed,
            errors.NothingDue,
            errors.AmountOverDue,
            errors.NothingToPay,
            errors.LineNotOnBill,
            errors.ShareTaken,
            errors.SplitDiffers,
            errors.CurrencyMismatch,
            errors.TipTooLarge,
        ),
    )
    def make_payment(self, request: Request, bill_id: str) -> Reply:
        """Pay an open bill, or a part of it: an amount, one of equal parts, or chosen lines and parts of lines."""
        return paying.pay(self.till, request, bill_id)

    @http(
        "GET",
        "/v1/payments/<payment_id>",
        who=guest_or_staff("waiter"),
        answers=schemas.Payment,
        raises=(errors.PaymentNotFound,),
    )
    def view_payment(self, request: Request, payment_id: str) -> dict[str, Any]:
        """Show a payment as it is now."""
        return reading.show_payment(self.till, request.caller, payment_id)

    @http(
        "POST",
        "/v1/payments/<payment_id>/confirm",
        who=staff("cashier"),
        body=payment_schemas.Confirmation,
        body_optional=True,
        answers=schemas.Payment,
        raises=(errors.PaymentNotFound, errors.PaymentNotAtCounter, errors.PaymentNotPending),
    )
    def confirm_payment(self, request: Request, payment_id: str) -> dict[str, Any]:
        """Say that the money of a payment at the counter is there; a repeat changes nothing."""
        return counter.confirm(self.till, request.caller, payment_id, request.body.get("reference"))

    @http(
        "POST",
        "/v1/payments/<payment_id>/cancel",
        who=guest_or_staff("waiter"),
        answers=schemas.Payment,
        raises=(
            errors.PaymentNotFound,
            errors.PaymentOfAnother,
            errors.PaymentNotPending,
            errors.CounterPaymentPending,
            errors.HeldPaymentPending,
            errors.BillInProgress,
        ),
    )
    def cancel_payment(self, request: Request, payment_id: str) -> dict[str, Any]:
        """Give up one payment under way, so that others may take its parts of the bill."""
        return counter.cancel_payment(self.till, request.caller, payment_id)

    @http(
        "POST",
        "/v1/payments/<payment_id>/capture",
        who=staff("cashier"),
        body=payment_schemas.Capture,
        body_optional=True,
        answers=schemas.Payment,
        raises=(errors.PaymentNotFound, errors.PaymentNotHeld, errors.CaptureNotPossible, errors.CurrencyMismatch),
    )
    def capture_payment(self, request: Request, payment_id: str) -> dict[str, Any]:
        """Take money that is held, once: all of it or a part; the rest is let go and due again on the bill."""
        return holding.capture(self.till, request.caller, payment_id, request.body.get("amount"))

    @http(
        "POST",
        "/v1/payments/<payment_id>/void",
        who=staff("cashier"),
        answers=schemas.Payment,
        raises=(errors.PaymentNotFound, errors.PaymentNotHeld),
    )
    def void_payment(self, request: Request, payment_id: str) -> dict[str, Any]:
        """Let money go that is held; nothing of it is charged."""
        return holding.void(self.till, request.caller, payment_id)

    @http(
        "POST",
        "/v1/payments/<payment_id>/challenge",
        who=guest_or_staff("waiter"),
        body=schemas.ChallengeAnswer,
        answers=schemas.Payment,
        raises=(errors.PaymentNotFound, errors.ChallengeNotPending),
    )
    def answer_challenge(self, request: Request, payment_id: str) -> dict[str, Any]:
        """Answer the question a provider asks the card holder, where it lets us pass the answer on."""
        return counter.challenge(self.till, request.caller, payment_id, approve=request.body["approve"])

    @http(
        "POST",
        "/v1/webhooks/<provider_id>",
        who=ANYONE,
        raw=True,
        answers=schemas.Received,
        raises=(errors.ProviderNotFound, errors.WebhookInvalid),
    )
    def receive_webhook(self, request: Request, provider_id: str) -> dict[str, Any]:
        """Take in a signed message of a payment provider."""
        return webhooks.receive(self.till, provider_id, request)
