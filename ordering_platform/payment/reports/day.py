"""The report of a business day: its receipts added up, and what order-service saw of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from ordering_platform.payment.receipts.issuing import issue_due
from ordering_platform.payment.receipts.series import shown_number
from ordering_platform.payment.reports import figures
from ordering_platform.runtime.money import half_up, money

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.identity import Caller

# The sections that list something, with what identifies an entry, and the amounts and counts it has.
_LISTS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "taxes": ("rate_ppm", "", ("net", "tax", "refunded_net", "refunded_tax")),
    "hours": ("begins_at", "bills", ("net_sales", "total")),
    "items": ("menu_item_id", "quantity", ("gross", "discount", "net")),
    "tables": ("table", "bills", ("net_sales", "total")),
    "methods": ("method", "payments", ("captured", "tips", "refunded")),
    "promotions": ("promotion_id", "uses", ("amount",)),
}
_NAMED: Final = ("items", "promotions")
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
)


def report(till: Till, caller: Caller, day: str | None) -> dict[str, Any]:
    """Report a business day (``YYYY-MM-DD``) of the caller's venue, the present one unless a day is named.

    What is paid by now has its receipt first, so the report lacks nothing. Raises ServiceUnavailable while
    order-service is away.
    """
    floor = till.order.summarize_day(venue_id=caller.venue, day=day)
    wanted = date.fromisoformat(floor["day"])
    issue_due(till, caller.venue)
    with till.db.single() as tx:
        rows = figures.of_day(tx, caller.venue, wanted)
    printed = next(row for row in rows if row.section == "receipts")
    return {
        "date": floor["day"],
        "time_zone": floor["time_zone"],
        "begins_at": _begin(wanted, floor),
        "ends_at": _begin(wanted + timedelta(days=1), floor),
        "receipts": printed.count,
        **{f"{end}_receipt": _number(wanted, printed.amounts[end]) for end in ("first", "last")},
        "currencies": _currencies(rows, floor),
    }


def _begin(day: date, floor: Mapping[str, Any]) -> datetime:
    wall = datetime.combine(day, time(floor["business_day_close"]), ZoneInfo(floor["time_zone"]))
    return wall.astimezone(UTC)


def _number(day: date, number: int | None) -> str | None:
    return shown_number(day, number) if number else None


def _currencies(rows: Iterable[Any], floor: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Report each currency for itself: the venue's own first, and any other that money moved in."""
    by_currency: dict[str, list[Any]] = defaultdict(list)
    digits = {floor["currency"]: floor["currency_digits"]}
    for row in rows:
        if row.currency is not None:
            by_currency[row.currency].append(row)
        if row.section in {"summary", "refunds"}:
            digits[row.currency] = int(row.key)
    for one in floor["sums"]:
        digits.setdefault(one["currency"], floor["currency_digits"])
    return [_currency(currency, digits[currency], by_currency[currency], floor) for currency in digits]


def _currency(currency: str, digits: int, rows: list[Any], floor: Mapping[str, Any]) -> dict[str, Any]:
    sums = {row.section: row for row in rows if row.section in {"summary", "refunds"}}
    sold = sums["summary"].amounts if "summary" in sums else dict.fromkeys(_SUMMARY, 0)
    bills = sums["summary"].count if "summary" in sums else 0
    back = sums["refunds"].amounts if "refunds" in sums else {"refunds": 0, "refunded_tips": 0}
    return {
        "currency": currency,
        "currency_digits": digits,
        "bills": bills,
        **{name: money(sold[name], currency) for name in _SUMMARY},
        "average_bill": money(half_up(sold["total"] - sold["tips"], bills) if bills else 0, currency),
        "refund_count": sums["refunds"].count if "refunds" in sums else 0,
        **{name: money(amount, currency) for name, amount in back.items()},
        "takings": money(sold["total"] - back["refunds"], currency),
        **{section: _entries(section, rows, currency) for section in _LISTS},
        **_floor(currency, floor),
    }


def _entries(section: str, rows: Iterable[Any], currency: str) -> list[dict[str, Any]]:
    """List the entries of a section; what was sold and what went back of the same key stand in one entry."""
    key, count, amounts = _LISTS[section]
    found: dict[str | None, dict[str, Any]] = {}
    for row in rows:
        if row.section != section:
            continue
        entry = found.setdefault(row.key, {key: int(row.key) if section == "taxes" else row.key})
        if section in _NAMED:
            entry["name"] = row.name
        if count:
            entry[count] = entry.get(count, 0) + row.count
        if section == "methods":
            entry["refunds"] = entry.get("refunds", 0) + row.amounts.pop("refunds", 0)
        for name in amounts:
            before = entry.get(name, {"amount": 0})["amount"]
            entry[name] = money(before + row.amounts.get(name, 0), currency)
    return sorted(found.values(), key=lambda entry: (entry[key] is None, entry[key]))


def _floor(currency: str, floor: Mapping[str, Any]) -> dict[str, Any]:
    sums = {one["kind"]: one for one in floor["sums"] if one["currency"] == currency}
    named = [one for one in floor["named"] if one["currency"] == currency]

    def summed(kind: str) -> tuple[int, int]:
        return (sums[kind]["orders"], sums[kind]["total_minor"]) if kind in sums else (0, 0)

    def listed(kind: str) -> list[dict[str, Any]]:
        return [
            {
                **{name: one[name] for name in ("number", "table", "status", "reason")},
                "amount": money(one["total_minor"], currency),
            }
            for one in named
            if one["kind"] == kind
        ]

    voided, unpaid, paid = summed("voided"), summed("unpaid"), summed("paid")
    return {
        "orders": paid[0] + unpaid[0],
        "voided": {"orders": voided[0], "amount": money(voided[1], currency), "data": listed("voided")},
        "unpaid": {"orders": unpaid[0], "amount": money(unpaid[1], currency), "data": listed("unpaid")},
    }
