"""What goes back of a payment when staff ask for it: all that is left, an amount, dishes line by line, the tip.

PURE: it is told what was paid and what is gone already, and decides or refuses. The guards in the database
repeat the limits for two who ask at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordering_platform.payment.errors import (
    CurrencyMismatch,
    LineNotOnBill,
    NothingToRefund,
    RefundOverCaptured,
    RefundOverLine,
    RefundOverTip,
    RefundTooSmall,
)
from ordering_platform.runtime.money import half_up, money

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Paid:
    """What was captured of a payment and has not been given back: for the dishes and for the tip, in minor units."""

    goods: int
    tip: int
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the bill: what was paid for all its portions, and how much of that is gone, in money and portions."""

    id: str
    price: int
    quantity: int
    gone: int = 0
    gone_quantity: int = 0

    @property
    def left(self) -> int:
        """What may still go back of this line."""
        return self.price - self.gone


@dataclass(frozen=True, slots=True)
class LineBack:
    """What goes back of one line; ``quantity`` is 0 where an amount was named instead of portions."""

    line: Line
    amount: int
    quantity: int


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What goes back: ``amount`` in all, ``tip`` of it as tip, ``lines`` where dishes were named."""

    amount: int
    tip: int
    lines: tuple[LineBack, ...] = ()


def left_of(payment: Mapping[str, Any]) -> Paid:
    """Say what is left of a payment; what is on its way back does not count as left.

    Of a payment that was captured in part the dishes come first, and the tip is what lies above them.
    """
    goods = min(payment["captured_minor"], payment["amount_minor"] + payment["rounding_minor"])
    tip = payment["captured_minor"] - goods
    gone = payment["refunded_minor"] + payment["refund_pending_minor"]
    gone_tip = payment["tip_refunded_minor"]
    return Paid(goods - (gone - gone_tip), tip - gone_tip, payment["currency"])


def decide(wish: Mapping[str, Any], left: Paid, lines: Sequence[Line], step: int = 1) -> GivenBack:
    """Work out what goes back for a wish: whatever it names, and all that is left where it names nothing.

    ``wish`` may name an ``amount``, ``lines`` and a ``tip`` (money, or whether to give it back); ``step`` is the
    smallest amount the way of paying can move. Raises the refusals of this module, never gives less than asked.
    """
    if left.goods + left.tip == 0:
        raise NothingToRefund
    backs = tuple(_line_back(one, lines, left.currency) for one in wish.get("lines", ()))
    tip = _tip(wish, left)
    goods = _goods(wish, left, backs, tip)
    if step > 1:
        goods = _in_coins(goods, left, lines, backs, step)
    if goods > left.goods:
        raise RefundOverCaptured(max=money(left.goods, left.currency))
    if goods + tip == 0:
        raise RefundTooSmall
    return GivenBack(goods + tip, tip, backs)


def _goods(wish: Mapping[str, Any], left: Paid, backs: Sequence[LineBack], tip: int) -> int:
    if backs:
        return sum(back.amount for back in backs)
    if "amount" in wish:
        return _minor(wish["amount"], left.currency)
    # A tip named alone is all that goes back.
    return 0 if tip and wish.get("tip") else left.goods


def _tip(wish: Mapping[str, Any], left: Paid) -> int:
    asked = wish.get("tip")
    if asked is None:
        return 0 if "amount" in wish or "lines" in wish else left.tip
    if isinstance(asked, bool):
        return left.tip if asked else 0
    tip = _minor(asked, left.currency)
    if tip > left.tip:
        raise RefundOverTip(max=money(left.tip, left.currency))
    return tip


def _line_back(one: Mapping[str, Any], lines: Sequence[Line], currency: str) -> LineBack:
    line = next((line for line in lines if line.id == one["line_id"]), None)
    if line is None:
        raise LineNotOnBill(line_id=one["line_id"])
    amount, quantity = line.left, line.quantity - line.gone_quantity
    if "amount" in one:
        amount, quantity = _minor(one["amount"], currency), 0
    elif "quantity" in one:
        quantity = one["quantity"]
        amount = _portions(line, line.gone_quantity + quantity) - _portions(line, line.gone_quantity)
    if amount > line.left or quantity > line.quantity - line.gone_quantity or line.left == 0 < line.price:
        raise RefundOverLine(line_id=line.id, max=money(line.left, currency))
    return LineBack(line, amount, quantity)


def _portions(line: Line, number: int) -> int:
    """What was paid for the first ``number`` portions, so that all portions together are the line to the cent."""
    whole, rest = divmod(line.price, line.quantity)
    return number * whole + min(number, rest)


def _in_coins(goods: int, left: Paid, lines: Sequence[Line], backs: Sequence[LineBack], step: int) -> int:
    """Round to coins that exist; what the roundings of a bill have left over goes back with its last line."""
    coins = half_up(goods, step) * step
    now = {back.line.id: back.amount for back in backs}
    over = step * len(lines) if backs and all(now.get(line.id, 0) == line.left for line in lines) else step
    return left.goods if abs(left.goods - coins) < over else coins


def _minor(amount: Mapping[str, Any], currency: str) -> int:
    if amount["currency"] != currency:
        raise CurrencyMismatch(currency=currency)
    return int(amount["amount"])
