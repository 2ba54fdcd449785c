"""What a receipt looks like to a client."""

from __future__ import annotations

from ordering_platform.payment.quote_schemas import QuoteLine, SignedMoney, TaxLine
from ordering_platform.payment.states import RECEIPT_KINDS
from ordering_platform.runtime.schemas import (
    Choice,
    Flag,
    IdField,
    Int,
    ListOf,
    MoneyField,
    Nested,
    ResponseSchema,
    Text,
    Timestamp,
)


class Seller(ResponseSchema):
    """The venue as it was on the day."""

    name = Text(max=200)
    address = Text(max=500, min=0)
    tax_number = Text(max=64, min=0)
    time_zone = Text(max=64)


class ReceiptDiscount(ResponseSchema):
    """What a promotion took off."""

    promotion_id = Text(max=64)
    name = Text(max=200)
    code = Text(max=64, allow_none=True)
    amount = MoneyField()


class ReceiptPayment(ResponseSchema):
    """A payment; ``total`` is what was charged."""

    method = Text(max=64)
    paid_at = Timestamp()
    amount = MoneyField()
    tip = MoneyField()
    rounding = SignedMoney()
    total = MoneyField()


class _Heading(ResponseSchema):
    """What every receipt begins with; ``business_date`` and ``number`` are the venue's, counted without a gap."""

    id = IdField("rct")
    kind = Choice(RECEIPT_KINDS)
    number = Text(max=32, metadata={"example": "2026-11-23-0042"})
    business_date = Text(max=10, metadata={"example": "2026-11-23"})
    bill_id = IdField("bil")
    venue = Nested(Seller)
    table = Text(max=100, allow_none=True)
    currency = Text(max=3)
    currency_digits = Int()
    paid_at = Timestamp()
    issued_at = Timestamp()


class CreditLine(ResponseSchema):
    """A line of the bill of which something went back; no quantity where an amount was named."""

    line_id = Text(max=64)
    name = Text(max=200)
    quantity = Int()
    amount = MoneyField()


class Credit(_Heading):
    """The receipt of a refund, or (``reversal``) of one whose money a bank sent back to us; refers to ``original``."""

    original = Text(max=32)
    method = Text(max=64)
    lines = ListOf(Nested(CreditLine))
    tax = MoneyField()
    tax_lines = ListOf(Nested(TaxLine))
    tip = MoneyField()
    total = MoneyField()


class Receipt(_Heading):
    """The receipt of a paid bill, with those of its refunds; ``total`` holds tips and what coins rounded."""

    lines = ListOf(Nested(QuoteLine))
    subtotal = MoneyField()
    discount = MoneyField()
    discounts = ListOf(Nested(ReceiptDiscount))
    service_charge = MoneyField()
    tax_included = Flag()
    tax = MoneyField()
    tax_lines = ListOf(Nested(TaxLine))
    tip = MoneyField()
    rounding = SignedMoney()
    total = MoneyField()
    payments = ListOf(Nested(ReceiptPayment))
    credits = ListOf(Nested(Credit))
