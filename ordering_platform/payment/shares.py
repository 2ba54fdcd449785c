"""What payments take on of bills: set aside with the payment that takes it, given back by one that fails."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from ordering_platform.payment.models import bill_shares, payments
from ordering_platform.runtime.errors import IdempotencyInProgress
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.splitting import Claim

Held = dict[str, str]

_PAYMENT = ", ".join(f"made.{column.name}" for column in payments.columns)

# The amount is set aside only while that much is left, and a part has room for one payment in the primary key.
# LEAST skips a NULL, so a bill that slept without an alarm gets one.
_SET_ASIDE = prepared(f"""
    WITH made AS (
        INSERT INTO payments.payments AS made (id, bill_id, venue_id, session_id, method, status, caller_id, route, key,
                                               fingerprint, currency, amount_minor, tip_minor, rounding_minor, card,
                                               capture_later)
        VALUES (:id, :bill_id, :venue_id, :session_id, :method, 'processing', :caller_id, :route, :key, :fingerprint,
                :currency, :amount_minor, :tip_minor, :rounding_minor, CAST(:card AS jsonb), :capture_later)
        ON CONFLICT DO NOTHING
        RETURNING {_PAYMENT}
    ), noted AS (
        INSERT INTO payments.payment_events (payment_id, from_status, to_status, actor, details)
        SELECT id, 'created', status, :caller_id, '{{}}' FROM made
    ), taken AS (
        INSERT INTO payments.bill_shares (bill_id, part, payment_id, amount_minor)
        SELECT made.bill_id, one.part, made.id, one.minor
        FROM made, jsonb_to_recordset(CAST(:parts AS jsonb)) AS one (part text, minor bigint)
    ), reserved AS (
        UPDATE payments.bills AS b
        SET pending_minor = b.pending_minor + made.amount_minor, split = CAST(:split AS jsonb),
            next_run_at = LEAST(b.next_run_at, now() + :lease * interval '1 second')
        FROM made
        WHERE b.id = made.bill_id AND b.status = 'paying'
          AND b.total_minor - b.paid_minor - b.pending_minor >= made.amount_minor
        RETURNING b.id
    )
    SELECT {_PAYMENT}, now() AS seen_at FROM made JOIN reserved ON reserved.id = made.bill_id
""")  # noqa: S608  the fragments are ours


_LOOK = prepared("""
    SELECT (SELECT p.id FROM payments.payments p WHERE p.caller_id = :caller_id AND p.route = :route AND p.key = :key)
               AS known,
           (SELECT jsonb_object_agg(s.part, s.payment_id) FROM payments.bill_shares s WHERE s.bill_id = :bill_id)
               AS held
""")


def look(tx: Connection, bill_id: str, claim: Mapping[str, Any]) -> tuple[bool, Held]:
    """Say whether a key has been used, and give who holds what of a bill, as both are while its row is held.

    Looking first is what keeps a second tap from waiting for the first one's payment while holding its bill.
    """
    seen = tx.execute(
        _LOOK, {"bill_id": bill_id, **{name: claim[name] for name in ("caller_id", "route", "key")}}
    ).one()
    return seen.known is not None, seen.held or {}


def held(tx: Connection, bills: Iterable[Mapping[str, Any]]) -> Mapping[str, Held]:
    """Give who holds what: for each bill its parts by name, with the payment that holds each.

    Bills that nobody has begun to share cost no statement.
    """
    found: dict[str, Held] = defaultdict(dict)
    shared = [bill["id"] for bill in bills if bill["split"] is not None]
    if shared:
        rows = sa.select(bill_shares.c.bill_id, bill_shares.c.part, bill_shares.c.payment_id)
        for row in tx.execute(rows.where(bill_shares.c.bill_id.in_(shared))):
            found[row.bill_id][row.part] = row.payment_id
    return found


def set_aside(tx: Connection, row: Mapping[str, Any], wanted: Claim, lease: float) -> Payment:
    """Make a payment together with all it takes on of its bill, whose row the caller holds.

    The sweeper is woken in time. Raises IdempotencyInProgress where this key is just being used for another bill.
    """
    parts = [{"part": part.name, "minor": part.minor} for part in wanted.parts]
    jsons = {"card": row["card"], "split": wanted.split}
    made = tx.execute(
        _SET_ASIDE,
        {
            **row,
            **{name: None if value is None else orjson.dumps(value).decode() for name, value in jsons.items()},
            "parts": orjson.dumps(parts).decode(),
            "lease": lease,
        },
    )
    payment = made.mappings().one_or_none()
    if payment is None:
        raise IdempotencyInProgress
    return dict(payment)
