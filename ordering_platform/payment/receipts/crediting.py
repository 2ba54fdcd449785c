"""PURE: how much tax a refund gives back, so that what was refunded whole was taxed by nothing in the end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ordering_platform.runtime.money import allocate, half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Rates = dict[int, int]


def credited(
    quote: Mapping[str, Any],
    before: Iterable[Mapping[str, Any]],
    amount: int,
    lines: Sequence[Mapping[str, Any]],
) -> list[dict[str, int]]:
    """Share what goes back (minor units, no tip) over the tax rates of the bill: [{rate_ppm, net_minor, tax_minor}].

    Named lines give back the tax of their own rates, an amount without lines that of all rates in proportion.
    The last refund gives back whatever is left of each rate. Money beyond the bill's own, which the step of
    a coin may add, carries no tax.
    """
    left, taxes = _left(quote, before)
    whole = sum(left.values())
    given = min(amount, whole)
    wished: Rates = defaultdict(int)
    rate_of = {line["line_id"]: line["tax_ppm"] for line in quote["lines"]}
    for line in lines:
        wished[rate_of[line["line_id"]]] += line["amount_minor"]
    shares = {rate: min(wished[rate], left[rate]) for rate in left}
    rest = given - sum(shares.values())
    if rest > 0:
        room = [left[rate] - shares[rate] for rate in left]
        for rate, share in zip(left, allocate(rest, room), strict=True):
            shares[rate] += share
    return [_line(rate, share, left[rate], taxes[rate]) for rate, share in shares.items() if share]


def _line(rate: int, share: int, left: int, tax_left: int) -> dict[str, int]:
    tax = half_up(tax_left * share, left)
    return {"rate_ppm": rate, "net_minor": share - tax, "tax_minor": tax}


def _left(quote: Mapping[str, Any], before: Iterable[Mapping[str, Any]]) -> tuple[Rates, Rates]:
    """Give what earlier refunds have left of each rate: with its tax, and the tax alone."""
    left = {one["rate_ppm"]: one["net"]["amount"] + one["tax"]["amount"] for one in quote["tax_lines"]}
    taxes = {one["rate_ppm"]: one["tax"]["amount"] for one in quote["tax_lines"]}
    for credit in before:
        for one in credit["tax_lines"]:
            left[one["rate_ppm"]] -= one["net_minor"] + one["tax_minor"]
            taxes[one["rate_ppm"]] -= one["tax_minor"]
    return left, taxes
