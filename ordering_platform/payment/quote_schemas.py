"""What a quote looks like to a client: what is to be paid, line by line, and why."""

from __future__ import annotations

from ordering_platform.runtime.schemas import (
    Choice,
    Flag,
    Int,
    ListOf,
    MoneyField,
    MoneySchema,
    Nested,
    ResponseSchema,
    Text,
)

_LIMIT = 10**12


class SignedMoneySchema(MoneySchema):
    """An amount in whole minor units that may be below zero, with its ISO 4217 currency."""

    amount = Int(min=-_LIMIT, max=_LIMIT, required=True)


class SignedMoney(Nested):
    """Money that may be below zero: what a coin takes off, an option that makes a dish cheaper."""

    def __init__(self) -> None:
        """Nest the amount and its currency."""
        super().__init__(SignedMoneySchema)


class QuoteOption(ResponseSchema):
    """An option and what it adds to the price of one."""

    name = Text(max=200)
    price = SignedMoney()


class LineDiscount(ResponseSchema):
    """What one promotion takes off one line."""

    promotion_id = Text(max=64)
    name = Text(max=200)
    amount = MoneyField()


class QuoteLine(ResponseSchema):
    """A line of the quote: base and options are one unit, units make the gross, net is what promotions leave of it.

    ``total`` adds the line's share of the service charge, and of the tax where it comes on top of prices. The
    totals of all lines, the tip and the rounding are the total of the quote.
    """

    line_id = Text(max=64)
    menu_item_id = Text(max=64, allow_none=True)
    name = Text(max=200)
    quantity = Int()
    base = SignedMoney()
    options = ListOf(Nested(QuoteOption))
    unit = MoneyField()
    gross = MoneyField()
    discounts = ListOf(Nested(LineDiscount))
    discount = MoneyField()
    net = MoneyField()
    service_charge = MoneyField()
    tax_ppm = Int()
    tax = MoneyField()
    total = MoneyField()


class TaxLine(ResponseSchema):
    """The tax of one rate."""

    rate_ppm = Int()
    net = MoneyField()
    tax = MoneyField()


class AppliedPromotion(ResponseSchema):
    """A promotion that takes something off, and whether a code called for it."""

    promotion_id = Text(max=64)
    name = Text(max=200)
    code = Text(max=64, allow_none=True)
    reason = Choice(("code_entered", "automatic"))
    message = Text(max=500)
    amount = MoneyField()


class RejectedPromotion(ResponseSchema):
    """A code or an automatic promotion that does not apply: a reason that never changes its name, and a sentence.

    Where it can be mended, ``missing`` or ``missing_quantity`` says how much more the order needs.
    """

    code = Text(max=64, allow_none=True)
    promotion_id = Text(max=64)
    name = Text(max=200)
    reason = Text(max=64)
    message = Text(max=500)
    missing = MoneyField()
    missing_quantity = Int()


class Promotions(ResponseSchema):
    """Which promotions apply, which do not and why, and what is missing for more."""

    applied = ListOf(Nested(AppliedPromotion))
    rejected = ListOf(Nested(RejectedPromotion))
    hints = ListOf(Nested(RejectedPromotion))


class Quote(ResponseSchema):
    """What is to be paid and why; the one calculation that page, bill, receipt and report show."""

    lines = ListOf(Nested(QuoteLine))
    subtotal = MoneyField()
    discount = MoneyField()
    service_charge_bps = Int()
    service_charge = MoneyField()
    tax_included = Flag()
    tax_rounding = Choice(("per_rate", "per_line"))
    tax = MoneyField()
    tax_lines = ListOf(Nested(TaxLine))
    tip = MoneyField()
    rounding = SignedMoney()
    rounding_step = MoneyField()
    total = MoneyField()
    promotions = Nested(Promotions)
    hash = Text(max=64)
