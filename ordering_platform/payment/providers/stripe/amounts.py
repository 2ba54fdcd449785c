"""Amounts as Stripe counts them: ISO minor units, but for the few currencies that it counts in its own way. PURE."""

from __future__ import annotations

from typing import Final

from ordering_platform.runtime.money import digits

# ISO 4217 gives these no digits; Stripe wants two, which are always 00.
_WITH_TWO: Final = frozenset({"ISK", "UGX"})
# ISO 4217 gives these two digits; Stripe has none.
_WITH_NONE: Final = frozenset({"MGA"})
_THREE: Final = 3


def step(currency: str) -> int:
    """Give the smallest amount a charge can move by, in ISO minor units.

    The last of three digits must be 0 at Stripe, and what it does not count cannot be charged.
    """
    if digits(currency) == _THREE:
        return 10
    return int(10 ** max(digits(currency) - _digits(currency), 0))


def to_stripe(amount: int, currency: str) -> int:
    """Turn ISO minor units into Stripe's; raises ValueError for an amount between two of its steps."""
    if amount % step(currency):
        raise ValueError(f"Stripe cannot charge {amount} minor units of {currency}")
    return int(amount * 10 ** _digits(currency) // 10 ** digits(currency))


def from_stripe(amount: int, currency: str) -> int:
    """Turn Stripe's units into ISO minor units."""
    return int(amount * 10 ** digits(currency) // 10 ** _digits(currency))


def _digits(currency: str) -> int:
    if currency in _WITH_TWO:
        return 2
    return 0 if currency in _WITH_NONE else digits(currency)
