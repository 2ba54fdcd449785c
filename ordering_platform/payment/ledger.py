"""The four statements every paid bill passes: opened, its payment set up, its payment ended, completed.

Each changes all the tables it concerns at once, so it is a unit by itself and one round trip. They are
plain SQL, because describing statements of this size anew for each guest costs more than running them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ordering_platform.payment.bills import LeaseLost
from ordering_platform.payment.models import bills
from ordering_platform.payment.payments import taken_of
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.payment.bills import Bill
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.providers import Outcome

# Named one by one: a plan that gives ``*`` breaks on every open connection when a newer release adds a column.
_BILL = ", ".join(f"b.{column.name}" for column in bills.columns)

_OPEN = prepared(f"""
    INSERT INTO payments.bills AS b (id, venue_id, session_id, guest_id, status, order_ids, request, caller_id, route,
                                     key, fingerprint, lease_owner, next_run_at)
    VALUES (:id, :venue_id, :session_id, :guest_id, 'created', CAST(:order_ids AS jsonb), CAST(:request AS jsonb),
            :caller_id, :route, :key, :fingerprint, :me, now() + :lease * interval '1 second')
    ON CONFLICT (caller_id, route, key) DO NOTHING
    RETURNING {_BILL}, now() AS seen_at
""")  # noqa: S608  the fragment is ours

# The lease is renewed only when a third of it has gone: one index entry less for every bill that is quick.
_SET_UP = prepared("""
    WITH bill AS (
        UPDATE payments.bills
        SET status = :status, session_id = :session_id, table_id = :table_id, table_name = :table_name,
            order_ids = CAST(:order_ids AS jsonb),
            currency = :currency, digits = :digits, quote = CAST(:quote AS jsonb), quote_hash = :quote_hash,
            venue = CAST(:venue AS jsonb), receipt_secret = :receipt_secret,
            total_minor = :total_minor, pending_minor = :pending_minor, promotions = :promotions,
            rehearsal = :rehearsal, answer = :answer, lease_owner = :lease_owner,
            next_run_at = CASE
                WHEN CAST(:lease_owner AS text) IS NULL THEN now() + CAST(:rest AS float8) * interval '1 second'
                WHEN next_run_at < now() + :lease * interval '0.67 second' THEN now() + :lease * interval '1 second'
                ELSE next_run_at END
        WHERE id = :id AND status = :was AND lease_owner = :me
        RETURNING id, venue_id, session_id, caller_id, route, fingerprint
    ), made AS (
        INSERT INTO payments.payments (id, bill_id, venue_id, session_id, method, status, caller_id, route, fingerprint,
                                       currency, amount_minor, tip_minor, rounding_minor, card, capture_later,
                                       created_at, captured_at)
        SELECT :payment_id, id, venue_id, session_id, :method, :payment_status, caller_id, route, fingerprint,
               :currency, :total_minor, :tip_minor, :rounding_minor, CAST(:card AS jsonb), :capture_later,
               :made_at, :captured_at
        FROM bill WHERE CAST(:payment_id AS text) IS NOT NULL
        RETURNING id, status
    ), noted AS (
        INSERT INTO payments.payment_events (payment_id, from_status, to_status, actor, details)
        SELECT id, 'created', status, :actor, '{}' FROM made
    ), discounted AS (
        INSERT INTO payments.bill_discounts (bill_id, promotion_id, version, name, code, stage, amount_minor, shares)
        SELECT bill.id, one.*
        FROM bill, jsonb_to_recordset(CAST(:discounts AS jsonb)) AS one(
            promotion_id text, version int, name text, code text, stage text, amount bigint, shares jsonb)
    )
    SELECT count(*) FROM bill
""")

_FREE = "(b.lease_owner IS NULL OR b.lease_owner = :me OR b.next_run_at <= now())"
_GIVEN_UP = """
    (:failed AND b.status = 'paying' AND b.request ->> 'method' IS NOT NULL
     AND b.paid_minor = 0 AND b.pending_minor = moved.amount_minor)
"""
_END = prepared(f"""
    WITH moved AS (
        UPDATE payments.payments
        SET status = :to, reference = coalesce(:reference, reference), next_action = NULL,
            failure = CAST(:failure AS jsonb), confirmed_by = :confirmed_by,
            amount_minor = CASE WHEN :failed THEN amount_minor ELSE :amount END,
            tip_minor = CASE WHEN :failed THEN tip_minor ELSE :tip END,
            rounding_minor = CASE WHEN :failed THEN rounding_minor ELSE :rounding END,
            authorized_minor = CASE WHEN :failed THEN authorized_minor ELSE :taken END,
            captured_minor = CASE WHEN :failed THEN captured_minor ELSE :taken END,
            captured_at = CASE WHEN :failed THEN NULL ELSE now() END
        WHERE id = :id AND status = :was
        RETURNING id, bill_id, status, amount_minor, failure, captured_at
    ), noted AS (
        INSERT INTO payments.payment_events (payment_id, from_status, to_status, actor, details)
        SELECT id, :was, :to, :actor, CAST(:details AS jsonb) FROM moved
    ), given_back AS (
        DELETE FROM payments.bill_shares USING moved WHERE :failed AND payment_id = moved.id
    ), booked AS (
        UPDATE payments.bills AS b
        SET pending_minor = b.pending_minor - :set_aside,
            paid_minor = b.paid_minor + CASE WHEN :failed THEN 0 ELSE moved.amount_minor END,
            status = CASE WHEN {_GIVEN_UP} THEN 'compensating'
                WHEN NOT :failed AND b.status = 'paying' AND b.paid_minor + moved.amount_minor = b.total_minor
                    THEN 'captured'
                ELSE b.status END,
            failure = CASE WHEN {_GIVEN_UP} THEN moved.failure ELSE b.failure END,
            lease_owner = CASE WHEN {_FREE} THEN :me ELSE b.lease_owner END,
            next_run_at = CASE WHEN {_FREE} AND (b.lease_owner IS DISTINCT FROM :me
                                                 OR b.next_run_at < now() + :lease * interval '0.67 second')
                THEN now() + :lease * interval '1 second' ELSE b.next_run_at END,
            attempts = 0
        FROM moved
        WHERE b.id = moved.bill_id
        RETURNING {_BILL}, moved.captured_at, now() AS seen_at
    )
    SELECT * FROM booked
