"""The moves a bill, a payment and a refund may make, and the points at which a test may kill the driver. PURE."""

from __future__ import annotations

from typing import Final

BILL_MOVES: Final[dict[str, tuple[str, ...]]] = {
    "created": ("locked", "compensating"),
    "locked": ("priced", "compensating"),
    "priced": ("paying", "captured"),
    "paying": ("captured", "compensating"),
    # The pivot: money has moved, so from here there is only forward; the way back is a refund.
    "captured": ("completed",),
    "compensating": ("failed",),
    "completed": (),
    "failed": (),
}
BILL_ENDS: Final = tuple(status for status, onward in BILL_MOVES.items() if not onward)

PAYMENT_MOVES: Final[dict[str, tuple[str, ...]]] = {
    "created": ("processing", "captured"),
    "processing": ("requires_action", "authorized", "captured", "failed", "unknown"),
    "requires_action": ("processing", "authorized", "captured", "failed", "unknown"),
    "unknown": ("processing", "requires_action", "authorized", "captured", "failed"),
    "authorized": ("captured", "failed"),
    "captured": (),
    "failed": (),
}
PAYMENT_PENDING: Final = ("processing", "requires_action", "unknown", "authorized")

REFUND_MOVES: Final[dict[str, tuple[str, ...]]] = {
    "processing": ("unknown", "succeeded", "failed"),
    "unknown": ("processing", "succeeded", "failed"),
    # The money is back; order-service and promotion-service are still to be told.
    "succeeded": ("completed", "failed"),
    # A bank may send the money back days later.
    "completed": ("failed",),
    "failed": (),
}

# What a receipt is of: a paid bill, money that went back, money on its way back that a bank returned.
RECEIPT_KINDS: Final = ("sale", "credit", "reversal")

# What a driver asks of others; each is idempotent by the bill's or the payment's id.
CALLS: Final = (
    "order.lock_for_bill",
    "promotion.apply",
    "provider.create",
    "provider.look_up",
    "provider.cancel",
    "provider.capture",
    "order.mark_partially_paid",
    "order.mark_paid",
    "promotion.confirm",
    "promotion.release",
    "order.unlock",
)
ARROWS: Final = tuple(f"{start}-{end}" for start, ends in BILL_MOVES.items() for end in ends)
POINTS: Final = frozenset(
    ("opened", *ARROWS, *(f"before {call}" for call in CALLS), *(f"after {call}" for call in CALLS))
)

# A refund's own points: its moves, whoever makes them, and what its driver asks of others.
REFUND_CALLS: Final = ("provider.refund", "provider.look_up_refund", "order.mark_refunded", "promotion.reverse")
REFUND_ARROWS: Final = tuple(f"refund {start}-{end}" for start, ends in REFUND_MOVES.items() for end in ends)
REFUND_POINTS: Final = frozenset(
    (
        "refund opened",
        *REFUND_ARROWS,
        *(f"before {call}" for call in REFUND_CALLS),
        *(f"after {call}" for call in REFUND_CALLS),
    )
)


def may_move(moves: dict[str, tuple[str, ...]], start: str, end: str) -> bool:
    """Whether a thing in status ``start`` may go to ``end``; raises KeyError for a status nobody knows."""
    return end in moves[start]
