"""What the doors to carts take and give: sample orders, bills of other systems, and what promotions take off."""

from __future__ import annotations

import marshmallow as ma

from ordering_platform.promotion import document
from ordering_platform.promotion.code_schemas import MAX_TYPED
from ordering_platform.runtime.schemas import (
    Choice,
    Flag,
    Int,
    ListOf,
    MoneyField,
    Nested,
    RequestSchema,
    ResponseSchema,
    Text,
    Timestamp,
)

MAX_CODES_ASKED = 5


class CartLine(RequestSchema):
    """One line of a sample order; ``unit_price`` is the item with its options."""

    id = Text(max=64)
    menu_item_id = Text(max=64, required=True)
    category_id = Text(max=64, load_default="")
    tags = ListOf(Text(max=60), max=50, load_default=list)
    quantity = Int(min=1, max=1000, required=True)
    unit_price = MoneyField(required=True)
    discountable = Flag(load_default=True)


class Cart(RequestSchema):
    """An order to try promotions on, with its circumstances; ``now`` may be any moment."""

    codes = ListOf(Text(max=MAX_TYPED), max=MAX_CODES_ASKED, load_default=list)
    lines = ListOf(Nested(CartLine), min=1, max=200, required=True)
    time_zone = Text(max=64, required=True)
    now = Timestamp(load_default=None, allow_none=True)
    table_id = Text(max=64, load_default=None, allow_none=True)
    order_type = Choice(document.ORDER_TYPES, load_default="dine_in")
    guest_id = Text(max=64, load_default=None, allow_none=True)
    first_order = Flag(load_default=None, allow_none=True)


class CartBill(Cart):
    """A bill of your own system, whose promotions are reserved under its id."""

    bill_id = Text(max=64, min=8, required=True)


class BillOutcome(RequestSchema):
    """What became of a bill of your own system: confirm it when it was paid, release it when it was not."""

    bill_id = Text(max=64, min=8, required=True)


class BillState(ResponseSchema):
    """Where the reservation of a bill stands, and how many uses this outcome has settled."""

    state = ma.fields.String()
    confirmed = ma.fields.Integer()
    released = ma.fields.Integer()


class AppliedShare(ResponseSchema):
    """What one line costs less."""

    line_id = ma.fields.String()
    discount = ma.fields.Dict()


class AppliedPromotion(ResponseSchema):
    """A promotion that applies."""

    promotion_id = ma.fields.String()
    version = ma.fields.Integer()
    name = ma.fields.String()
    code = ma.fields.String(allow_none=True)
    stage = ma.fields.String()
    discount = ma.fields.Dict()
    lines = ma.fields.List(ma.fields.Nested(AppliedShare))


class ItemToAdd(ResponseSchema):
    """An item of the menu that the guest may put in the order, and how many of it."""

    menu_item_id = ma.fields.String()
    quantity = ma.fields.Integer()


class RejectedPromotion(ResponseSchema):
    """A code or an automatic promotion that does not apply, with a stable reason and what is missing."""

    code = ma.fields.String()
    promotion_id = ma.fields.String()
    name = ma.fields.String()
    missing = ma.fields.Dict()
    missing_quantity = ma.fields.Integer()
    add = ma.fields.Nested(ItemToAdd)
    reason = ma.fields.String()
    message = ma.fields.String()


class Evaluation(ResponseSchema):
    """Which promotions apply to an order, which do not, and what could be added."""

    applied = ma.fields.List(ma.fields.Nested(AppliedPromotion))
    rejected = ma.fields.List(ma.fields.Nested(RejectedPromotion))
    hints = ma.fields.List(ma.fields.Dict())
    discount = ma.fields.Dict()
