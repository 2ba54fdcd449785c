"""The day report as one flat table for spreadsheets: a row for each figure, safe to open."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment.receipts.wording import amount, rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLUMNS: Final = ("date", "section", "key", "name", "count", "amount", "currency")
# Spreadsheets take a text that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SUMMARY: Final = (
    "gross_sales",
    "discounts",
    "net_sales",
    "service_charge",
    "tax",
    "tax_on_top",
    "tips",
    "rounding",
    "total",
    "refunds",
    "refunded_tips",
    "takings",
    "average_bill",
)

# What identifies an entry of a section, how it is named, and its amounts, each with the count that belongs to it.
_LISTS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "taxes": ("rate_ppm", "", {"net": "", "tax": "", "refunded_net": "", "refunded_tax": ""}),
    "hours": ("begins_at", "", {"net_sales": "bills", "total": "bills"}),
    "items": ("menu_item_id", "name", {"gross": "quantity", "discount": "quantity", "net": "quantity"}),
    "tables": ("table", "", {"net_sales": "bills", "total": "bills"}),
    "methods": ("method", "", {"captured": "payments", "tips": "", "refunded": "refunds"}),
    "promotions": ("promotion_id", "name", {"amount": "uses"}),
}

Row = tuple[str, str | None, str | None, int | None, "Mapping[str, Any] | None"]


def table(report: Mapping[str, Any]) -> bytes:
    """Write the report as CSV (RFC 4180) in UTF-8 with the mark by which spreadsheets know it.

    Amounts are whole and decimal digits with a point. A text that a spreadsheet would run stands after a quote mark.
    """
    written = io.StringIO(newline="")
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for one in report["currencies"]:
        for section, key, name, count, money in _rows(one):
            shown = amount(money, one["currency_digits"], "en") if money is not None else ""
            texts = (_harmless(key), _harmless(name), "" if count is None else count)
            rows.writerow((report["date"], section, *texts, shown, one["currency"]))
    return written.getvalue().encode("utf-8-sig")


def _rows(one: Mapping[str, Any]) -> Iterator[Row]:
    yield ("summary", "orders", None, one["orders"], None)
    yield ("summary", "bills", None, one["bills"], None)
    for name in _SUMMARY:
        yield ("summary", name, None, one["refund_count"] if name == "refunds" else None, one[name])
    for section, (key, name, counted) in _LISTS.items():
        for entry in one[section]:
            shown = rate(entry["rate_ppm"], "en") if section == "taxes" else entry.get(name)
            for measure, count in counted.items():
                yield (f"{section}.{measure}", _text(entry[key]), shown, entry.get(count), entry[measure])
    for kind in ("voided", "unpaid"):
        yield (f"orders.{kind}", None, None, one[kind]["orders"], one[kind]["amount"])
        for order in one[kind]["data"]:
            yield (f"orders.{kind}.order", order["number"], order["reason"] or order["table"], None, order["amount"])


def _text(key: str | int | None) -> str | None:
    return None if key is None else str(key)


def _harmless(text: str | None) -> str:
    if text is None:
        return ""
    return f"'{text}" if text.startswith(_FORMULA) else text
