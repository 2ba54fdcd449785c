"""What the doors to promotions take and give."""

from __future__ import annotations

import marshmallow as ma

from ordering_platform.promotion import document
from ordering_platform.promotion.blocks import (
    PromotionIf,
    PromotionLimits,
    PromotionStack,
    PromotionWhen,
    PromotionWhere,
    PromotionWho,
    Reward,
)
from ordering_platform.promotion.code_schemas import MAX_CODES_ADDED, MAX_TYPED
from ordering_platform.promotion.models import ARCHIVED, PAUSED, RUNNING
from ordering_platform.runtime.schemas import Choice, ListOf, Nested, PageQuery, RequestSchema, ResponseSchema, Text


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


class PromotionVersion(ResponseSchema):
    """A promotion as it was from one change to the next; bills keep the version they reserved."""

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
    created_by = ma.fields.String()
    created_at = ma.fields.String()


class PromotionVersionPage(ResponseSchema):
    """Versions, the newest first."""

    data = ma.fields.List(ma.fields.Nested(PromotionVersion))
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
