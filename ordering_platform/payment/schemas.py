"""What the doors of payment-service take in and give out."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from ordering_platform.payment.quote_schemas import AppliedPromotion, Quote, SignedMoney
from ordering_platform.payment.states import BILL_MOVES, PAYMENT_MOVES
from ordering_platform.runtime.schemas import (
    Choice,
    Choices,
    Flag,
    IdField,
    ListOf,
    MoneyField,
    Nested,
    PageQuery,
    RequestSchema,
    ResponseSchema,
    Text,
    Timestamp,
)

MAX_ORDERS = 50
MAX_CODES = 10
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


class Checkout(_ForOrders):
    """What is paid, how, and the total the guest has agreed to."""

    method = Text(max=64, required=True)
    card = Nested(Card, allow_none=True, metadata=_TEST_CARD)
    expected_total = MoneyField(allow_none=True)


class NewBill(_ForOrders):
    """Orders to be paid by one or more payments that follow."""

    expected_total = MoneyField(allow_none=True)


class NewPayment(RequestSchema):
    """A payment on an open bill; without an amount it pays all that is due."""

    method = Text(max=64, required=True)
    amount = MoneyField(allow_none=True)
    tip = MoneyField(allow_none=True)
    card = Nested(Card, allow_none=True, metadata=_TEST_CARD)


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
    """What the guest has to do next; ``challenge``: answer at ``url``."""

    type = Text(max=64)
    url = Text(max=500)


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
    captured = MoneyField()
    refunded = MoneyField()
    created_at = Timestamp()
    captured_at = Timestamp(allow_none=True)
    next_action = Nested(NextAction, allow_none=True)
    failure = Nested(Failure, allow_none=True)


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
    discounts = ListOf(Nested(AppliedPromotion))
    payments = ListOf(Nested(Payment))
    rehearsal = Flag()
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
