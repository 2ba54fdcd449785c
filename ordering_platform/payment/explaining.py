"""Writes a quote so that a guest can follow every cent: how each line came to its price, and what each offer did.

PURE, and no second calculation: every amount shown is one the quote holds, or the sum of two of them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordering_platform.payment.pricing import Discount, Quote, QuotedLine


def explained(
    quote: Quote, rejected: Sequence[Mapping[str, Any]] = (), hints: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Give the quote as the API shows it, with what promotions said that do not apply."""
    currency = quote.terms.currency
    taken = _by_line(quote.discounts, currency)
    return {
        "lines": [_line(line, taken.get(line.id, []), quote) for line in quote.lines],
        "subtotal": {"amount": quote.subtotal, "currency": currency},
        "discount": {"amount": quote.discount, "currency": currency},
        "service_charge_bps": quote.terms.service_charge_bps,
        "service_charge": {"amount": quote.service_charge, "currency": currency},
        "tax_included": quote.terms.tax_included,
        "tax_rounding": quote.terms.tax_rounding,
        "tax": {"amount": quote.tax, "currency": currency},
        "tax_lines": [
            {
                "rate_ppm": rate.rate_ppm,
                "net": {"amount": rate.net, "currency": currency},
                "tax": {"amount": rate.tax, "currency": currency},
            }
            for rate in quote.tax_lines
        ],
        "tip": {"amount": quote.tip, "currency": currency},
        "rounding": {"amount": quote.rounding, "currency": currency},
        "rounding_step": {"amount": quote.step, "currency": currency},
        "total": {"amount": quote.total, "currency": currency},
        "promotions": {
            "applied": [_applied(discount, currency) for discount in quote.discounts],
            "rejected": [_missing(one, currency) for one in rejected],
            "hints": [_missing(one, currency) for one in hints],
        },
        "hash": quote.digest(),
    }


def _line(line: QuotedLine, discounts: list[dict[str, Any]], quote: Quote) -> dict[str, Any]:
    currency = quote.terms.currency
    unit = line.gross // line.quantity
    return {
        "line_id": line.id,
        "menu_item_id": line.menu_item_id,
        "name": line.name,
        "quantity": line.quantity,
        "base": {"amount": unit - sum(option.price for option in line.options), "currency": currency},
        "options": [
            {"name": option.name, "price": {"amount": option.price, "currency": currency}} for option in line.options
        ],
        "unit": {"amount": unit, "currency": currency},
        "gross": {"amount": line.gross, "currency": currency},
        "discounts": discounts,
        "discount": {"amount": line.discount, "currency": currency},
        "net": {"amount": line.net, "currency": currency},
        "service_charge": {"amount": line.service_charge, "currency": currency},
        "tax_ppm": line.tax_ppm,
        "tax": {"amount": line.tax, "currency": currency},
        "total": {"amount": line.total(on_top=not quote.terms.tax_included), "currency": currency},
    }


def _by_line(discounts: Sequence[Discount], currency: str) -> dict[str, list[dict[str, Any]]]:
    taken: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for discount in discounts:
        for line_id, share in discount.shares.items():
            if share:
                amount = {"amount": share, "currency": currency}
                taken[line_id].append({"promotion_id": discount.promotion_id, "name": discount.name, "amount": amount})
    return taken


def _applied(discount: Discount, currency: str) -> dict[str, Any]:
    typed = discount.code is not None
    return {
        "promotion_id": discount.promotion_id,
        "name": discount.name,
        "code": discount.code,
        "reason": "code_entered" if typed else "automatic",
        "message": f"The code {discount.code} was entered." if typed else "It applies without a code.",
        "amount": {"amount": discount.amount, "currency": currency},
    }


def _missing(one: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """Add to what promotion-service says how much is missing, and what that gives, as money."""
    told = dict(one)
    for name in ("missing", "gives"):
        if f"{name}_minor" in one:
            told[name] = {"amount": one[f"{name}_minor"], "currency": currency}
    return told
