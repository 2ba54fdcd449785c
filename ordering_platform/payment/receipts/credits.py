"""Receipts for money that went back, and for money that a bank returned: one at a time, after the bill's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ordering_platform.payment.receipts.crediting import credited
from ordering_platform.payment.receipts.series import BUSINESS_DATE, shown_number
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

# A refund whose bill has no receipt waits for it: there is nothing yet that it could refer to. The bill's receipt is
# locked, too: each refund has to know what earlier ones gave back.
_NEXT = f"""
    SELECT d.id, f.status, f.payment_id, f.amount_minor, f.tip_minor, f.lines, p.method, b.venue_id, b.id AS bill_id,
           b.venue, b.currency, b.digits, b.table_name, o.business_date AS original_date, o.number AS original_number,
           o.document -> 'quote' AS quote, moment.at AS paid_at,
           {BUSINESS_DATE.format(moment="moment.at")} AS business_date,
           ARRAY(SELECT kind FROM payments.receipts r WHERE r.refund_id = d.id) AS printed
    FROM payments.receipts_due d
    JOIN payments.refunds f ON f.id = d.id
    JOIN payments.payments p ON p.id = f.payment_id
    JOIN payments.bills b ON b.id = f.bill_id
    JOIN payments.receipts o ON o.bill_id = f.bill_id AND o.refund_id IS NULL
    CROSS JOIN LATERAL (SELECT CASE WHEN f.status = 'failed' THEN now() ELSE f.settled_at END AS at) moment
    WHERE (CAST(:venue_id AS text) IS NULL OR b.venue_id = :venue_id)
      AND (CAST(:bill_id AS text) IS NULL OR b.id = :bill_id)
    ORDER BY d.id LIMIT 1 FOR UPDATE OF d, o
"""  # noqa: S608  the fragments are ours
_WAITING, _SKIPPING = prepared(_NEXT), prepared(f"{_NEXT} SKIP LOCKED")
_BEFORE = prepared("""
    SELECT kind, refund_id, document FROM payments.receipts
    WHERE bill_id = :bill_id AND refund_id IS NOT NULL ORDER BY issued_at, id
""")
_DONE = prepared("DELETE FROM payments.receipts_due WHERE id = :id")
_PRINT = prepared("""
    WITH counted AS (
        INSERT INTO payments.receipt_series AS s (venue_id, business_date, last_number)
        VALUES (:venue_id, :business_date, 1)
        ON CONFLICT (venue_id, business_date) DO UPDATE SET last_number = s.last_number + 1
        RETURNING last_number
    )
    INSERT INTO payments.receipts (id, venue_id, business_date, number, bill_id, kind, refund_id, document)
    SELECT :receipt_id, :venue_id, :business_date, last_number, :bill_id, :kind, :id, CAST(:document AS jsonb)
    FROM counted
""")


def credit_next(tx: Connection, venue_id: str | None = None, bill_id: str | None = None) -> bool:
    """Print the next receipt that is due for a refund, if there is one, in the caller's transaction.

    A refund that failed before it was printed needs none; one that failed later has its credit taken back.
    """
    anywhere = venue_id is None and bill_id is None
    scope = {"venue_id": venue_id, "bill_id": bill_id}
    due = tx.execute(_SKIPPING if anywhere else _WAITING, scope).mappings().one_or_none()
    if due is None:
        return False
    tx.execute(_DONE, {"id": due["id"]})
    kind = "reversal" if due["status"] == "failed" else "credit"
    if kind in due["printed"] or (kind == "reversal" and "credit" not in due["printed"]):
        return True
    before = tx.execute(_BEFORE, {"bill_id": due["bill_id"]}).all()
    values = {name: due[name] for name in ("id", "venue_id", "business_date", "bill_id")}
    ending = "r" if kind == "reversal" else ""
    values |= {"kind": kind, "receipt_id": f"rct_{due['id'].partition('_')[2]}{ending}"}
    document = (_credit if kind == "credit" else _reversal)(dict(due), before)
    tx.execute(_PRINT, {**values, "document": orjson.dumps(document).decode()})
    return True


def _credit(due: Mapping[str, Any], before: Any) -> dict[str, Any]:
    named = {line["line_id"]: line for line in due["quote"]["lines"]}
    lines = [
        {**line, **{name: named[line["line_id"]][name] for name in ("name", "menu_item_id")}} for line in due["lines"]
    ]
    taken_back = {one.refund_id for one in before if one.kind == "reversal"}
    standing = [one.document for one in before if one.refund_id not in taken_back]
    goods = due["amount_minor"] - due["tip_minor"]
    return {
        **_heading(due),
        "original": shown_number(due["original_date"], due["original_number"]),
        "lines": lines,
        "tip_minor": due["tip_minor"],
        "tax_lines": credited(due["quote"], standing, goods, lines),
        "total_minor": due["amount_minor"],
    }


def _reversal(due: Mapping[str, Any], before: Any) -> dict[str, Any]:
    credit = next(one.document for one in before if one.refund_id == due["id"] and one.kind == "credit")
    return {**credit, **_heading(due)}


def _heading(due: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "venue": due["venue"],
        "table": due["table_name"],
        "paid_at": due["paid_at"].isoformat(),
        "currency": due["currency"],
        "digits": due["digits"],
        "method": due["method"],
        "payment_id": due["payment_id"],
    }
