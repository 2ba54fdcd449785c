"""The statements by which money goes back: set aside, given, let go again; each moves every counter it concerns.

They are units by themselves: a refund and the counters of its payment and of its lines are never seen apart.
All lock the payment before the lines and the lines in order, so two of them never wait for each other in a ring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy.exc import IntegrityError

from ordering_platform.payment.models import refunds
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from ordering_platform.payment.giving_back import GivenBack
    from ordering_platform.payment.providers import RefundOutcome
    from ordering_platform.payment.refunds import Refund

_REFUND = ", ".join(f"r.{column.name}" for column in refunds.columns)
_GOODS = "LEAST(p.captured_minor, p.amount_minor + p.rounding_minor)"
_GONE = "p.refunded_minor + p.refund_pending_minor"

# The limits of giving_back.decide once more, for two who ask at once. A line's own limit is a CHECK of its row.
_SET_ASIDE = prepared(f"""
    WITH payment AS (
        UPDATE payments.payments AS p
        SET refund_pending_minor = p.refund_pending_minor + :amount,
            tip_refunded_minor = p.tip_refunded_minor + :tip
        WHERE p.id = :payment_id AND p.status = 'captured'
          AND {_GONE} + :amount <= LEAST(p.captured_minor, CAST(:limit AS bigint))
          AND p.tip_refunded_minor + :tip <= p.captured_minor - {_GOODS}
          AND {_GONE} - p.tip_refunded_minor + :amount - :tip <= {_GOODS}
        RETURNING p.id, p.bill_id, p.venue_id, p.currency
    ), lines AS (
        INSERT INTO payments.refunded_lines AS l (bill_id, line_id, refunded_minor, allowed_minor,
                                                  refunded_quantity, allowed_quantity)
        SELECT payment.bill_id, one.line_id, one.amount_minor, one.price, one.quantity, one.portions
        FROM payment, jsonb_to_recordset(CAST(:lines AS jsonb)) AS one(
            line_id text, amount_minor bigint, price bigint, quantity int, portions int)
        ORDER BY one.line_id
        ON CONFLICT (bill_id, line_id) DO UPDATE
        SET refunded_minor = l.refunded_minor + excluded.refunded_minor,
            refunded_quantity = l.refunded_quantity + excluded.refunded_quantity
    ), made AS (
        INSERT INTO payments.refunds AS r (id, payment_id, bill_id, venue_id, status, caller_id, route, key,
                                           fingerprint, currency, amount_minor, tip_minor, reason, lines,
                                           lease_owner, next_run_at)
        SELECT :id, id, bill_id, venue_id, 'processing', :caller_id, :route, :key,
               CAST(:fingerprint AS bytea), currency,
               :amount, :tip, :reason, CAST(:kept AS jsonb), :me, now() + :lease * interval '1 second'
        FROM payment
        RETURNING {_REFUND}
    ), noted AS (
        INSERT INTO payments.payment_events (payment_id, from_status, to_status, actor, details)
        SELECT payment_id, 'refund created', 'refund processing', :caller_id, jsonb_build_object(
            'refund_id', id, 'amount_minor', amount_minor, 'tip_minor', tip_minor, 'reason', reason, 'lines', lines)
        FROM made
    )
    SELECT {_REFUND}, now() AS seen_at FROM made r
""")  # noqa: S608  the fragments are ours

_LEASE_OF = "WHEN r.lease_owner IS NULL OR r.next_run_at <= now() THEN :me ELSE r.lease_owner"
_NOTED = """
    INSERT INTO payments.payment_events (payment_id, from_status, to_status, actor, details)
    SELECT payment_id, 'refund ' || CAST(:was AS text), 'refund ' || status, :actor, jsonb_strip_nulls(
        jsonb_build_object('refund_id', id, 'amount_minor', amount_minor, 'code', CAST(:code AS text)))
    FROM moved
