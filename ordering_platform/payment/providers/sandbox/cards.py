"""The test cards: what becomes of a charge, of a hold and of a refund is chosen by the card. PURE."""

from __future__ import annotations

from typing import Final

# Test card: what becomes of its charge at once ("approved" is captured, or only held where that was asked),
# and what a page may say about it.
CARDS: Final[dict[str, tuple[str, str]]] = {
    "tok_approve": ("approved", "is approved at once"),
    "tok_decline": ("failed", "is declined"),
    "tok_3ds": ("requires_action", "asks the card holder first"),
    "tok_delay": ("processing", "is approved after two seconds"),
    "tok_timeout": ("approved", "is approved, but the first answer is lost"),
    "tok_unavailable": ("unavailable", "cannot be reached; nothing is charged"),
    "tok_hold_lapses": ("approved", "is approved; money that is only held is let go after two seconds"),
    "tok_refund_fails": ("approved", "is approved, but refuses every refund"),
    "tok_refund_timeout": ("approved", "is approved, but the first answer to a refund is lost"),
    "tok_refund_fails_later": ("approved", "is approved; a refund succeeds and fails two seconds later"),
    "tok_refund_delay": ("approved", "is approved; a refund takes two seconds"),
}

UNREACHABLE: Final = "tok_unavailable"
LOSES_ANSWERS: Final = "tok_timeout"
LETS_HOLDS_GO: Final = "tok_hold_lapses"
LOSES_REFUND_ANSWERS: Final = "tok_refund_timeout"

# What becomes of a refund at once, and what two seconds later.
REFUNDS: Final[dict[str, tuple[str, str | None]]] = {
    "tok_refund_fails": ("failed", None),
    "tok_refund_fails_later": ("succeeded", "failed"),
    "tok_refund_delay": ("processing", "succeeded"),
}
GIVEN_BACK: Final = ("succeeded", None)


def first_status(card: str, *, capture_later: bool) -> str:
    """Give the status a charge of this card begins with; raises KeyError for a card nobody has listed."""
    status = CARDS[card][0]
    return approved(capture_later=capture_later) if status == "approved" else status


def approved(*, capture_later: bool) -> str:
    """Give the status of a charge the bank agrees to."""
    return "authorized" if capture_later else "captured"
