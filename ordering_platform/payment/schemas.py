"""What the doors of payment-service take in and give out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from ordering_platform.payment.quote_schemas import MAX_ORDERS, Agreed, AppliedPromotion, Quote, SignedMoney
from ordering_platform.payment.splitting import MAX_PARTS, MAX_PARTS_OF_A_LINE
from ordering_platform.payment.states import BILL_MOVES, PAYMENT_MOVES
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
    optional_id,
)

MAX_LINES = 500
MAX_CODES = 10
CAPTURE = ("now", "later")
_CAPTURE = {"example": "now"}
_TEST_CARD = {"example": {"token": "tok_approve"}}


class Card(RequestSchema):
    """A card as the form of its provider has turned it into a token; its number never reaches us."""

    token = Text(max=200, required=True)


class _ForOrders(RequestSchema):
    """Which orders: by their ids, or all that the table session has not paid yet."""

    order_ids = ListOf(IdField("ord"), min=1, max=MAX_ORDERS, metadata={"example": ["ord_01k9m2x7q4w8z6t1v5b3n0c8d2"]})
    session = Flag()
    code = Text(max=64, allow_none=True)
    codes = ListOf(Text(max=64), max=MAX_CODES)
    tip = MoneyField(allow_none=True)

    @ma.validates_schema
    def check_orders(self, data: dict[str, Any], **_: Any) -> None:
        """Want exactly one of the two."""
        if ("order_ids" in data) == bool(data.get("session")):
            fault = "missing|Send order_ids, or session: true for all unpaid orders of the table."
            raise ma.ValidationError(fault, "order_ids")
        if len(set(data.get("order_ids", []))) < len(data.get("order_ids", [])):
            raise ma.ValidationError("duplicate|Name each order once.", "order_ids")


class QuoteQuestion(_ForOrders):
    """What would be paid for these orders now; by a ``method``, if one is named, because coins are rounded."""

    method = Text(max=64)


class Checkout(_ForOrders, Agreed):
    """What is paid, how, and what the guest has agreed to."""

    method = Text(max=64, required=True)
    card = Nested(Card, allow_none=True, metadata=_TEST_CARD)
    capture = Choice(CAPTURE, metadata=_CAPTURE)


class NewBill(_ForOrders, Agreed):
    """Orders to be paid by one or more payments that follow."""


class EqualParts(RequestSchema):
    """One of so many equal parts of a bill, or several for friends who are treated."""

    parts = Int(min=2, max=MAX_PARTS, required=True)
    take = Int(min=1, max=MAX_PARTS)

    @ma.validates_schema
    def check_take(self, data: dict[str, Any], **_: Any) -> None:
        """Want no more parts than there are."""
        if data.get("take", 1) > data.get("parts", MAX_PARTS):
            fault = "range|Take no more parts than there are."
            raise ma.ValidationError(fault, "take")


class LinePart(RequestSchema):
    """A line of the bill or, of a dish that several people share, one part of it."""

    line_id = Text(max=64, required=True)
    part = Int(min=1, max=MAX_PARTS_OF_A_LINE)
    of = Int(min=1, max=MAX_PARTS_OF_A_LINE)

    @ma.validates_schema
    def check_part(self, data: dict[str, Any], **_: Any) -> None:
        """Want a part there is."""
        if data.get("part", 1) > data.get("of", 1):
            fault = "range|Send a part from 1 to the number of parts."
            raise ma.ValidationError(fault, "part")


class NewPayment(RequestSchema):
    """A payment on an open bill: an amount, one of equal parts, or chosen lines; with none of them, all that is due."""

    method = Text(max=64, required=True)
    amount = MoneyField(allow_none=True)
    equal = Nested(EqualParts, allow_none=True, metadata={"example": {"parts": 3}})
    lines = ListOf(Nested(LinePart), min=1, max=MAX_LINES, allow_none=True)
    tip = MoneyField(allow_none=True)
    card = Nested(Card, allow_none=True, metadata=_TEST_CARD)
    capture = Choice(CAPTURE, metadata=_CAPTURE)

    @ma.validates_schema
    def check_choice(self, data: dict[str, Any], **_: Any) -> None:
        """Want at most one of the three, and each part once."""
        chosen = [name for name in ("amount", "equal", "lines") if data.get(name)]
        if len(chosen) > 1:
            fault = "choice|Send one of amount, equal and lines, or none of them."
            raise ma.ValidationError(fault, chosen[1])
        wanted = [(one["line_id"], one.get("part", 1), one.get("of", 1)) for one in data.get("lines") or []]
        if len(set(wanted)) < len(wanted):
            raise ma.ValidationError("duplicate|Name each line, or each part of a line, once.", "lines")


class ChallengeAnswer(RequestSchema):
    """What the card holder says to the question of their bank."""

    approve = Flag(required=True)


class TestCard(ResponseSchema):
    """A card of the sandbox and what becomes of it."""

    token = Text(max=64)
    behaviour = Text(max=200)


class Method(ResponseSchema):
    """A way to pay."""

    id = Text(max=64)
    name = Text(max=80)
    kind = Choice(("counter", "online"))
    test_cards = ListOf(Nested(TestCard))


class Methods(ResponseSchema):
    """The ways to pay, in the order in which to show them."""

    data = ListOf(Nested(Method))


class Failure(ResponseSchema):
    """Why something came to nothing."""

    code = Text(max=64)
    message = Text(max=500)


class NextAction(ResponseSchema):
    """What the guest has to do next: ``challenge`` and ``redirect`` at ``url``, ``stripe`` with Stripe's own script."""

    type = Text(max=64)
    url = Text(max=500)
    client_secret = Text(max=500)


