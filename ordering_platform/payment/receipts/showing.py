"""Finds the receipts behind a link, printing what is due, and writes them as clients read them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ordering_platform.payment.errors import ReceiptNotFound
from ordering_platform.payment.receipts.issuing import issue_for
from ordering_platform.payment.receipts.series import opens, parted, shown_number
from ordering_platform.runtime.money import money
from ordering_platform.runtime.prepared import prepared
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.payment.till import Till

_BILL = prepared("""
    SELECT receipt_secret,
           EXISTS (SELECT FROM payments.receipts_due d WHERE d.id = b.id)
           OR EXISTS (SELECT FROM payments.refunds f JOIN payments.receipts_due d ON d.id = f.id
                      WHERE f.bill_id = b.id) AS due
    FROM payments.bills b WHERE b.id = :id
""")
# In two parts, because sales and refunds are found by an index each.
_RECEIPTS = prepared("""
    WITH printed AS (
        SELECT id, bill_id, business_date, number, kind, document, issued_at
        FROM payments.receipts WHERE bill_id = :id AND refund_id IS NULL
        UNION ALL
        SELECT id, bill_id, business_date, number, kind, document, issued_at
        FROM payments.receipts WHERE bill_id = :id AND refund_id IS NOT NULL
    )
    SELECT id, bill_id, business_date, number, kind, document, issued_at FROM printed
    ORDER BY kind <> 'sale', issued_at, id
""")


def behind(till: Till, token: str) -> dict[str, Any]:
    """Give the receipt of a paid bill with those of its refunds; raises ReceiptNotFound, whatever is wrong."""
    bill_id, secret = parted(token)
    if not is_id(bill_id):
        raise ReceiptNotFound
    with till.db.single() as tx:
        bill = tx.execute(_BILL, {"id": bill_id}).one_or_none()
    if not opens(secret, bill.receipt_secret if bill else None):
        raise ReceiptNotFound
    if bill is not None and bill.due:
        issue_for(till, bill_id)
    with till.db.single() as tx:
        return of_bill(tx, bill_id)


def of_bill(tx: Connection, bill_id: str) -> dict[str, Any]:
    """Give what is printed for a bill; raises ReceiptNotFound before it is paid, and for a rehearsal."""
    printed = [dict(row) for row in tx.execute(_RECEIPTS, {"id": bill_id}).mappings()]
    if not printed:
        raise ReceiptNotFound
    sale, *later = printed
    return {**sale_view(sale), "credits": [credit_view(one) for one in later]}


def sale_view(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Show the receipt of a bill: its quote as it was agreed to, and what was paid in the end."""
    kept = receipt["document"]
    currency, quote = kept["currency"], kept["quote"]

    def paid(what: str) -> dict[str, Any]:
        return {**money(_sum(kept["payments"], what), currency)}

    return {
        **_heading(receipt),
        **{name: quote[name] for name in ("lines", "subtotal", "discount", "service_charge")},
        "discounts": [
            {name: one[name] for name in ("promotion_id", "name", "code", "amount")}
            for one in quote["promotions"]["applied"]
        ],
        **{name: quote[name] for name in ("tax_included", "tax", "tax_lines")},
        "tip": paid("tip_minor"),
        "rounding": paid("rounding_minor"),
        "total": paid("total_minor"),
        "payments": [
            {
                "method": payment["method"],
                "paid_at": _moment(payment["captured_at"]),
                "amount": money(payment["amount_minor"], currency),
                "tip": money(payment["tip_minor"], currency),
                "rounding": money(payment["rounding_minor"], currency),
                "total": money(payment["total_minor"], currency),
            }
            for payment in kept["payments"]
        ],
    }


def credit_view(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Show the receipt of a refund, or of one that a bank returned."""
    kept = receipt["document"]
    currency = kept["currency"]
    return {
        **_heading(receipt),
        "original": kept["original"],
        "method": kept["method"],
        "lines": [
            {
                "line_id": line["line_id"],
                "name": line["name"],
                "quantity": line["quantity"],
                "amount": money(line["amount_minor"], currency),
            }
            for line in kept["lines"]
        ],
        "tax": money(_sum(kept["tax_lines"], "tax_minor"), currency),
        "tax_lines": [
            {
                "rate_ppm": one["rate_ppm"],
                "net": money(one["net_minor"], currency),
                "tax": money(one["tax_minor"], currency),
            }
            for one in kept["tax_lines"]
        ],
        "tip": money(kept["tip_minor"], currency),
        "total": money(kept["total_minor"], currency),
    }


def _heading(receipt: Mapping[str, Any]) -> dict[str, Any]:
    kept = receipt["document"]
    return {
        "id": receipt["id"],
        "kind": receipt["kind"],
        "number": shown_number(receipt["business_date"], receipt["number"]),
        "business_date": receipt["business_date"].isoformat(),
        "bill_id": receipt["bill_id"],
        "venue": {name: kept["venue"][name] for name in ("name", "address", "tax_number", "time_zone")},
        "table": kept["table"],
        "currency": kept["currency"],
        "currency_digits": kept["digits"],
        "paid_at": _moment(kept["paid_at"]),
        "issued_at": receipt["issued_at"],
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _sum(rows: Sequence[Mapping[str, Any]], what: str) -> int:
    return sum(row[what] for row in rows)
