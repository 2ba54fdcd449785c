"""Arithmetic on whole minor units: exact integers, rounded half up, shared out without a cent lost.

No float and no Decimal takes part. Rates are basis points (percent) or parts per million (tax).
The number of digits of a currency is ISO 4217's, never that of Babel or of a browser.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypedDict

from iso4217 import Currency

if TYPE_CHECKING:
    from collections.abc import Sequence

BPS = 10_000
PPM = 1_000_000
MAX_MINOR = 10**16


class Money(TypedDict):
    """An amount as it stands in JSON: whole minor units and an ISO 4217 code."""

    amount: int
    currency: str


def money(amount: int, currency: str) -> Money:
    """Give an amount of minor units its currency."""
    return {"amount": amount, "currency": currency}


@cache
def digits(currency: str) -> int:
    """Give the ISO 4217 number of minor digits; raises ValueError for an unknown code."""
    exponent = Currency(currency).exponent
    if exponent is None:
        msg = f"{currency} is not money that can be counted"
        raise ValueError(msg)
    return int(exponent)


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest whole unit, halves away from zero; ``denominator`` > 0."""
    if numerator < 0:
        return -half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def pct(amount: int, bps: int) -> int:
    """Take ``bps`` basis points of an amount, rounded half up once."""
    return half_up(amount * bps, BPS)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Share ``total`` minor units over ``weights``: floor shares, then one unit each by largest remainder.

    Ties go to the earlier position. A share never exceeds its weight while ``total`` does not exceed
    their sum, and a weight of 0 gets 0. Raises ValueError on negative input or nobody to share with.
    """
    if total < 0 or min(weights, default=0) < 0:
        msg = "only amounts of zero or more can be shared out"
        raise ValueError(msg)
    whole = sum(weights)
    if whole == 0:
        if total:
            msg = "there is nobody to share with"
            raise ValueError(msg)
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    if missing := total - sum(shares):
        remainders = [total * weight % whole for weight in weights]
        # Sorting is stable in reverse too, so of equal remainders the earlier place stays first.
        for place in sorted(range(len(weights)), key=remainders.__getitem__, reverse=True)[:missing]:
            shares[place] += 1
    return shares
