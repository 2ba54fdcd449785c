"""PURE: how an order may move, by whom, and the words for its two axes."""

from __future__ import annotations

from dataclasses import dataclass

POLICIES = ("open", "staff_accepts", "visit_code", "pay_first")
# When a table session ends by itself: all paid; all paid and idle for a while; never.
SESSION_CLOSINGS = ("paid", "idle", "staff")

CALL_KINDS = ("order", "bill", "water", "help", "other")
CALL_STATUSES = ("open", "acknowledged", "resolved")

STATUSES = (
    "open",
    "placed",
    "accepted",
    "preparing",
    "ready",
    "served",
    "completed",
    "rejected",
    "cancelled",
)
PAYMENT_STATUSES = ("unpaid", "pending", "partially_paid", "paid", "partially_refunded", "refunded")
# Paid at some time; giving money back does not make a bill open again.
ONCE_PAID = ("paid", "partially_refunded", "refunded")

# What the kitchen has been told of and nobody has taken back.
SENT = ("placed", "accepted", "preparing", "ready", "served", "completed")
UNFINISHED = ("placed", "accepted", "preparing", "ready")
DEAD = ("rejected", "cancelled")


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed step: the staff role that may take it, and whether it must be explained."""

    role: str
    guest: bool = False
    reason: bool = False


_KITCHEN = Move("kitchen")
_WAITER = Move("waiter")

# ``placed`` has its own verb, because everything is checked again on the way there.
MOVES: dict[tuple[str, str], Move] = {
    ("open", "cancelled"): Move("waiter", guest=True),
    ("placed", "accepted"): _KITCHEN,
    ("placed", "rejected"): Move("kitchen", reason=True),
    ("placed", "cancelled"): Move("waiter", guest=True),
    ("accepted", "preparing"): _KITCHEN,
    ("accepted", "cancelled"): _WAITER,
    ("preparing", "ready"): _KITCHEN,
    ("preparing", "cancelled"): Move("waiter", reason=True),
    ("ready", "served"): _WAITER,
    ("ready", "cancelled"): Move("waiter", reason=True),
    ("served", "completed"): _WAITER,
    # A wrong tap is taken back the way it came; guests see the order where it is.
    ("preparing", "accepted"): _KITCHEN,
    ("ready", "preparing"): _KITCHEN,
    ("served", "ready"): _WAITER,
    ("served", "cancelled"): Move("waiter", reason=True),
}

# What one may ask for through the status door.
TARGETS = tuple(status for status in STATUSES if any(to == status for _, to in MOVES))


def sources(to: str) -> list[str]:
    """List the statuses from which an order may move to ``to``."""
    return [start for start, target in MOVES if target == to]


def moves_from(status: str) -> list[str]:
    """List where an order in this status may go."""
    return [target for start, target in MOVES if start == status]
