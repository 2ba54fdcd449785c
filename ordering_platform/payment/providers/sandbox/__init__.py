"""A payment provider that moves no money and otherwise behaves like one, chosen by its test cards.

It keeps its own books (``sandbox_charges``, ``sandbox_refunds``), so that tests can compare what was charged
and given back with what the platform believes, and signs its webhooks like the large providers do.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ordering_platform.payment.errors import CardInvalid, WebhookInvalid
from ordering_platform.payment.providers import Charge, Notice, Outcome, Provider, RefundOutcome, Repayment, signed
from ordering_platform.payment.providers.sandbox import charging, refunding
from ordering_platform.payment.providers.sandbox.cards import CARDS
from ordering_platform.runtime.database import Transactions, engine_of
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.config import Settings

SIGNATURE = "Sandbox-Signature"


class Sandbox(Provider):
    """The simulator; it approves, declines, asks, delays and loses its answers on request."""

    id: ClassVar[str] = "sandbox"
    name: ClassVar[str] = "Card (test)"
    kind: ClassVar[Literal["counter", "online"]] = "online"
    holds: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        """Open books of its own; nothing is connected yet."""
        super().__init__(settings)
        self.books = Transactions(engine_of(settings))
        self._secret = settings.sandbox_webhook_secret

    def described(self) -> dict[str, Any]:
        """Offer the test cards along with the method."""
        cards = [{"token": token, "behaviour": said} for token, (_, said) in CARDS.items()]
        return {**super().described(), "test_cards": cards}

    def check(self, card: Mapping[str, Any] | None) -> None:
        """Know only the test cards."""
        if card is None or card.get("token") not in CARDS:
            raise CardInvalid

    def create(self, charge: Charge) -> Outcome:
        """Charge a test card once for each payment id."""
        return charging.create(self.books, charge)

    def look_up(self, payment_id: str, reference: str | None = None) -> Outcome | None:
        """Read the book of charges."""
        del reference
        return charging.look_up(self.books, payment_id)

    def cancel(self, payment_id: str, reference: str | None = None) -> Outcome:
        """Void the charge, also one that has not arrived yet."""
        del reference
        return charging.cancel(self.books, payment_id)

    def capture(self, payment_id: str, amount: int, reference: str | None = None) -> Outcome:
        """Take up to what is held, once."""
        del reference
        return charging.capture(self.books, payment_id, amount)

    def refund(self, repayment: Repayment) -> RefundOutcome:
        """Give money back once for each refund id, never more than was captured."""
        return refunding.refund(self.books, repayment)

    def look_up_refund(self, repayment: Repayment) -> RefundOutcome | None:
        """Read the book of refunds."""
        return refunding.look_up_refund(self.books, repayment)

    def challenge(self, payment_id: str, *, approve: bool) -> Outcome:
        """Answer the card holder's question."""
        return charging.challenge(self.books, payment_id, approve=approve)

    def webhook(
        self, payment_id: str | None, kind: str = "charge.updated", *, refund_id: str | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Write the signed message this provider would send about a charge or a refund: headers and body."""
        message = {"id": new_id("evt"), "type": kind, "payment_id": payment_id, "refund_id": refund_id}
        body = json.dumps(message).encode()
        return {SIGNATURE: signed.header(self._secret, int(time.time()), body)}, body

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check time and signature, then read what the message is about."""
        signed.check(self._secret, headers.get(SIGNATURE, ""), body, time.time())
        try:
            message = json.loads(body)
            about = (_id(message.get("payment_id")), _id(message.get("refund_id")))
            return Notice(_text(message["id"]), _text(message["type"]), *about)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise WebhookInvalid from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(value)
    return value


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and is_id(value) else None
