"""Stripe: a PaymentIntent for each payment, found again by our ids, never charged twice.

Our payment id is the idempotency key of the charge and stands in its metadata, where look-ups find it; our refund
id does the same for money on its way back. Needs the extra ``ordering-platform[stripe]``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import stripe

from ordering_platform.payment.errors import CardInvalid
from ordering_platform.payment.providers import (
    Charge,
    Notice,
    Outcome,
    Provider,
    ProviderSilent,
    RefundOutcome,
    Repayment,
    signed,
)
from ordering_platform.payment.providers.stripe import amounts
from ordering_platform.payment.providers.stripe.line import asked, client_of, listed
from ordering_platform.payment.providers.stripe.reading import notice_of, outcome_of, refund_outcome_of
from ordering_platform.runtime.ids import made_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.config import Settings

Intent = dict[str, Any]

SIGNATURE = "Stripe-Signature"
# Around the making of its id, in seconds, a charge is looked for: clocks differ, and a driver tries for a while.
_BEFORE: Final = 300
_AFTER: Final = 900
# What closes a key for ever costs nobody anything: it is made without a card and cancelled at once.
_TOMBSTONE: Final = {"amount": 100, "currency": "usd"}


class Stripe(Provider):
    """Cards by Stripe; the page turns them into payment methods, their numbers never reach us."""

    id: ClassVar[str] = "stripe"
    name: ClassVar[str] = "Card"
    kind: ClassVar[Literal["counter", "online"]] = "online"
    holds: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        """Keep the client and the secret of the webhooks; touches no network."""
        super().__init__(settings)
        client = client_of(settings)
        self._intents = client.v1.payment_intents
        self._refunds = client.v1.refunds
        self._webhook_secret = settings.stripe_webhook_secret

    def check(self, card: Mapping[str, Any] | None) -> None:
        """Want the id of a payment method, as Stripe's own form gives it."""
        if card is None or not str(card.get("token", "")).startswith("pm_"):
            raise CardInvalid

    def step(self, currency: str, cash_step: int) -> int:
        """Give the smallest amount Stripe can move: the last of three digits must be 0."""
        del cash_step
        return amounts.step(currency)

    def create(self, charge: Charge) -> Outcome:
        """Charge a payment method, or hold the money."""
        wanted = {
            "amount": amounts.to_stripe(charge.amount, charge.currency),
            "currency": charge.currency.lower(),
            "payment_method": charge.card["token"],
            "payment_method_types": ["card"],
            "capture_method": "manual" if charge.capture_later else "automatic",
            "confirm": True,
            "metadata": {"payment_id": charge.payment_id},
        }
        try:
            intent = asked(self._intents.create, wanted, {"idempotency_key": charge.payment_id})
        except stripe.CardError:
            intent = self._surely(charge.payment_id)
        except stripe.IdempotencyError:
            # The key was closed by a cancellation that overtook us.
            intent = self._surely(charge.payment_id)
        except stripe.InvalidRequestError as fault:
            return Outcome("failed", code=fault.code or "refused")
        return self._ended(intent)

    def look_up(self, payment_id: str, reference: str | None = None) -> Outcome | None:
        """Find the charge by its reference or among those of its time."""
        intent = self._found(payment_id, reference)
        return self._ended(intent) if intent is not None else None

    def cancel(self, payment_id: str, reference: str | None = None) -> Outcome:
        """Cancel the charge or, before it has arrived, close its key."""
        intent = self._found(payment_id, reference) or self._tombstone(payment_id)
        return outcome_of(self._cancelled(intent))

    def capture(self, payment_id: str, amount: int, reference: str | None = None) -> Outcome:
        """Take up to what is held, once; Stripe lets the rest go."""
        intent = self._found(payment_id, reference)
        if intent is None:
            return Outcome("failed", code="charge_not_found")
        taken = {"amount_to_capture": amounts.to_stripe(amount, intent["currency"].upper())}
        if intent["status"] == "requires_capture":
            try:
                key = {"idempotency_key": f"{payment_id}-capture"}
                intent = asked(self._intents.capture, intent["id"], taken, key)
            except (stripe.InvalidRequestError, stripe.IdempotencyError):
                # Somebody was faster: it is taken or let go already.
                intent = self._retrieved(intent["id"])
        return outcome_of(intent)

    def refund(self, repayment: Repayment) -> RefundOutcome:
        """Give money back once for each refund id; Stripe refuses more than was captured."""
        intent = self._found(repayment.payment_id, repayment.reference)
        if intent is None:
            return RefundOutcome("failed", code="charge_not_found")
        if intent["currency"].upper() != repayment.currency or repayment.amount % amounts.step(repayment.currency):
            return RefundOutcome("failed", code="amount_not_possible")
        wanted = {
            "payment_intent": intent["id"],
            "amount": amounts.to_stripe(repayment.amount, repayment.currency),
            "metadata": {"refund_id": repayment.refund_id},
        }
        try:
            made = asked(self._refunds.create, wanted, {"idempotency_key": repayment.refund_id})
        except stripe.InvalidRequestError as fault:
            return RefundOutcome("failed", code=fault.code or "refused")
        return refund_outcome_of(made)

    def look_up_refund(self, repayment: Repayment) -> RefundOutcome | None:
        """Find the refund among those of its charge."""
        intent = self._found(repayment.payment_id, repayment.reference)
        if intent is None:
            return None
        made = listed(self._refunds.list, {"payment_intent": intent["id"], "limit": 100})
        mine = (one for one in made if (one["metadata"] or {}).get("refund_id") == repayment.refund_id)
        found = next(mine, None)
        return refund_outcome_of(found) if found is not None else None

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Check time and signature, then read whose ids the event's object carries."""
        signed.check(self._webhook_secret, headers.get(SIGNATURE, ""), body, time.time())
        return notice_of(body)

    def _ended(self, intent: Intent) -> Outcome:
        """Say what became of a charge; a declined one is cancelled, so that no other card can be tried on it."""
        if intent["status"] == "requires_payment_method":
            intent = self._cancelled(intent)
        return outcome_of(intent)

    def _found(self, payment_id: str, reference: str | None) -> Intent | None:
        if reference is not None:
            return self._retrieved(reference)
        try:
            made = int(made_at(payment_id))
        except ValueError:
            return None
        window = {"created": {"gte": made - _BEFORE, "lte": made + _AFTER}, "limit": 100}
        of_its_time = listed(self._intents.list, window)
        return next((one for one in of_its_time if (one["metadata"] or {}).get("payment_id") == payment_id), None)

    def _surely(self, payment_id: str) -> Intent:
        """Find a charge that must be there; raises ProviderSilent where Stripe does not show it yet."""
        intent = self._found(payment_id, None)
        if intent is None:
            raise ProviderSilent
        return intent

    def _retrieved(self, reference: str) -> Intent:
        return asked(self._intents.retrieve, reference)

    def _tombstone(self, payment_id: str) -> Intent:
        """Use the key up for a charge that can never be made, so that one that comes late is refused."""
        nothing = {**_TOMBSTONE, "payment_method_types": ["card"], "metadata": {"payment_id": payment_id}}
        try:
            return asked(self._intents.create, nothing, {"idempotency_key": payment_id})
        except stripe.IdempotencyError:
            # It has arrived in this moment.
            return self._surely(payment_id)

    def _cancelled(self, intent: Intent) -> Intent:
        if intent["status"] in {"succeeded", "canceled"}:
            return intent
        try:
            return asked(self._intents.cancel, intent["id"])
        except stripe.InvalidRequestError:
            # It has come to its end meanwhile, or the bank works on it.
            return self._retrieved(intent["id"])
