"""From what order and promotion answer to the one quote: asks for promotions and hands both to ``pricing``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordering_platform.payment.errors import CurrencyMismatch, PriceChanged, TipTooLarge
from ordering_platform.payment.explaining import explained
from ordering_platform.payment.pricing import Discount, Line, Option, Quote, Terms, totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordering_platform.runtime.errors import DomainError

# What the quote says instead of promotions while promotion-service is away and no code was asked for.
PROMOTIONS_AWAY = {"reason": "promotions_unavailable", "message": "Automatic promotions could not be checked."}

_FIRST_SERVER_ERROR = 500
_NOTHING: Mapping[str, Any] = {"applied": [], "rejected": [], "hints": []}


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote with what promotion-service answered for it."""

    quote: Quote
    answer: Mapping[str, Any]

    @property
    def goods(self) -> int:
        """What is owed for the orders: the total without what belongs to the payment, its tip and its rounding."""
        return self.quote.total - self.quote.tip - self.quote.rounding

    def as_json(self) -> dict[str, Any]:
        """Give the quote as the API shows it."""
        return explained(self.quote, self.answer["rejected"], self.answer["hints"])


def goes_on_without(fault: DomainError, codes: Sequence[str]) -> bool:
    """Whether a bill may be priced without promotions: promotion-service is away and nobody has typed a code."""
    return fault.status >= _FIRST_SERVER_ERROR and not codes


def question(locked: Mapping[str, Any], venue_id: str, codes: Sequence[str], guest_id: str | None) -> dict[str, Any]:
    """Write what promotion-service is asked about these orders; the moment is left to its database's clock.

    The uses are those of the guest who pays or, where staff do, of the one guest who ordered.
    """
    guests = {order["guest_id"] for order in locked["orders"]}
    user = guest_id or (guests.pop() if len(guests) == 1 else None)
    return {
        "venue_id": venue_id,
        "currency": locked["currency"],
        "currency_digits": locked["currency_digits"],
        "time_zone": locked["time_zone"],
        "now": None,
        "codes": list(codes),
        "table_id": locked["table_id"],
        "order_type": "dine_in",
        "guest_id": user,
        "first_order": _first_order(locked, user),
        "session_id": locked["session_id"],
        # Wrong codes of guests are counted against guessing; staff mistype.
        "counted": guest_id is not None,
        "lines": locked["lines"],
    }


def _first_order(locked: Mapping[str, Any], guest_id: str | None) -> bool | None:
    """Whether these are the first orders that the guest pays here; None where none of them is theirs."""
    # Orders that were locked by the release before do not say.
    own = [order.get("first", False) for order in locked["orders"] if guest_id and order["guest_id"] == guest_id]
    return all(own) if own else None


def offer(
    locked: Mapping[str, Any], tip: Mapping[str, Any] | None, answer: Mapping[str, Any] | None, step: int = 1
) -> Offer:
    """Price locked orders in multiples of ``step``; ``answer`` is None while promotion-service is away.

    Raises CurrencyMismatch or TipTooLarge.
    """
    given = answer if answer is not None else {**_NOTHING, "rejected": [PROMOTIONS_AWAY]}
    lines = [
        Line(
            id=line["id"],
            name=line["name"],
            quantity=line["quantity"],
            gross=line["gross_minor"],
            tax_ppm=line["tax_ppm"],
            discountable=line["discountable"],
            menu_item_id=line["menu_item_id"],
            options=tuple(Option(one["name"], one["price_minor"]) for one in line["options"]),
        )
        for line in locked["lines"]
    ]
    terms = Terms(
        currency=locked["currency"],
        digits=locked["currency_digits"],
        tax_included=locked["tax_included"],
        tax_rounding=locked["tax_rounding"],
        service_charge_bps=locked["service_charge_bps"],
    )
    discounts = [
        Discount(
            promotion_id=one["promotion_id"],
            name=one["name"],
            code=one["code"],
            shares={line["line_id"]: line["discount_minor"] for line in one["lines"]},
        )
        for one in given["applied"]
    ]
    return Offer(totals(lines, terms, discounts, _tip(tip, terms.currency, lines), step), given)


def agree(made: Offer, expected: Mapping[str, Any] | None) -> None:
    """Let a quote pass that has the total the client agreed to, if it said one; raises PriceChanged."""
    if expected is None:
        return
    currency = made.quote.terms.currency
    if expected["currency"] != currency:
        raise CurrencyMismatch(currency=currency)
    if expected["amount"] != made.quote.total:
        raise PriceChanged(quote=made.as_json())


def _tip(tip: Mapping[str, Any] | None, currency: str, lines: Sequence[Line]) -> int:
    if tip is None or not tip["amount"]:
        return 0
    if tip["currency"] != currency:
        raise CurrencyMismatch(currency=currency)
    if tip["amount"] > sum(line.gross for line in lines):
        raise TipTooLarge
    return int(tip["amount"])
