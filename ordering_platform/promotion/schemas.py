"""What the doors of the promotion service take and give."""

from __future__ import annotations

import marshmallow as ma

from ordering_platform.promotion import batches, document
from ordering_platform.promotion.blocks import (
    MAX_USES,
    PromotionIf,
    PromotionLimits,
    PromotionStack,
    PromotionWhen,
    PromotionWhere,
    PromotionWho,
    Reward,
)
from ordering_platform.promotion.models import ARCHIVED, PAUSED, RUNNING
from ordering_platform.runtime.schemas import (
    Choice,
    Flag,
    Int,
    ListOf,
    MoneyField,
    Nested,
    PageQuery,
    RequestSchema,
    ResponseSchema,
    Text,
    Timestamp,
)

MAX_CODES_ADDED = 1000
MAX_CODES_ASKED = 5
MAX_TYPED = 60


class PromotionChange(RequestSchema):
    """New blocks of a promotion; each replaces the old one as a whole, null removes it."""

    name = Text(max=80)
    when = Nested(PromotionWhen, allow_none=True)
    where = Nested(PromotionWhere, allow_none=True)
    who = Nested(PromotionWho, allow_none=True)
    condition = Nested(PromotionIf, data_key="if", attribute="if", allow_none=True)
    reward = Reward()
    limits = Nested(PromotionLimits, allow_none=True)
    stack = Nested(PromotionStack, allow_none=True)
    give_back_on = Choice(document.GIVE_BACK)


class NewPromotion(PromotionChange):
    """A promotion: every block may be left out but its name, its trigger and its reward."""

    name = Text(max=80, required=True)
    trigger = Choice(document.TRIGGERS, required=True)
    reward = Reward(required=True, metadata={"example": {"percent_bps": 1000, "on": "order"}})
    codes = ListOf(Text(max=MAX_TYPED), max=MAX_CODES_ADDED)


class Promotion(ResponseSchema):
    """A promotion with the document of its present version."""

    id = ma.fields.String()
    status = ma.fields.String()
    version = ma.fields.Integer()
    name = ma.fields.String()
    trigger = ma.fields.String()
    when = ma.fields.Dict()
    where = ma.fields.Dict()
    who = ma.fields.Dict()
    condition = ma.fields.Dict(data_key="if")
    reward = ma.fields.Dict()
    limits = ma.fields.Dict()
    stack = ma.fields.Dict()
    give_back_on = ma.fields.String()
    created_at = ma.fields.String()
    updated_at = ma.fields.String()


class PromotionPage(ResponseSchema):
    """Promotions, the newest first."""

    data = ma.fields.List(ma.fields.Nested(Promotion))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


class PromotionQuery(PageQuery):
    """Which promotions to list."""

    status = Choice((RUNNING, PAUSED, ARCHIVED))


class NewCodes(RequestSchema):
    """Codes for a promotion; spaces, hyphens and case do not matter."""

    codes = ListOf(Text(max=MAX_TYPED), min=1, max=MAX_CODES_ADDED, required=True)


class AddedCodes(ResponseSchema):
    """The codes as they are kept."""

    codes = ma.fields.List(ma.fields.String())


class PromotionCode(ResponseSchema):
    """One code of a promotion."""

    code = ma.fields.String()
    disabled = ma.fields.Boolean()
    created_at = ma.fields.String()


class PromotionCodePage(ResponseSchema):
    """Codes by alphabet."""

    data = ma.fields.List(ma.fields.Nested(PromotionCode))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


class NewCodeBatch(RequestSchema):
    """How many codes to make, what they begin with, and how often each may be used."""

    count = Int(min=1, max=batches.MOST, required=True)
    prefix = Text(max=20, metadata={"example": "SUMMER"})
    uses_per_code = Int(min=1, max=MAX_USES, load_default=1)


class CodeBatch(ResponseSchema):
    """Codes that were made together."""

    id = ma.fields.String()
    promotion_id = ma.fields.String()
    count = ma.fields.Integer()
    prefix = ma.fields.String()
    uses_per_code = ma.fields.Integer()
    created_at = ma.fields.String()
    disabled = ma.fields.Boolean()


class CodeBatchPage(ResponseSchema):
    """Batches, the newest first."""

    data = ma.fields.List(ma.fields.Nested(CodeBatch))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


class BatchQuery(PageQuery):
    """Which codes of a batch to list."""

    state = Choice((batches.UNUSED, batches.USED, batches.DISABLED))


class CountedBatch(CodeBatch):
    """A batch with how many of its codes are unused, used at least once, or disabled."""

    states = ma.fields.Dict()


class BatchCode(ResponseSchema):
    """One code of a batch; a use counts from the moment a checkout reserves it."""

    code = ma.fields.String()
    state = ma.fields.String()
    uses = ma.fields.Integer()
    uses_allowed = ma.fields.Integer()


class BatchCodes(ResponseSchema):
    """A batch and a page of its codes, by alphabet."""

    batch = ma.fields.Nested(CountedBatch)
    data = ma.fields.List(ma.fields.Nested(BatchCode))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


class UsageCounter(ResponseSchema):
    """How far one limit has been used; ``scope`` is total, day or budget."""

    scope = ma.fields.String()
    key = ma.fields.String()
    used = ma.fields.Integer()
    limit = ma.fields.Integer(allow_none=True)


class PromotionUse(ResponseSchema):
    """One bill that used the promotion."""

    bill_id = ma.fields.String()
    version = ma.fields.Integer()
    code = ma.fields.String(allow_none=True)
    guest_id = ma.fields.String(allow_none=True)
    state = ma.fields.String()
    discount = ma.fields.Dict()
    at = ma.fields.String()


class PromotionUsage(ResponseSchema):
    """The limits of a promotion and the bills that used it, the newest first."""

    counters = ma.fields.List(ma.fields.Nested(UsageCounter))
    data = ma.fields.List(ma.fields.Nested(PromotionUse))
    next = ma.fields.String(allow_none=True)
    has_more = ma.fields.Boolean()


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


class TypedCode(RequestSchema):
    """A code as somebody typed it."""

    code = Text(max=MAX_TYPED, required=True)


class KnownCode(ResponseSchema):
    """A code that calls for a running promotion."""

    code = ma.fields.String()
    promotion_id = ma.fields.String()
    name = ma.fields.String()
