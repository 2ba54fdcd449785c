"""A payment provider that moves no money and otherwise behaves like one, chosen by its test cards.

It keeps its own books (``sandbox_charges``), so that tests can compare what was charged with what the
platform believes, and signs its webhooks like the large providers do: HMAC-SHA256 over time and body.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ordering_platform.payment.errors import CardInvalid, ChallengeNotPending, WebhookInvalid
from ordering_platform.payment.models import sandbox_charges as charges
from ordering_platform.payment.providers import Charge, Notice, Outcome, Provider, ProviderSilent, Status
from ordering_platform.runtime.database import Transactions, engine_of
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.prepared import prepared
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.config import Settings

SIGNATURE = "Sandbox-Signature"
TOLERANCE = 300
DELAY = timedelta(seconds=2)

# Test card: what becomes of its charge at once, and what a page may say about it.
_CARDS = {
    "tok_approve": ("captured", "is approved at once"),
    "tok_decline": ("failed", "is declined"),
    "tok_3ds": ("requires_action", "asks the card holder first"),
    "tok_delay": ("processing", "is approved after two seconds"),
    "tok_timeout": ("captured", "is approved, but the first answer is lost"),
}

_CHARGE = prepared("""
    INSERT INTO payments.sandbox_charges AS charge (id, reference, card, status, amount_minor, currency, settles_at)
    VALUES (:id, :reference, :card, :status, :amount, :currency, now() + :delay)
    ON CONFLICT (id) DO UPDATE SET asked = charge.asked + 1
    RETURNING reference, status, amount_minor, currency, asked
""")


class Sandbox(Provider):
    """The simulator; it approves, declines, asks, delays and loses its answers on request."""

    id: ClassVar[str] = "sandbox"
    name: ClassVar[str] = "Card (test)"
    kind: ClassVar[Literal["counter", "online"]] = "online"

    def __init__(self, settings: Settings) -> None:
        """Open books of its own; nothing is connected yet."""
        super().__init__(settings)
        self.books = Transactions(engine_of(settings))
        self._secret = settings.sandbox_webhook_secret

    def described(self) -> dict[str, Any]:
        """Offer the test cards along with the method."""
        cards = [{"token": token, "behaviour": said} for token, (_, said) in _CARDS.items()]
        return {**super().described(), "test_cards": cards}

    def check(self, card: Mapping[str, Any] | None) -> None:
        """Know only the test cards."""
        if card is None or card.get("token") not in _CARDS:
            raise CardInvalid

    def create(self, charge: Charge) -> Outcome:
        """Charge a test card once for each payment id."""
        card = charge.card["token"]
        values = {
            "id": charge.payment_id,
            "reference": new_id("sbx"),
            "card": card,
            "status": _CARDS[card][0],
            "amount": charge.amount,
            "currency": charge.currency,
            "delay": DELAY,
        }
        found = self._one(_CHARGE, values)
        if card == "tok_timeout" and found.asked == 1:
            raise ProviderSilent
        return _outcome(found)

    def look_up(self, payment_id: str) -> Outcome | None:
        """Read the books; a delayed charge is approved once its time has come."""
        due = (
            (charges.c.id == payment_id) & (charges.c.status == "processing") & (charges.c.settles_at <= sa.func.now())
        )
        found = self._one(sa.update(charges).where(due).values(status="captured").returning(charges))
        found = found or self._one(sa.select(charges).where(charges.c.id == payment_id))
        return _outcome(found) if found else None

    def cancel(self, payment_id: str) -> Outcome:
        """Void the charge, also one that has not arrived yet; a captured one stays captured."""
        row = insert(charges).values(
            id=payment_id, reference=new_id("sbx"), card="", status="cancelled", amount_minor=0, currency=""
        )
        open_ones = charges.c.status.in_(("requires_action", "processing"))
        status = sa.case((open_ones, "cancelled"), else_=charges.c.status)
        kept = row.on_conflict_do_update(index_elements=["id"], set_={"status": status}).returning(charges)
        return _outcome(self._one(kept))

    def challenge(self, payment_id: str, *, approve: bool) -> Outcome:
        """Answer the card holder's question."""
        waiting = (charges.c.id == payment_id) & (charges.c.status == "requires_action")
        answered = sa.update(charges).where(waiting).values(status="captured" if approve else "failed")
        found = self._one(answered.returning(charges))
        if found is None:
            raise ChallengeNotPending
        return _outcome(found)

    def webhook(self, payment_id: str, kind: str = "charge.updated") -> tuple[dict[str, str], bytes]:
        """Write the signed message this provider would send about a charge: headers and body."""
        body = json.dumps({"id": new_id("evt"), "type": kind, "payment_id": payment_id}).encode()
        moment = int(time.time())
        return {SIGNATURE: f"t={moment},v1={signature(self._secret, moment, body)}"}, body

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check time and signature; one good signature among several is enough, so that secrets can be rotated."""
        moment, signatures = _parts(headers.get(SIGNATURE, ""))
        if not self._secret or abs(time.time() - moment) > TOLERANCE:
            raise WebhookInvalid
        expected = signature(self._secret, moment, body)
        if not any(hmac.compare_digest(expected, one) for one in signatures):
            raise WebhookInvalid
        try:
            message = json.loads(body)
            return Notice(_text(message["id"]), _text(message["type"]), _payment_id(message.get("payment_id")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise WebhookInvalid from None

    def _one(self, statement: Any, values: dict[str, Any] | None = None) -> Any:
        with self.books.single() as tx:
            return tx.execute(statement, values).one_or_none()


def signature(secret: str, moment: int, body: bytes) -> str:
    """Sign a body as of a moment (seconds since 1970)."""
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def _parts(header: str) -> tuple[int, list[str]]:
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    moments = [value for name, value in pairs if name == "t" and value.isascii() and value.isdigit()]
    signatures = [value for name, value in pairs if name == "v1" and value.isascii()]
    return (int(moments[0][:12]) if len(moments) == 1 else 0), signatures


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(value)
    return value


def _payment_id(value: object) -> str | None:
    return value if isinstance(value, str) and is_id(value) else None


def _outcome(row: Any) -> Outcome:
    status: Status = "failed" if row.status == "cancelled" else row.status
    code = {"failed": "card_declined", "cancelled": "cancelled"}.get(row.status)
    action = {"type": "challenge"} if status == "requires_action" else None
    return Outcome(status, row.reference, row.amount_minor, row.currency, code, action)
