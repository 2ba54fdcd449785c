"""What a quote looks like to a client: what is to be paid, line by line, and why; and how it is agreed to."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from ordering_platform.runtime.schemas import (
    MAX_INT,
    Choice,
    Flag,
    Int,
    ListOf,
    MoneyField,
    MoneySchema,
    Nested,
    RequestSchema,
    ResponseSchema,
    Text,
)

MAX_ORDERS = 50
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


class ItemToAdd(ResponseSchema):
    """An item of the menu that the guest may put in the order, and how many of it."""

    menu_item_id = Text(max=64)
    quantity = Int()


class RejectedPromotion(ResponseSchema):
    """A code or an automatic promotion that does not apply: a reason that never changes its name, and a sentence.

    Where it can be mended, ``missing`` or ``missing_quantity`` says how much more the order needs, and ``add``
    names the one item that would do. A hint may also say what a promotion that applies ``gives`` for more.
    """

    code = Text(max=64, allow_none=True)
    promotion_id = Text(max=64)
    name = Text(max=200)
    reason = Text(max=64)
    message = Text(max=500)
    missing = MoneyField()
    missing_quantity = Int()
    add = Nested(ItemToAdd)
    gives = MoneyField()


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


class OrderVersions(ma.fields.Field[dict[str, int]]):
    """The version of each order as the client last saw it, by the order's id."""

    default_error_messages = {  # noqa: RUF012  marshmallow reads it as written
        "null": "null|This may not be null.",
        "type": "wrong_type|Send an object with the version of each order by its id here.",
    }

    def json_schema(self) -> dict[str, Any]:
        """Describe it for the API document."""
        versions = {"type": "integer", "minimum": 1, "maximum": MAX_INT}
        return {"type": "object", "additionalProperties": versions, "maxProperties": MAX_ORDERS}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, int]:
        if not isinstance(value, dict) or len(value) > MAX_ORDERS:
            raise self.make_error("type")
        if any(type(one) is not int or not 1 <= one <= MAX_INT for one in value.values()):
            raise self.make_error("type")
        return value


class Agreed(RequestSchema):
    """What the guest has seen and agrees to; where it is no longer so, nothing is held and nothing charged."""

    expected_total = MoneyField(allow_none=True)
    order_versions = OrderVersions(metadata={"example": {"ord_01k9m2x7q4w8z6t1v5b3n0c8d2": 2}})
