"""PURE: the words on a receipt, and how amounts, rates and times are written in its language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LANGUAGES: Final = ("en", "de")

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "sale": "Receipt",
        "credit": "Refund",
        "reversal": "Returned refund",
        "tax_number": "Tax number",
        "table": "Table",
        "original": "For receipt",
        "subtotal": "Subtotal",
        "discount": "Discount",
        "service_charge": "Service charge",
        "tax": "Tax",
        "tax_included": "included",
        "net": "net",
        "tip": "Tip",
        "rounding": "Rounding",
        "total": "Total",
        "paid_by": "Paid by",
        "given_back_by": "Given back by",
        "cash": "cash",
        "sandbox": "test card",
        "pdf": "Save as PDF",
    },
    "de": {
        "sale": "Rechnung",
        "credit": "Erstattung",
        "reversal": "Zurückgekommene Erstattung",
        "tax_number": "Steuernummer",
        "table": "Tisch",
        "original": "Zu Rechnung",
        "subtotal": "Zwischensumme",
        "discount": "Rabatt",
        "service_charge": "Bedienung",
        "tax": "Steuer",
        "tax_included": "enthalten",
        "net": "netto",
        "tip": "Trinkgeld",
        "rounding": "Rundung",
        "total": "Summe",
        "paid_by": "Bezahlt mit",
        "given_back_by": "Erstattet mit",
        "cash": "Bargeld",
        "sandbox": "Testkarte",
        "pdf": "Als PDF sichern",
    },
}
_POINT: Final = {"en": ".", "de": ","}
_PPM_IN_PERCENT = 10_000


def amount(money: Mapping[str, Any], digits: int, language: str, sign: int = 1) -> str:
    """Write an amount of minor units with the digits of its currency: ``12.50``, ``-0,02``, ``990``."""
    whole = money["amount"] * sign
    text = str(abs(whole)).rjust(digits + 1, "0")
    shown = f"{text[:-digits]}{_POINT[language]}{text[-digits:]}" if digits else text
    return f"-{shown}" if whole < 0 else shown


def rate(ppm: int, language: str) -> str:
    """Write a tax rate as per cent, with as many digits as it has: ``19 %``, ``8.875 %``."""
    whole, rest = divmod(ppm, _PPM_IN_PERCENT)
    digits = f"{rest:04d}".rstrip("0")
    return f"{whole}{_POINT[language] + digits if digits else ''} %"


def moment(at: datetime, time_zone: str) -> str:
    """Write a time as the clock on the venue's wall showed it."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}"
