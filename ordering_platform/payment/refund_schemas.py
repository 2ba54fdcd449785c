"""What the doors to refunds take in and give out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from ordering_platform.payment.schemas import Failure
from ordering_platform.payment.states import REFUND_MOVES
from ordering_platform.runtime.schemas import (
    Choice,
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

MAX_LINES = 500


def _above_zero(amount: dict[str, Any]) -> None:
    if amount["amount"] == 0:
        fault = {"amount": ["range|Send an amount above 0."]}
        raise ma.ValidationError(fault)


_TIP_FAULTS: dict[str, Any] = {
    "null": "null|This may not be null.",
    "type": "wrong_type|Send an amount with its currency, or true for all of the tip.",
}


class TipBack(ma.fields.Field[Any]):
    """An amount of the tip or, as true and false, all and nothing of it."""

    default_error_messages = _TIP_FAULTS
    _money = MoneyField()

    def json_schema(self) -> dict[str, Any]:
        """Describe both forms for the API document."""
        described = {
            "type": "object",
            "properties": {
                "amount": {"type": "integer", "minimum": 0},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"type": "boolean"}, described]}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool):
            return value
        if not isinstance(value, dict):
            raise self.make_error("type")
        return self._money.deserialize(value, attr, data, **kwargs)


class LineBack(RequestSchema):
    """A line of the bill: so many portions of it, an amount of it, or all that is left of it."""

    line_id = Text(max=64, required=True)
    quantity = Int(min=1, max=10**6)
    amount = MoneyField(validate=_above_zero)

    @ma.validates_schema
    def check_choice(self, data: dict[str, Any], **_: Any) -> None:
        """Want at most one of the two."""
        if "quantity" in data and "amount" in data:
            fault = "choice|Send the quantity or the amount."
            raise ma.ValidationError(fault, "amount")


class NewRefund(RequestSchema):
    """What goes back of a payment, and why; a refund that names nothing gives back all that is left, tip included."""

    reason = Text(max=200, required=True)
    amount = MoneyField(validate=_above_zero)
    lines = ListOf(
        Nested(LineBack),
        min=1,
        max=MAX_LINES,
        metadata={"description": "The dishes that go back, at what was paid for them."},
    )
    tip = TipBack(metadata={"description": "The tip goes back only when asked for, or with all that is left."})

    @ma.validates_schema
    def check_choice(self, data: dict[str, Any], **_: Any) -> None:
        """Want an amount or lines, and each line once."""
        if "amount" in data and "lines" in data:
            fault = "choice|Send an amount or lines, or neither for all that is left."
            raise ma.ValidationError(fault, "lines")
        named = [line["line_id"] for line in data.get("lines", [])]
        if len(set(named)) < len(named):
            raise ma.ValidationError("duplicate|Name each line once.", "lines")


class RefundedLine(ResponseSchema):
    """What went back of a line; ``quantity`` is 0 where an amount was named."""

    line_id = Text(max=64)
    quantity = Int()
    amount = MoneyField()


class Refund(ResponseSchema):
    """A refund; ``total`` is what goes back, of it ``tip`` as tip. ``succeeded`` and ``completed``: it is back."""

    id = IdField("ref")
    payment_id = IdField("pay")
    bill_id = IdField("bil")
    status = Choice(tuple(REFUND_MOVES))
    amount = MoneyField()
    tip = MoneyField()
    total = MoneyField()
    lines = ListOf(Nested(RefundedLine))
    reason = Text(max=200)
    created_by = Text(max=64)
    created_at = Timestamp()
    settled_at = Timestamp(allow_none=True)
    failure = Nested(Failure, allow_none=True)


class RefundsQuery(PageQuery):
    """Which page of refunds."""


class Refunds(ResponseSchema):
    """A page of refunds, newest first."""

    data = ListOf(Nested(Refund))
    next = Text(max=500, allow_none=True)
    has_more = Flag()
