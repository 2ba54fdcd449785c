"""What comes in and what goes out at the order service's doors for orders."""

from __future__ import annotations

from marshmallow import fields

from ordering_platform.order import statuses
from ordering_platform.runtime.schemas import (
    Choice,
    Choices,
    Flag,
    IdField,
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

NOTE = 500


class NewItem(RequestSchema):
    """One dish as a guest asks for it; what it costs is the menu's business alone."""

    menu_item_id = IdField("itm", required=True)
    quantity = Int(min=1, max=1000, required=True)
    options = ListOf(IdField("opt"), max=50)
    note = Text(max=NOTE, min=0)


class NewOrder(RequestSchema):
    """A new cart; staff say for which table session."""

    items = ListOf(Nested(NewItem), min=1, max=100)
    note = Text(max=NOTE, min=0)
    rehearsal = Flag()
    session_id = IdField("ses", allow_none=True)


class NewItems(RequestSchema):
    """Further lines for a cart."""

    items = ListOf(Nested(NewItem), min=1, max=100, required=True)


class ItemChange(RequestSchema):
    """What changes on a line; what is not named stays."""

    quantity = Int(min=1, max=1000)
    options = ListOf(IdField("opt"), max=50)
    note = Text(max=NOTE, min=0)


class Placing(RequestSchema):
    """The total a guest has agreed to, where they have seen one."""

    expected_total = MoneyField()


class Move(RequestSchema):
    """Where an order goes, and why where that must be said."""

    to = Choice(statuses.TARGETS, required=True)
    reason = Text(max=NOTE)


class OrderQuery(PageQuery):
    """Which orders to list."""

    status = Choices(statuses.STATUSES)
    payment_status = Choices(statuses.PAYMENT_STATUSES)
    session_id = IdField("ses")
    needs_approval = Flag(in_query=True)
    placed_after = Timestamp()
    placed_before = Timestamp()
    include_rehearsal = Flag(in_query=True)
    sort = Choice(("newest", "oldest"))


class MoneyOut(ResponseSchema):
    """An amount in minor units; an option may take something off."""

    amount = fields.Integer(required=True)
    currency = fields.String(required=True)


class ChosenOption(ResponseSchema):
    """An option as it was chosen."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    price = fields.Nested(MoneyOut, required=True)


class OrderItem(ResponseSchema):
    """A line as it was ordered; later changes of the menu do not reach it."""

    id = fields.String(required=True)
    menu_item_id = fields.String(required=True)
    name = fields.String(required=True)
    quantity = fields.Integer(required=True)
    unit_price = fields.Nested(MoneyOut, required=True)
    options = fields.List(fields.Nested(ChosenOption), required=True)
    total = fields.Nested(MoneyOut, required=True)
    note = fields.String(required=True)
    tax_ppm = fields.Integer(required=True)
    station = fields.String(required=True)


class TableRef(ResponseSchema):
    """A table by id and name."""

    id = fields.String(required=True)
    name = fields.String(required=True)


class Order(ResponseSchema):
    """An order with its lines."""

    id = fields.String(required=True)
    number = fields.String(required=True, allow_none=True)
    status = fields.String(required=True)
    payment_status = fields.String(required=True)
    version = fields.Integer(required=True)
    venue_id = fields.String(required=True)
    session_id = fields.String(required=True)
    table = fields.Nested(TableRef, required=True)
    guest_id = fields.String(required=True, allow_none=True)
    guest_name = fields.String(required=True, allow_none=True)
    note = fields.String(required=True)
    rehearsal = fields.Boolean(required=True)
    needs_approval = fields.Boolean(required=True)
    locked = fields.Boolean(required=True)
    items = fields.List(fields.Nested(OrderItem), required=True)
    total = fields.Nested(MoneyOut, required=True)
    created_at = fields.DateTime(required=True)
    placed_at = fields.DateTime(required=True, allow_none=True)
    updated_at = fields.DateTime(required=True)


class OrderPage(ResponseSchema):
    """A page of orders."""

    data = fields.List(fields.Nested(Order), required=True)
    next = fields.String(required=True, allow_none=True)
    has_more = fields.Boolean(required=True)
