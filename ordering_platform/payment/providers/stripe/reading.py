"""Reads Stripe's objects: what a PaymentIntent or a refund means for a payment of ours, and what an event is about."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment.errors import WebhookInvalid
from ordering_platform.payment.providers import Notice, Outcome, RefundOutcome, RefundStatus, Status
from ordering_platform.payment.providers.stripe.amounts import from_stripe
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_STATUS: Final[dict[str, Status]] = {
    "succeeded": "captured",
    "requires_capture": "authorized",
    "requires_action": "requires_action",
    "canceled": "failed",
    "requires_payment_method": "failed",
}
_REFUND_STATUS: Final[dict[str, RefundStatus]] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}
_LONGEST: Final = 255


def outcome_of(intent: Any) -> Outcome:
    """Say what has become of a charge; what Stripe still works on is ``processing``."""
    status = _STATUS.get(intent["status"], "processing")
    currency = intent["currency"].upper()
    amount = intent["amount_received"] if status == "captured" else intent["amount"]
    return Outcome(
        status,
        intent["id"],
        from_stripe(amount, currency),
        currency,
        _code(intent) if status == "failed" else None,
        _next_action(intent) if status == "requires_action" else None,
    )


def _code(intent: Any) -> str:
    if error := intent.get("last_payment_error"):
        return str(error.get("decline_code") or error.get("code") or "card_declined")
    # A bank lets money go that nobody takes; Stripe then cancels by itself.
    return "expired" if intent.get("cancellation_reason") == "automatic" else "cancelled"


def _next_action(intent: Any) -> dict[str, Any]:
    action = intent["next_action"] or {}
    if action.get("type") == "redirect_to_url":
        return {"type": "redirect", "url": action["redirect_to_url"]["url"]}
    return {"type": "stripe", "client_secret": intent["client_secret"]}


def refund_outcome_of(refund: Any) -> RefundOutcome:
    """Say what has become of a refund; what Stripe still works on is ``processing``."""
    status = _REFUND_STATUS.get(refund["status"], "processing")
    code = str(refund.get("failure_reason") or "refund_failed") if status == "failed" else None
    return RefundOutcome(status, refund["id"], code)


def notice_of(body: bytes) -> Notice:
    """Say what a signed event is about, by the ids of ours that its object carries; raises WebhookInvalid."""
    try:
        event = json.loads(body)
        about = event["data"]["object"].get("metadata") or {}
        return Notice(_text(event["id"]), _text(event["type"]), _id(about, "payment_id"), _id(about, "refund_id"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise WebhookInvalid from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST:
        raise ValueError(value)
    return value


def _id(metadata: Mapping[str, Any], name: str) -> str | None:
    value = metadata.get(name)
    return value if isinstance(value, str) and is_id(value) else None