"""
# Money that is back gets a receipt, and another one when a bank returns it. The update waits for whoever prints just
# now, so that nothing is taken for printed that was not. Rehearsals and bills from before there were receipts get none,
# and neither does a payment that leaves an open bill: it will not stand on the bill's receipt either.
_RECEIPT_DUE = """
    INSERT INTO payments.receipts_due (id)
    SELECT moved.id FROM moved JOIN payments.bills b ON b.id = moved.bill_id
    WHERE moved.settled_at IS NOT NULL AND b.venue IS NOT NULL AND NOT b.rehearsal
      AND NOT EXISTS (SELECT FROM {left})
    ON CONFLICT (id) DO UPDATE SET id = excluded.id
"""

_NOTE = prepared(f"""
    WITH moved AS (
        UPDATE payments.refunds AS r
        SET status = :to, reference = coalesce(:reference, r.reference)
        WHERE r.id = :id AND r.status = :was
        RETURNING {_REFUND}
    ), noted AS (
        {_NOTED} WHERE status <> :was
    )
    SELECT {_REFUND}, now() AS seen_at FROM moved r
""")  # noqa: S608  the fragments are ours

# A repeat of the request holds the payment while it looks for its key on the refund: whoever takes both the other way
# round would wait for it in a ring.
_PAYMENT_FIRST = "(SELECT id FROM payments.payments WHERE id = :payment_id FOR NO KEY UPDATE) AS held"

# Somebody has to look at the bill: it may be over now, or paid.
_WOKEN = "next_run_at = CASE WHEN b.lease_owner IS NULL THEN now() ELSE b.next_run_at END"

# On a bill that is still open a payment goes back whole, and what it had paid is due again.
_GIVE = prepared(f"""
    WITH moved AS (
        UPDATE payments.refunds AS r
        SET status = 'succeeded', reference = coalesce(:reference, r.reference), settled_at = now(),
            lease_owner = CASE {_LEASE_OF} END, next_run_at = now() + :lease * interval '1 second', attempts = 0
        FROM {_PAYMENT_FIRST} WHERE r.id = :id AND r.payment_id = held.id AND r.status = :was
        RETURNING {_REFUND}
    ), reopened AS (
        UPDATE payments.bills AS b
        SET paid_minor = b.paid_minor - p.amount_minor,
            told_minor = LEAST(b.told_minor, b.paid_minor - p.amount_minor), {_WOKEN}
        FROM moved JOIN payments.payments p ON p.id = moved.payment_id
        WHERE b.id = moved.bill_id AND b.status = 'paying' AND p.captured_minor = moved.amount_minor
        RETURNING b.id
    ), parts AS (
        DELETE FROM payments.bill_shares s USING reopened, moved
        WHERE s.bill_id = reopened.id AND s.payment_id = moved.payment_id
    ), counted AS (
        UPDATE payments.payments AS p
        SET refund_pending_minor = p.refund_pending_minor - moved.amount_minor,
            refunded_minor = p.refunded_minor + moved.amount_minor, off_bill = EXISTS (SELECT FROM reopened)
        FROM moved WHERE p.id = moved.payment_id
    ), receipt AS (
        {_RECEIPT_DUE.format(left="reopened")}
    ), noted AS (
        {_NOTED}
    )
    SELECT {_REFUND}, now() AS seen_at FROM moved r
