"""How bills and payments read to a client; the one place where rows become JSON."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ordering_platform.payment import splitting
from ordering_platform.payment.payments import charge_of
from ordering_platform.payment.receipts import series
from ordering_platform.runtime.money import money
from ordering_platform.runtime.replies import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ordering_platform.payment.splitting import Part


def payment_view(payment: Mapping[str, Any]) -> dict[str, Any]:
    """Show a payment; ``total`` is what is charged: the amount on the bill, the tip, the rounding to coins."""
    currency = payment["currency"]
    shown = {
        "id": payment["id"],
        "bill_id": payment["bill_id"],
        "method": payment["method"],
        "status": payment["status"],
        "amount": money(payment["amount_minor"], currency),
        "tip": money(payment["tip_minor"], currency),
        "rounding": money(payment["rounding_minor"], currency),
        "total": money(charge_of(payment), currency),
        "authorized": money(payment["authorized_minor"], currency),
        "captured": money(payment["captured_minor"], currency),
        "refunded": money(payment["refunded_minor"], currency),
        "refund_pending": money(payment["refund_pending_minor"], currency),
        "reference": payment["reference"],
        "created_at": payment["created_at"],
        "captured_at": payment["captured_at"],
        "next_action": payment["next_action"],
        "failure": _failure(payment),
    }
    if payment["next_action"] and payment["next_action"]["type"] == "challenge":
        shown["next_action"] = {"type": "challenge", "url": f"/v1/payments/{payment['id']}/challenge"}
    return shown


def refund_view(refund: Mapping[str, Any]) -> dict[str, Any]:
    """Show a refund to staff; ``total`` is what goes back: of the dishes the amount, and the tip."""
    currency = refund["currency"]
    return {
        "id": refund["id"],
        "payment_id": refund["payment_id"],
        "bill_id": refund["bill_id"],
        "status": refund["status"],
        "amount": money(refund["amount_minor"] - refund["tip_minor"], currency),
        "tip": money(refund["tip_minor"], currency),
        "total": money(refund["amount_minor"], currency),
        "lines": [
            {"line_id": line["line_id"], "quantity": line["quantity"], "amount": money(line["amount_minor"], currency)}
            for line in refund["lines"]
        ],
        "reason": refund["reason"],
        "created_by": refund["caller_id"],
        "created_at": refund["created_at"],
        "settled_at": refund["settled_at"],
        "failure": _failure(refund),
    }


def bill_view(
    bill: Mapping[str, Any], payments: Sequence[Mapping[str, Any]], held: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Show a bill; ``total`` is what the orders cost, ``due`` what nobody has begun to pay yet.

    ``held`` says which payment holds which part of it.
    """
    currency = bill["currency"]
    quote = bill["quote"]
    priced = {
        "currency": currency,
        "quote": quote,
        "total": money(bill["total_minor"], currency),
        "paid": money(bill["paid_minor"], currency),
        "pending": money(bill["pending_minor"], currency),
        "due": money(bill["total_minor"] - bill["paid_minor"] - bill["pending_minor"], currency),
    }
    return {
        "id": bill["id"],
        "status": bill["status"],
        "venue_id": bill["venue_id"],
        "session_id": bill["session_id"],
        "table_id": bill["table_id"],
        "order_ids": bill["order_ids"],
        **(priced if quote else dict.fromkeys(("currency", "quote", "total", "paid", "pending", "due"))),
        "split": _split(bill, payments, held or {}) if quote else None,
        "discounts": quote["promotions"]["applied"] if quote else [],
        "payments": [payment_view(payment) for payment in payments],
        "rehearsal": bill["rehearsal"],
        "receipt_url": series.link(bill),
        "failure": _failure(bill),
        "created_at": bill["created_at"],
        "completed_at": bill["completed_at"],
    }


def _split(bill: Mapping[str, Any], payments: Sequence[Mapping[str, Any]], held: Mapping[str, str]) -> dict[str, Any]:
    """Show who has taken what of a bill, and what each line costs to whoever takes it."""
    currency = bill["currency"]
    status = {payment["id"]: payment["status"] for payment in payments}

    def shown(part: Part) -> dict[str, Any]:
        payment_id = held.get(part.name)
        return {
            "part": part.number,
            "of": part.of,
            "amount": money(part.minor, currency),
            "payment_id": payment_id,
            "status": status.get(payment_id) if payment_id else None,
        }

    split = bill["split"] if held else None
    by_line = defaultdict(list)
    for part in splitting.line_parts(bill["quote"], held):
        by_line[part.line_id].append(shown(part))
    return {
        "kind": split["kind"] if split else None,
        "shares": [shown(part) for part in splitting.equal_parts(split)],
        "lines": [
            {
                "line_id": line["line_id"],
                "name": line["name"],
                "amount": line["total"],
                "shares": by_line[line["line_id"]],
            }
            for line in bill["quote"]["lines"]
        ],
    }


def answer(bill: Mapping[str, Any], payment: Mapping[str, Any] | None) -> bytes:
    """Write what opening a bill answers, as the bytes that every repeat will get: with the payment, if it has one."""
    if payment is None:
        return dump(bill_view(bill, []))
    return dump({"bill": bill_view(bill, [payment]), "payment": payment_view(payment)})


def _failure(row: Mapping[str, Any]) -> dict[str, Any] | None:
    failure = row["failure"]
    return {"code": failure["code"], "message": failure["message"]} if failure else None
