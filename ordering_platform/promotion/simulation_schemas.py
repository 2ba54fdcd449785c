"""What the door to simulations takes and gives."""

from __future__ import annotations

import marshmallow as ma

from ordering_platform.promotion.blocks import Day, Reward
from ordering_platform.promotion.schemas import PromotionChange
from ordering_platform.runtime.schemas import IdField, Nested, RequestSchema, ResponseSchema


class UnwrittenPromotion(PromotionChange):
    """A promotion nobody has created yet: its reward, and whatever other blocks matter."""

    reward = Reward(required=True, metadata={"example": {"percent_bps": 1000, "on": "order"}})


class Simulation(RequestSchema):
    """Which promotion to try, ``promotion_id`` or ``document``, on the orders of which days of the venue."""

    promotion_id = IdField("prm")
    document = Nested(UnwrittenPromotion)
    begin = Day(data_key="from", attribute="from", required=True, metadata={"example": "2026-10-01"})
    to = Day(required=True, metadata={"example": "2026-10-31"})


class RefusedOrders(ResponseSchema):
    """A reason, and on how many orders the promotion would not have applied because of it."""

    reason = ma.fields.String()
    orders = ma.fields.Integer()


class ChangedOrder(ResponseSchema):
    """An order the promotion would have applied to; ``price_change`` is what the guest would have paid less."""

    order_id = ma.fields.String()
    placed_at = ma.fields.String()
    gross = ma.fields.Dict()
    discount = ma.fields.Dict()
    price_change = ma.fields.Dict()


class SimulationReport(ResponseSchema):
    """What a promotion would have cost beside those that run today; ``complete`` is false where it was cut short."""

    begin = ma.fields.String(data_key="from")
    to = ma.fields.String()
    time_zone = ma.fields.String()
    complete = ma.fields.Boolean()
    looked_at_until = ma.fields.String(allow_none=True)
    orders = ma.fields.Integer()
    uses = ma.fields.Integer()
    orders_changed = ma.fields.Integer()
    cost = ma.fields.List(ma.fields.Dict())
    average_discount = ma.fields.List(ma.fields.Dict())
    price_change = ma.fields.List(ma.fields.Dict())
    refusals = ma.fields.List(ma.fields.Nested(RefusedOrders))
    examples = ma.fields.List(ma.fields.Nested(ChangedOrder))
