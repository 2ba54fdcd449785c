"""What comes in and what goes out at the doors to the menu."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ordering_platform.order.card import ALLERGENS
from ordering_platform.order.hours import DAYS
from ordering_platform.order.schemas import MoneyOut
from ordering_platform.runtime.schemas import (
    Choice,
    Flag,
    IdField,
    Int,
    ListOf,
    MoneyField,
    Nested,
    RequestSchema,
    ResponseSchema,
    Text,
    Timestamp,
)

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_MOST_LANGUAGES = 20
_CLOCK = validate.Regexp(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", error="time|Send a time of day like 18:30.")
_IMAGE = validate.Regexp(r"^(https://|/)[^\s\"<>\\\\]*$", error="url|Send an https address or a path of this site.")


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


class Words(ma.fields.Field[dict[str, str]]):
    """A text in one or more languages: ``{"de": "Suppe", "en": "Soup"}``."""

    default_error_messages = {  # noqa: RUF012  marshmallow reads it as written
        "required": "missing|Say a value here.",
        "null": "null|This may not be null.",
        "type": "wrong_type|Send a JSON object of texts by language here.",
        "language": "language|Name languages like de or pt-BR.",
        "empty": "missing|Say it in one language at least.",
    }

    def __init__(self, *, max: int, empty: bool = False, **kwargs: Any) -> None:  # noqa: A002  reads as a bound
        """Bound the length of each text; ``empty`` allows no language at all."""
        self._text = Text(max=max)
        self._empty = empty
        super().__init__(metadata={"example": {"de": "Suppe", "en": "Soup"}}, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, str]:  # noqa: ARG002  marshmallow's hook
        if not isinstance(value, dict):
            raise self.make_error("type")
        if not value and not self._empty:
            raise self.make_error("empty")
        if any(not _LANGUAGE.fullmatch(language) for language in value) or len(value) > _MOST_LANGUAGES:
            raise self.make_error("language")
        return {language: str(self._text.deserialize(text)) for language, text in value.items()}

    def json_schema(self) -> dict[str, Any]:
        """Describe the field for the API document."""
        return {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": _MOST_LANGUAGES}


class Hours(RequestSchema):
    """A stretch of some weekdays in the venue's local time; over midnight it belongs to the day it starts."""

    days = ListOf(Choice(DAYS), min=1, max=7, required=True)
    start = Text(max=5, data_key="from", required=True, validate=[_CLOCK])
    end = Text(max=5, data_key="to", required=True, validate=[_CLOCK])

    @ma.post_load
    def as_stored(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give it as it is stored and shown."""
        return {"days": data["days"], "from": data["start"], "to": data["end"]}


class PriceDifference(RequestSchema):
    """What an option adds to the price, or takes off it."""

    amount = Int(min=-(10**9), max=10**9, required=True)
    currency = Text(min=3, max=3, required=True)


class CategoryChange(RequestSchema):
    """What changes on a category."""

    name = Words(max=100)
    sort_order = Int(max=100_000)
    hours = ListOf(Nested(Hours), max=20)


class NewCategory(CategoryChange):
    """A heading of the menu."""

    name = Words(max=100, required=True)


class MenuItemChange(RequestSchema):
    """What changes on a dish or a drink."""

    category_id = IdField("cat")
    name = Words(max=100)
    description = Words(max=1000, empty=True)
    price = MoneyField()
    tax_ppm = Int(max=1_000_000)
    tags = ListOf(Text(max=40), max=30)
    allergens = ListOf(Choice(ALLERGENS), max=len(ALLERGENS))
    option_group_ids = ListOf(IdField("grp"), max=20)
    image_url = Text(max=1000, allow_none=True, validate=[_IMAGE])
    station = Text(max=40)
    discountable = Flag()
    hours = ListOf(Nested(Hours), max=20)
    sort_order = Int(max=100_000)


class NewMenuItem(MenuItemChange):
    """A dish or a drink."""

    category_id = IdField("cat", required=True)
    name = Words(max=100, required=True)
    price = MoneyField(required=True)
    tax_ppm = Int(max=1_000_000, required=True)


class GroupOption(RequestSchema):
    """An option of a group; with its id it is changed, without one it is new."""

    id = IdField("opt")
    name = Words(max=100, required=True)
    price = Nested(PriceDifference)
    default = Flag()


class OptionGroupChange(RequestSchema):
    """What changes on an option group; ``options`` is the whole list."""

    name = Words(max=100)
    min = Int(max=50)
    max = Int(min=1, max=50)
    options = ListOf(Nested(GroupOption), max=50)


class NewOptionGroup(OptionGroupChange):
    """Options of which so many are chosen."""

    name = Words(max=100, required=True)
    min = Int(max=50, required=True)
    max = Int(min=1, max=50, required=True)


class SellingOut(RequestSchema):
    """Whether something is sold out, and until when."""

    sold_out = Flag(required=True)
    until = Timestamp(allow_none=True)


class SoldOut(ResponseSchema):
    """What is sold out until when."""

    id = fields.String(required=True)
    sold_out = fields.Boolean(required=True)
    until = fields.DateTime(required=True, allow_none=True)


class HoursOut(ResponseSchema):
    """Hours as they are kept."""

    days = fields.List(fields.String(), required=True)
    start = fields.String(data_key="from", required=True)
    end = fields.String(data_key="to", required=True)


class Category(ResponseSchema):
    """A category in every language."""

    id = fields.String(required=True)
    name = Words(max=100, required=True)
    sort_order = fields.Integer(required=True)
    hours = fields.List(fields.Nested(HoursOut), required=True)


class EditedItem(ResponseSchema):
    """An item in every language."""

    id = fields.String(required=True)
    category_id = fields.String(required=True)
    name = Words(max=100, required=True)
    description = Words(max=1000, empty=True, required=True)
    price = fields.Nested(MoneyOut, required=True)
    tax_ppm = fields.Integer(required=True)
    tags = fields.List(fields.String(), required=True)
    allergens = fields.List(fields.String(), required=True)
    option_group_ids = fields.List(fields.String(), required=True)
    image_url = fields.String(required=True, allow_none=True)
    station = fields.String(required=True)
    discountable = fields.Boolean(required=True)
    hours = fields.List(fields.Nested(HoursOut), required=True)
    sold_out = fields.Boolean(required=True)
    sold_out_until = fields.DateTime(required=True, allow_none=True)
    sort_order = fields.Integer(required=True)


class EditedOption(ResponseSchema):
    """An option in every language."""

    id = fields.String(required=True)
    name = Words(max=100, required=True)
    price = fields.Nested(MoneyOut, required=True)
    default = fields.Boolean(required=True)
    sold_out = fields.Boolean(required=True)
    sold_out_until = fields.DateTime(required=True, allow_none=True)


class OptionGroup(ResponseSchema):
    """An option group in every language."""

    id = fields.String(required=True)
    name = Words(max=100, required=True)
    min = fields.Integer(required=True)
    max = fields.Integer(required=True)
    options = fields.List(fields.Nested(EditedOption), required=True)


class MenuSource(ResponseSchema):
    """The menu as it is written, for editing."""

    categories = fields.List(fields.Nested(Category), required=True)
    items = fields.List(fields.Nested(EditedItem), required=True)
    option_groups = fields.List(fields.Nested(OptionGroup), required=True)