""")  # noqa: S608  the fragments are ours

# Before the money was back: nobody else has to know. Afterwards order-service has to be told again, and a payment that
# had left its bill counts there again, unless others have paid for it meanwhile.
_LET_GO = prepared(f"""
    WITH moved AS (
        UPDATE payments.refunds AS r
        SET status = 'failed', reference = coalesce(:reference, r.reference), failure = CAST(:failure AS jsonb),
            lease_owner = CASE WHEN r.settled_at IS NULL THEN NULL {_LEASE_OF} END,
            next_run_at = CASE WHEN r.settled_at IS NOT NULL THEN now() + :lease * interval '1 second' END,
            attempts = 0
        FROM {_PAYMENT_FIRST} WHERE r.id = :id AND r.payment_id = held.id AND r.status = :was
        RETURNING {_REFUND}
    ), counts_again AS (
        UPDATE payments.bills AS b
        SET paid_minor = b.paid_minor + p.amount_minor, {_WOKEN},
            status = CASE WHEN b.paid_minor + p.amount_minor = b.total_minor THEN 'captured' ELSE b.status END
        FROM moved JOIN payments.payments p ON p.id = moved.payment_id
        WHERE b.id = moved.bill_id AND b.status = 'paying' AND p.off_bill AND moved.settled_at IS NOT NULL
          AND b.paid_minor + b.pending_minor + p.amount_minor <= b.total_minor
        RETURNING b.id
    ), counted AS (
        UPDATE payments.payments AS p
        SET off_bill = p.off_bill AND NOT EXISTS (SELECT FROM counts_again),
            refund_pending_minor = p.refund_pending_minor
                - CASE WHEN moved.settled_at IS NULL THEN moved.amount_minor ELSE 0 END,
            refunded_minor = p.refunded_minor
                - CASE WHEN moved.settled_at IS NULL THEN 0 ELSE moved.amount_minor END,
            tip_refunded_minor = p.tip_refunded_minor - moved.tip_minor
        FROM moved WHERE p.id = moved.payment_id
        RETURNING p.bill_id
    ), locked AS (
        SELECT l.bill_id, l.line_id, one.amount_minor, one.quantity
        FROM counted, moved, jsonb_to_recordset(moved.lines) AS one(line_id text, amount_minor bigint, quantity int),
             payments.refunded_lines l
        WHERE l.bill_id = counted.bill_id AND l.line_id = one.line_id
        ORDER BY l.line_id FOR UPDATE OF l
    ), lines AS (
        UPDATE payments.refunded_lines AS l
        SET refunded_minor = l.refunded_minor - locked.amount_minor,
            refunded_quantity = l.refunded_quantity - locked.quantity
        FROM locked WHERE l.bill_id = locked.bill_id AND l.line_id = locked.line_id
    ), receipt AS (
        {_RECEIPT_DUE.format(left="counts_again")}
    ), noted AS (
        {_NOTED}
    )
    SELECT {_REFUND}, now() AS seen_at FROM moved r
""")  # noqa: S608  the fragments are ours


def set_aside(
    tx: Connection, row: Mapping[str, Any], given: GivenBack, me: str, *, lease: float, limit: int | None
) -> Refund | None:
    """Make a refund and set its money aside; None where that has become too much, or its key is taken.

    ``limit`` bounds what goes back of the payment in all.
    """
    lines = [
        {
            "line_id": back.line.id,
            "amount_minor": back.amount,
            "quantity": back.quantity,
            "price": back.line.price,
            "portions": back.line.quantity,
        }
        for back in given.lines
    ]
    kept = [{name: line[name] for name in ("line_id", "quantity", "amount_minor")} for line in lines]
    values = {
        **row,
        "amount": given.amount,
        "tip": given.tip,
        "lines": _json(lines),
        "kept": _json(kept),
        "limit": limit,
        "me": me,
        "lease": lease,
    }
    try:
        made = tx.execute(_SET_ASIDE, values).mappings().one_or_none()
    except IntegrityError:
        return None
    return dict(made) if made is not None else None


def move(
    tx: Connection,
    refund: Refund,
    outcome: RefundOutcome,
    *,
    me: str,
    actor: str,
    lease: float,
    failure: Mapping[str, Any] | None,
) -> Refund | None:
    """Note what a provider says of a refund, with all that follows for the counters; None where it was moved since.

    The lease is taken where nobody else has it. Whoever moves the refund may call this: the move is the guard.
    """
    statement = {"succeeded": _GIVE, "failed": _LET_GO}.get(outcome.status, _NOTE)
    values = {"id": refund["id"], "was": refund["status"], "reference": outcome.reference, "code": outcome.code}
    values["actor"] = actor
    if statement is _NOTE:
        values["to"] = outcome.status
    else:
        values |= {"me": me, "lease": lease, "payment_id": refund["payment_id"]}
    if statement is _LET_GO:
        values["failure"] = _json(failure)
    moved = tx.execute(statement, values).mappings().one_or_none()
    return dict(moved) if moved is not None else None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
