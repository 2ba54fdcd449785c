"""The tables of payment-service, as rooms: bills, payments, refunds, receipts, the sandbox's own books."""

from __future__ import annotations

from ordering_platform.payment.models.bills import bill_discounts, bill_shares, bills
from ordering_platform.payment.models.columns import metadata
from ordering_platform.payment.models.payments import payment_events, payments, webhook_inbox
from ordering_platform.payment.models.receipts import receipt_series, receipts, receipts_due
from ordering_platform.payment.models.refunds import refunded_lines, refunds
from ordering_platform.payment.models.sandbox import sandbox_charges, sandbox_refunds

__all__ = [
    "bill_discounts",
    "bill_shares",
    "bills",
    "metadata",
    "payment_events",
    "payments",
    "receipt_series",
    "receipts",
    "receipts_due",
    "refunded_lines",
    "refunds",
    "sandbox_charges",
    "sandbox_refunds",
    "webhook_inbox",
]
