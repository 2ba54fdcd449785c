"""Doors to prices and bills: quote, checkout, bills and what happens to them as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import checkout, counter, errors, quote_schemas, reading, relayed, schemas
from ordering_platform.payment.doors.terms import CARD_REFUSALS, CHECKOUT_DEADLINE, KEY_REFUSALS, PRICE_REFUSALS
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import guest_or_staff

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.replies import Reply
    from ordering_platform.runtime.request import Request


class BillDoors:
    """Quotes, checkout and bills."""

    till: Till

    @http(
        "POST",
        "/v1/checkout/quote",
        who=guest_or_staff("waiter"),
        body=schemas.QuoteQuestion,
        answers=quote_schemas.Quote,
        raises=PRICE_REFUSALS,
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
        deadline=CHECKOUT_DEADLINE,
        raises=(
            *KEY_REFUSALS,
            *PRICE_REFUSALS,
            *CARD_REFUSALS,
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
        deadline=CHECKOUT_DEADLINE,
        raises=(*KEY_REFUSALS, *PRICE_REFUSALS, errors.PriceChanged, errors.PaymentExpired, errors.BillReleased),
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
            errors.HeldPaymentPending,
        ),
    )
    def cancel_bill(self, request: Request, bill_id: str) -> dict[str, Any]:
        """Give up a bill nobody has paid anything of; a payment at the counter is cancelled by staff only."""
        return counter.cancel(self.till, request.caller, bill_id)