class Payment(ResponseSchema):
    """A payment; ``total`` is its amount on the bill, its tip and what the smallest coin adds or takes off."""

    id = IdField("pay")
    bill_id = IdField("bil")
    method = Text(max=64)
    status = Choice(tuple(PAYMENT_MOVES))
    amount = MoneyField()
    tip = MoneyField()
    rounding = SignedMoney()
    total = MoneyField()
    authorized = MoneyField()
    captured = MoneyField()
    refunded = MoneyField()
    refund_pending = MoneyField()
    reference = Text(max=200, allow_none=True)
    created_at = Timestamp()
    captured_at = Timestamp(allow_none=True)
    next_action = Nested(NextAction, allow_none=True)
    failure = Nested(Failure, allow_none=True)


class Share(ResponseSchema):
    """A part of a bill or of a line, what it costs, and the payment that holds it, if one does."""

    part = Int()
    of = Int()
    amount = MoneyField()
    payment_id = optional_id("pay")
    status = Choice(tuple(PAYMENT_MOVES), allow_none=True)


class SharedLine(ResponseSchema):
    """A line, what it adds to the bill, and its parts: one until somebody has begun to share it."""

    line_id = Text(max=64)
    name = Text(max=200)
    amount = MoneyField()
    shares = ListOf(Nested(Share))


class Split(ResponseSchema):
    """How a bill is shared, and who has taken what; ``kind`` is null until somebody has taken a part."""

    kind = Choice(("equal", "lines"), allow_none=True)
    shares = ListOf(Nested(Share))
    lines = ListOf(Nested(SharedLine))


class Bill(ResponseSchema):
    """A bill; ``total`` is what its orders cost without tips, ``due`` what nobody has begun to pay."""

    id = IdField("bil")
    status = Choice(tuple(BILL_MOVES))
    venue_id = IdField("ven")
    session_id = IdField("ses", allow_none=True)
    table_id = IdField("tbl", allow_none=True)
    order_ids = ListOf(IdField("ord"))
    currency = Text(max=3, allow_none=True)
    quote = Nested(Quote, allow_none=True)
    total = MoneyField(allow_none=True)
    paid = MoneyField(allow_none=True)
    pending = MoneyField(allow_none=True)
    due = MoneyField(allow_none=True)
    split = Nested(Split, allow_none=True)
    discounts = ListOf(Nested(AppliedPromotion))
    payments = ListOf(Nested(Payment))
    rehearsal = Flag()
    receipt_url = Text(max=500, allow_none=True)
    failure = Nested(Failure, allow_none=True)
    created_at = Timestamp()
    completed_at = Timestamp(allow_none=True)


class BillsQuery(PageQuery):
    """Which bills: in some statuses; of one table session (staff only, guests always see their own)."""

    status = Choices(tuple(BILL_MOVES))
    session_id = IdField("ses")


class Bills(ResponseSchema):
    """A page of bills, newest first."""

    data = ListOf(Nested(Bill))
    next = Text(max=500, allow_none=True)
    has_more = Flag()


class CheckedOut(ResponseSchema):
    """The bill of a checkout and its payment, which may still be under way."""

    bill = Nested(Bill)
    payment = Nested(Payment)


class Received(ResponseSchema):
    """The message was kept."""

    received = Flag()
