"""What staff send about a payment that is under way: the terminal's slip, how much of a hold to take."""

from __future__ import annotations

from ordering_platform.runtime.schemas import MoneyField, RequestSchema, Text


class Confirmation(RequestSchema):
    """What staff know of a payment at the counter: the number on the terminal's slip, for one by card."""

    reference = Text(max=100, metadata={"example": "slip 004711"})


class Capture(RequestSchema):
    """How much of the money that is held is taken; without an amount, all of it."""

    amount = MoneyField(allow_none=True)
