"""The blocks of a promotion document as a client may send them; what stands here is what a version keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import marshmallow as ma
from marshmallow import validate

from ordering_platform.promotion import document, schedule
from ordering_platform.promotion.rules import reading, registry
from ordering_platform.runtime.schemas import Choice, Flag, Int, ListOf, Nested, RequestSchema, Text

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_USES = 10**9
_ANY_ID = validate.Regexp(reading.ID, error="id|Send an id such as itm_01k9m2x7q4w8z6t1v5b3n0c8d2.")


def _written(read: Callable[[str], Any], error: str) -> Callable[[str], None]:
    """Check a text by reading it; the text itself is kept."""

    def check(text: str) -> None:
        try:
            read(text)
        except ValueError:
            raise ma.ValidationError(error) from None

    return check


class Bound(Text):
    """A moment with its offset from UTC, or a date, which is meant in the venue's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        """Accept what the schedule can read."""
        error = "zone|Send a date, or a time with its offset such as 2026-11-23T19:30:00+01:00."
        super().__init__(max=40, validate=[_written(schedule.moment_or_date, error)], **kwargs)


class ClockTime(Text):
    """A time of day at the venue, in hours and minutes."""

    def __init__(self, **kwargs: Any) -> None:
        """Accept what the schedule can read."""
        error = "clock|Send a time of day such as 17:00."
        super().__init__(
            max=5, validate=[_written(schedule.clock_time, error)], metadata={"example": "17:00"}, **kwargs
        )


class Day(Text):
    """A date."""

    def __init__(self, **kwargs: Any) -> None:
        """Accept a date alone."""
        error = "date|Send a date such as 2026-12-24."
        super().__init__(max=10, min=10, validate=[_written(schedule.moment_or_date, error)], **kwargs)


class _Checked(ma.fields.Field[dict[str, Any]]):
    """An object that the pure rules read: their faults become faults of this field."""

    shape: ClassVar[dict[str, Any]] = {"type": "object"}

    default_error_messages: dict[str, Any] = {  # noqa: RUF012  marshmallow's own name and type
        "required": "missing|Say a value here.",
        "null": "null|This may not be null.",
        "type": "wrong_type|Send a JSON object here.",
    }

    def check(self, value: dict[str, Any]) -> None:
        """Read the value; raises ParameterInvalid."""
        raise NotImplementedError

    def json_schema(self) -> dict[str, Any]:
        """Describe the field for the API document."""
        return self.shape

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002  a hook
        if not isinstance(value, dict):
            raise self.make_error("type")
        try:
            self.check(value)
        except reading.ParameterInvalid as fault:
            raise ma.ValidationError(_nested(fault)) from None
        return value


def _nested(fault: reading.ParameterInvalid) -> Any:
    told: Any = [f"{fault.code}|{fault.sentence}"]
    for step in reversed([step for step in fault.field.split("/") if step]):
        told = {step: told}
    return told


class Reward(_Checked):
    """What a promotion gives: one of the registered kinds, known by its marker."""

    shape: ClassVar[dict[str, Any]] = {
        "type": "object",
        "description": "Exactly one kind of reward: `percent_bps` with `on` and `max_discount`; `amount` with `on` and "
        "`per` (`once`, `unit`); `tiers` (each `from` and `amount`, rising) with `on`; `fixed_price` with `items` "
        "(each a choice of items with a `quantity`) and `max_groups`; `buy` and `get` (each `items` and `quantity`, "
        "`get` also `percent_bps`) with `max_groups`; or `free_item` with `menu_item_id` and `quantity`. Amounts are "
        "minor units by currency; `on` and the `items` of `buy` and `get` are `order` or a choice of items.",
    }

    def check(self, value: dict[str, Any]) -> None:
        """Let the kind read its parameters."""
        registry.read(value)


class AmountsField(_Checked):
    """Amounts above zero by currency."""

    shape: ClassVar[dict[str, Any]] = {
        "type": "object",
        "additionalProperties": {"type": "integer", "minimum": 1, "maximum": reading.MAX_AMOUNT},
        "minProperties": 1,
    }

    def check(self, value: dict[str, Any]) -> None:
        """Read currencies and amounts."""
        try:
            reading.amounts({"amounts": value}, "amounts")
        except reading.ParameterInvalid as fault:
            raise _inside(fault, "amounts") from None


class SelectorField(_Checked):
    """A choice of items."""

    shape: ClassVar[dict[str, Any]] = {
        "type": "object",
        "description": "Any of `menu_items`, `categories` or `tags`, without `exclude_menu_items`, each unit not "
        "dearer than `max_unit_price` (minor units by currency).",
    }

    def check(self, value: dict[str, Any]) -> None:
        """Read the choice."""
        try:
            reading.selector({"items": value}, "items")
        except reading.ParameterInvalid as fault:
            raise _inside(fault, "items") from None


def _inside(fault: reading.ParameterInvalid, name: str) -> reading.ParameterInvalid:
    return reading.ParameterInvalid(fault.field.removeprefix(name), fault.code, fault.sentence)


class PromotionWindow(RequestSchema):
    """Some days of the week, from one time of day to another; ``to`` not after ``from`` means the next day."""

    days = ListOf(Choice(schedule.DAYS), min=1, max=7, required=True, metadata={"example": ["fri"]})
    begin = ClockTime(data_key="from", attribute="from", required=True)
    to = ClockTime(required=True)


class PromotionWhen(RequestSchema):
    """When the promotion runs, in the wall time of the venue."""

    starts_at = Bound(allow_none=True)
    ends_at = Bound(allow_none=True)
    weekly = ListOf(Nested(PromotionWindow), max=50)
    except_dates = ListOf(Day(), max=400)


class PromotionWhere(RequestSchema):
    """At which tables and for which kinds of order it is valid; nothing means everywhere."""

    tables = ListOf(Text(max=64, validate=[_ANY_ID]), max=500)
    order_types = ListOf(Choice(document.ORDER_TYPES), max=10)


class PromotionWho(RequestSchema):
    """For whom it is valid."""

    customer = Choice(document.CUSTOMERS)


class PromotionIf(RequestSchema):
    """What the order must hold; thresholds count only the chosen items."""

    min_spend = AmountsField()
    min_quantity = Int(min=1, max=1000)
    basis = Choice(document.BASES)
    items = SelectorField()


class PromotionLimits(RequestSchema):
    """How often it may be used and how much it may cost."""

    total = Int(min=1, max=MAX_USES)
    per_customer = Int(min=1, max=MAX_USES)
    per_day = Int(min=1, max=MAX_USES)
    budget = AmountsField()


class PromotionStack(RequestSchema):
    """How it meets other promotions: its stage, whom it competes with, and in which order."""

    stage = Choice(document.STAGES)
    group = Text(max=40)
    priority = Int(min=0, max=10_000)
    exclusive = Flag()
