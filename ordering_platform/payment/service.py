"""The doors of payment-service: quotes, checkout, bills, payments, webhooks, and the sweeper behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import checkout, counter, errors, paying, reading, relayed, saga, schemas, webhooks
from ordering_platform.payment.till import Till, terms_of
from ordering_platform.runtime.database import Database
from ordering_platform.runtime.entrypoints import http, timer
from ordering_platform.runtime.errors import IdempotencyInProgress, IdempotencyKeyReused, ServiceUnavailable
from ordering_platform.runtime.identity import ANYONE, guest_or_staff, staff
from ordering_platform.runtime.peers import Peer
from ordering_platform.runtime.provided import Provided

if TYPE_CHECKING:
    from ordering_platform.runtime.replies import Reply
    from ordering_platform.runtime.request import Request

_KEY_REFUSALS = (IdempotencyInProgress, IdempotencyKeyReused)
_PRICE_REFUSALS = (errors.CurrencyMismatch, errors.TipTooLarge, ServiceUnavailable)
_CARD_REFUSALS = (errors.PaymentMethodUnknown, errors.CardInvalid, errors.PaymentDeclined, errors.ProviderUnavailable)
# A checkout asks two services and a provider one after the other, each with a deadline of its own.
_CHECKOUT_DEADLINE = 25.0


class PaymentService:
    """Takes the money: every bill is driven to its end by whoever holds its lease."""

    name = "payment"

    db = Database()
    order = Peer("order")
    promotion = Peer("promotion")
    terms = Provided(terms_of)

    @property
    def till(self) -> Till:
        """Everything the verbs need at hand."""
        return Till(self.db, self.order, self.promotion, self.terms)

    @http("GET", "/v1/payment-methods", who=guest_or_staff("waiter"), answers=schemas.Methods)
    def list_methods(self, _request: Request) -> dict[str, Any]:
        """List the ways to pay."""
        return {"data": [provider.described() for provider in self.terms.providers.values()]}

    @http(
        "POST",
        "/v1/checkout/quote",
        who=guest_or_staff("waiter"),
        body=schemas.QuoteQuestion,
        answers=schemas.Quote,
        raises=_PRICE_REFUSALS,
        relays=(*relayed.PRICING, *relayed.CODES),
    )
    def quote(self, request: Request) -> dict[str, Any]:
        """Price orders with promotions, tax and tip; nothing is locked or reserved."""
        return checkout.quote(self.till, request)

    @http(
        "POST",
        "/v1/checkout",
        who=guest_or_staff("waiter"),
        body=schemas.Checkout,
        answers=schemas.CheckedOut,
        status=201,
        idempotent=True,
        deadline=_CHECKOUT_DEADLINE,
        raises=(
            *_KEY_REFUSALS,
            *_PRICE_REFUSALS,
            *_CARD_REFUSALS,
            errors.PriceChanged,
            errors.PaymentExpired,
            errors.BillReleased,
        ),
        relays=(*relayed.LOCKING, *relayed.CODES),
    )
    def check_out(self, request: Request) -> Reply:
        """Make a bill of orders and pay it whole; the payment in the answer may still be under way."""
        return checkout.open_bill(self.till, request)

    @http(
        "POST",
        "/v1/bills",
        who=guest_or_staff("waiter"),
        body=schemas.NewBill,
        answers=schemas.Bill,
        status=201,
        idempotent=True,
        deadline=_CHECKOUT_DEADLINE,
        raises=(*_KEY_REFUSALS, *_PRICE_REFUSALS, errors.PriceChanged, errors.PaymentExpired, errors.BillReleased),
        relays=(*relayed.LOCKING, *relayed.CODES),
    )
    def make_bill(self, request: Request) -> Reply:
        """Make a bill of orders that is paid by payments of its own; given up after a while if nobody pays."""
        return checkout.open_bill(self.till, request)

    @http("GET", "/v1/bills", who=guest_or_staff("waiter"), query=schemas.BillsQuery, answers=schemas.Bills)
    def list_bills(self, request: Request) -> dict[str, Any]:
        """List bills with their payments, newest first: the venue's to staff, those of their table to guests."""
        return reading.list_bills(self.till, request.caller, request.query)

    @http(
        "GET",
        "/v1/bills/<bill_id>",
        who=guest_or_staff("waiter"),
        answers=schemas.Bill,
        raises=(errors.BillNotFound,),
    )
    def view_bill(self, request: Request, bill_id: str) -> dict[str, Any]:
        """Show a bill with its payments."""
        return reading.show_bill(self.till, request.caller, bill_id)

    @http(
        "POST",
        "/v1/bills/<bill_id>/cancel",
        who=guest_or_staff("waiter"),
        answers=schemas.Bill,
        raises=(
            errors.BillNotFound,
            errors.BillClosed,
            errors.BillInProgress,
            errors.BillPartlyPaid,
            errors.CounterPaymentPending,
        ),
    )
    def cancel_bill(self, request: Request, bill_id: str) -> dict[str, Any]:
        """Give up a bill nobody has paid anything of; a payment at the counter is cancelled by staff only."""
        return counter.cancel(self.till, request.caller, bill_id)

    @http(
        "POST",
        "/v1/bills/<bill_id>/payments",
        who=guest_or_staff("waiter"),
        body=schemas.NewPayment,
        answers=schemas.Payment,
        status=201,
        idempotent=True,
        deadline=_CHECKOUT_DEADLINE,
        raises=(
            *_KEY_REFUSALS,
            *_CARD_REFUSALS,
            errors.BillNotFound,
            errors.BillClosed,
            errors.NothingDue,
            errors.AmountOverDue,
            errors.CurrencyMismatch,
            errors.TipTooLarge,
        ),
    )
    def make_payment(self, request: Request, bill_id: str) -> Reply:
        """Pay an open bill, or a part of it."""
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
        answers=schemas.Payment,
        raises=(errors.PaymentNotFound, errors.PaymentNotAtCounter, errors.PaymentNotPending),
    )
    def confirm_payment(self, request: Request, payment_id: str) -> dict[str, Any]:
        """Say that the money of a payment at the counter is in the drawer; a repeat changes nothing."""
        return counter.confirm(self.till, request.caller, payment_id)

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

    @timer(2.0)
    def sweep(self) -> None:
        """Carry on with bills whose driver died or whose next attempt is due, and with messages left for later."""
        saga.sweep(self.till)
        webhooks.retry(self.till)

    @timer(600.0)
    def forget_keys(self) -> None:
        """Let go of Idempotency-Keys after a day; the orders stay paid all the same."""
        saga.forget_keys(self.till)