""")  # noqa: S608  the fragments are ours

# Rehearsals get no receipt, and neither does a bill from before there were receipts.
_COMPLETE = prepared("""
    WITH done AS (
        UPDATE payments.bills
        SET status = 'completed', completed_at = :completed_at, answer = coalesce(answer, :answer), lease_owner = NULL,
            next_run_at = NULL
        WHERE id = :id AND status = 'captured' AND lease_owner = :me
        RETURNING id, rehearsal OR venue IS NULL AS without_receipt
    ), due AS (
        INSERT INTO payments.receipts_due (id) SELECT id FROM done WHERE NOT without_receipt
    )
    SELECT count(*) FROM done
""")


def open_bill(tx: Connection, row: Mapping[str, Any], me: str, lease: float) -> Bill | None:
    """Open a bill under a lease, or give None where this caller has used this key on this route before."""
    jsons = {name: _json(row[name]) for name in ("order_ids", "request")}
    opened = tx.execute(_OPEN, {**row, **jsons, "me": me, "lease": lease}).mappings().one_or_none()
    return dict(opened) if opened is not None else None


def set_up(
    tx: Connection,
    bill: Bill,
    payment: Payment | None,
    discounts: Sequence[Mapping[str, Any]],
    *,
    was: str,
    me: str,
    actor: str,
    lease: float,
    rest: float | None,
) -> None:
    """Write a bill that has its price, its discounts and its first payment, if it has one already.

    A bill whose ``lease_owner`` is None rests for ``rest`` seconds. Raises LeaseLost.
    """
    jsons = {name: _json(bill[name]) for name in ("order_ids", "quote", "venue")}
    made = payment or {}
    values = {
        **bill,
        **jsons,
        "was": was,
        "me": me,
        "actor": actor,
        "lease": lease,
        "rest": rest,
        "discounts": _json(discounts),
        "payment_id": made.get("id"),
        "payment_status": made.get("status"),
        "method": made.get("method"),
        "tip_minor": made.get("tip_minor"),
        "rounding_minor": made.get("rounding_minor"),
        "capture_later": made.get("capture_later"),
        "card": _json(made.get("card")),
        "made_at": made.get("created_at"),
        "captured_at": made.get("captured_at"),
    }
    if tx.execute(_SET_UP, values).scalar_one() == 0:
        raise LeaseLost


def end(
    tx: Connection,
    payment: Payment,
    outcome: Outcome,
    *,
    me: str,
    actor: str,
    lease: float,
    failure: Mapping[str, Any] | None,
    confirmed_by: str | None,
) -> tuple[Payment, Bill] | None:
    """Book a payment that was captured or has failed, also on its bill; None where somebody else has moved it.

    A bill that is covered becomes ``captured``; one whose only payment has failed is given up. The parts a failed
    payment held are free again. The lease is
    taken where nobody else has it. Whoever moves the payment may call this: the move is the guard.
    """
    taken = taken_of(payment)
    values = {
        "id": payment["id"],
        "was": payment["status"],
        "to": outcome.status,
        "failed": outcome.status == "failed",
        "reference": outcome.reference,
        "failure": _json(failure),
        "confirmed_by": confirmed_by,
        "set_aside": payment["amount_minor"],
        **taken,
        "details": _json({"code": outcome.code} if outcome.code else {}),
        "me": me,
        "actor": actor,
        "lease": lease,
    }
    row = tx.execute(_END, values).mappings().one_or_none()
    if row is None:
        return None
    bill = dict(row)
    ended = {
        **payment,
        **({} if values["failed"] else {f"{name}_minor": taken[name] for name in ("amount", "tip", "rounding")}),
        "status": outcome.status,
        "reference": outcome.reference or payment["reference"],
        "next_action": None,
        "failure": failure,
        "authorized_minor": payment["authorized_minor"] if values["failed"] else taken["taken"],
        "captured_minor": 0 if values["failed"] else taken["taken"],
        "captured_at": bill.pop("captured_at"),
        "seen_at": bill["seen_at"],
    }
    return ended, bill


def complete(tx: Connection, bill: Bill, me: str, answer: bytes | None) -> None:
    """End a paid bill whose orders and promotions know of it; raises LeaseLost."""
    values = {"id": bill["id"], "me": me, "completed_at": bill["completed_at"], "answer": answer}
    if tx.execute(_COMPLETE, values).scalar_one() == 0:
        raise LeaseLost


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
