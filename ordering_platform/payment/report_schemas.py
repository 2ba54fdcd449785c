"""What the report of a business day is asked with, and what it looks like to a client."""

from __future__ import annotations

from datetime import date
from typing import Any

import marshmallow as ma

from ordering_platform.payment.quote_schemas import SignedMoney
from ordering_platform.runtime.schemas import (
    Choice,
    Int,
    ListOf,
    MoneyField,
    Nested,
    RequestSchema,
    ResponseSchema,
    Text,
    Timestamp,
)

_DAY = {"example": "2026-11-23"}


class Day(Text):
    """A day of the calendar as ``2026-11-23``."""

    def __init__(self, **kwargs: Any) -> None:
        """Want a day that there is, written in one way."""
        super().__init__(min=10, max=10, validate=[_there_is], metadata=_DAY, **kwargs)


def _there_is(text: str) -> None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.max
    if text != found.isoformat() or found in {date.min, date.max}:
        raise ma.ValidationError("date|Send a day like 2026-11-23.")


class DayQuery(RequestSchema):
    """Which business day, the present one if none is named; and as what, if ``Accept`` cannot be sent."""

    date = Day()
    format = Choice(("json", "csv"))


class TaxOfDay(ResponseSchema):
    """The tax of one rate, sold and given back."""

    rate_ppm = Int()
    net = MoneyField()
    tax = MoneyField()
    refunded_net = SignedMoney()
    refunded_tax = SignedMoney()


class Hour(ResponseSchema):
    """What was paid within an hour of the venue's clock, which begins at this moment."""

    begins_at = Timestamp()
    bills = Int()
    net_sales = MoneyField()
    total = MoneyField()


class ItemOfDay(ResponseSchema):
    """How much of a dish was paid, under the name it had last."""

    menu_item_id = Text(max=64, allow_none=True)
    name = Text(max=200)
    quantity = Int()
    gross = MoneyField()
    discount = MoneyField()
    net = MoneyField()


class TableOfDay(ResponseSchema):
    """What was paid at a table."""

    table = Text(max=100, allow_none=True)
    bills = Int()
    net_sales = MoneyField()
    total = MoneyField()


class MethodOfDay(ResponseSchema):
    """What came in and went back by one way to pay; ``captured`` holds the tips."""

    method = Text(max=64)
    payments = Int()
    captured = MoneyField()
    tips = MoneyField()
    refunds = Int(min=-(10**9))
    refunded = SignedMoney()


class PromotionOfDay(ResponseSchema):
    """What a promotion took off, on how many bills."""

    promotion_id = Text(max=64)
    name = Text(max=200)
    uses = Int()
    amount = MoneyField()


class OrderOfDay(ResponseSchema):
    """An order that was taken back, with the reason staff gave, or that is not paid."""

    number = Text(max=32)
    table = Text(max=100)
    status = Text(max=32)
    reason = Text(max=500, allow_none=True)
    amount = MoneyField()


class OrdersOfDay(ResponseSchema):
    """How many orders and what they would have been; of them at most 500 are named."""

    orders = Int()
    amount = MoneyField()
    data = ListOf(Nested(OrderOfDay), max=500)


class CurrencyDay(ResponseSchema):
    """A day in one currency.

    ``gross_sales`` less ``discounts`` is ``net_sales``; with ``service_charge``, ``tax_on_top``, ``tips`` and
    ``rounding`` it is ``total``, the sum of the day's receipts; less ``refunds`` that is ``takings``.
    """

    currency = Text(max=3)
    currency_digits = Int()
    orders = Int()
    bills = Int()
    gross_sales = MoneyField()
    discounts = MoneyField()
    net_sales = MoneyField()
    service_charge = MoneyField()
    tax = MoneyField()
    tax_on_top = MoneyField()
    tips = MoneyField()
    rounding = SignedMoney()
    total = MoneyField()
    average_bill = MoneyField()
    refund_count = Int(min=-(10**9))
    refunds = SignedMoney()
    refunded_tips = SignedMoney()
    takings = SignedMoney()
    taxes = ListOf(Nested(TaxOfDay), max=1000)
    hours = ListOf(Nested(Hour))
    items = ListOf(Nested(ItemOfDay), max=10_000)
    tables = ListOf(Nested(TableOfDay), max=10_000)
    methods = ListOf(Nested(MethodOfDay))
    promotions = ListOf(Nested(PromotionOfDay), max=10_000)
    voided = Nested(OrdersOfDay)
    unpaid = Nested(OrdersOfDay)


class DayReport(ResponseSchema):
    """A business day: what its receipts add up to, and what was sent, taken back and left unpaid."""

    date = Day()
    time_zone = Text(max=64)
    begins_at = Timestamp()
    ends_at = Timestamp()
    receipts = Int()
    first_receipt = Text(max=32, allow_none=True)
    last_receipt = Text(max=32, allow_none=True)
    currencies = ListOf(Nested(CurrencyDay))
