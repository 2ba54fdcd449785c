"""What comes in and what goes out at the doors to the menu."""

from __future__ import annotations

from marshmallow import fields

from ordering_platform.order.schemas import MoneyOut
from ordering_platform.runtime.schemas import RequestSchema, ResponseSchema, Text


class MenuQuery(RequestSchema):
    """In which language to read the menu."""

    language = Text(max=20)


class MenuOption(ResponseSchema):
    """An option a guest may choose."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    price = fields.Nested(MoneyOut, required=True)
    default = fields.Boolean(required=True)
    sold_out = fields.Boolean(required=True)


class MenuGroup(ResponseSchema):
    """Options of which so many are chosen."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    min = fields.Integer(required=True)
    max = fields.Integer(required=True)
    options = fields.List(fields.Nested(MenuOption), required=True)


class MenuItem(ResponseSchema):
    """A dish or a drink as guests read it."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    price = fields.Nested(MoneyOut, required=True)
    image_url = fields.String(required=True, allow_none=True)
    tags = fields.List(fields.String(), required=True)
    allergens = fields.List(fields.String(), required=True)
    sold_out = fields.Boolean(required=True)
    available = fields.Boolean(required=True)
    option_groups = fields.List(fields.Nested(MenuGroup), required=True)


class MenuCategory(ResponseSchema):
    """A heading with its items."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    items = fields.List(fields.Nested(MenuItem), required=True)


class Menu(ResponseSchema):
    """The whole menu."""

    version = fields.Integer(required=True)
    currency = fields.String(required=True)
    currency_digits = fields.Integer(required=True)
    language = fields.String(required=True)
    languages = fields.List(fields.String(), required=True)
    categories = fields.List(fields.Nested(MenuCategory), required=True)
