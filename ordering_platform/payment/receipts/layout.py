"""PURE: a receipt as rows of text, left and right, the same for a page and for paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ordering_platform.payment.receipts.wording import WORDS, amount, moment, rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Style = Literal["plain", "title", "strong", "small", "rule"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: text at the left, an amount at the right, and how it is set."""

    left: str = ""
    right: str = ""
    style: Style = "plain"


RULE = Row(style="rule")


def sheets(receipt: Mapping[str, Any], language: str) -> list[list[Row]]:
    """Lay out a receipt and, each on a sheet of its own, the receipts of its refunds."""
    return [list(_sale(receipt, language)), *(list(_credit(one, language)) for one in receipt["credits"])]


def _sale(receipt: Mapping[str, Any], language: str) -> Iterator[Row]:
    words, digits = WORDS[language], receipt["currency_digits"]

    def shown(what: str, sign: int = 1) -> str:
        return amount(receipt[what], digits, language, sign)

    yield from _heading(receipt, language)
    for line in receipt["lines"]:
        yield from _line(line, digits, language)
    yield RULE
    yield Row(words["subtotal"], shown("subtotal"))
    for one in receipt["discounts"]:
        yield Row(f"{words['discount']}: {one['name']}", amount(one["amount"], digits, language, -1))
    if receipt["service_charge"]["amount"]:
        yield Row(words["service_charge"], shown("service_charge"))
    if not receipt["tax_included"]:
        yield from _taxes(receipt, language, on_top=True)
    for what in ("tip", "rounding"):
        if receipt[what]["amount"]:
            yield Row(words[what], shown(what))
    yield Row(f"{words['total']} {receipt['currency']}", shown("total"), "strong")
    if receipt["tax_included"]:
        yield from _taxes(receipt, language, on_top=False)
    yield RULE
    for payment in receipt["payments"]:
        yield Row(f"{words['paid_by']} {_method(payment, words)}", amount(payment["total"], digits, language))
        yield Row(moment(payment["paid_at"], receipt["venue"]["time_zone"]), style="small")


def _credit(receipt: Mapping[str, Any], language: str) -> Iterator[Row]:
    words, digits = WORDS[language], receipt["currency_digits"]
    sign = -1 if receipt["kind"] == "credit" else 1
    yield from _heading(receipt, language)
    for line in receipt["lines"]:
        times = f"{line['quantity']} x " if line["quantity"] else ""
        yield Row(f"{times}{line['name']}", amount(line["amount"], digits, language, sign))
    if receipt["tip"]["amount"]:
        yield Row(words["tip"], amount(receipt["tip"], digits, language, sign))
    total = amount(receipt["total"], digits, language, sign)
    yield Row(f"{words['total']} {receipt['currency']}", total, "strong")
    for one in receipt["tax_lines"]:
        net = amount(one["net"], digits, language, sign)
        yield Row(
            f"{words['tax']} {rate(one['rate_ppm'], language)}, {words['tax_included']} ({words['net']} {net})",
            amount(one["tax"], digits, language, sign),
            "small",
        )
    yield RULE
    yield Row(f"{words['given_back_by']} {_method(receipt, words)}", total)


def _heading(receipt: Mapping[str, Any], language: str) -> Iterator[Row]:
    words, venue = WORDS[language], receipt["venue"]
    yield Row(venue["name"], style="title")
    for part in (venue["address"] or "").splitlines():
        yield Row(part)
    if venue["tax_number"]:
        yield Row(f"{words['tax_number']} {venue['tax_number']}")
    yield RULE
    yield Row(f"{words[receipt['kind']]} {receipt['number']}", style="strong")
    if "original" in receipt:
        yield Row(f"{words['original']} {receipt['original']}")
    yield Row(moment(receipt["paid_at"], venue["time_zone"]))
    if receipt["table"]:
        yield Row(f"{words['table']}: {receipt['table']}")
    yield RULE


def _line(line: Mapping[str, Any], digits: int, language: str) -> Iterator[Row]:
    yield Row(f"{line['quantity']} x {line['name']}", amount(line["gross"], digits, language))
    for option in line["options"]:
        yield Row(f"+ {option['name']}", style="small")


def _taxes(receipt: Mapping[str, Any], language: str, *, on_top: bool) -> Iterator[Row]:
    words, digits = WORDS[language], receipt["currency_digits"]
    said = "" if on_top else f", {words['tax_included']}"
    for one in receipt["tax_lines"]:
        net = amount(one["net"], digits, language)
        yield Row(
            f"{words['tax']} {rate(one['rate_ppm'], language)}{said} ({words['net']} {net})",
            amount(one["tax"], digits, language),
            "plain" if on_top else "small",
        )


def _method(payment: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return words.get(payment["method"], payment["method"])
