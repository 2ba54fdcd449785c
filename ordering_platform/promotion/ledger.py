"""The rows behind the uses of promotions: one for each bill, one for each use, one for each counted limit.

Each verb is one statement and so one transaction: a counter is locked from the moment it moves until that
statement is committed, never while anybody waits for an answer, and where many check out at once not even
while the disk does. Locks are taken in one order everywhere, the row of the bill first, then its counters
by promotion, scope and key, so that bills never wait for each other in a ring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import psycopg2
from sqlalchemy import exc

from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa
    from sqlalchemy.engine import Connection

    from ordering_platform.promotion.inquiry import Inquiry

_GUARD = "ck_usage_counters_used_within_allowed"

# The guard of a counter is the table's own check, used <= allowed: where one claim does not fit, the database
# refuses the statement and with it everything else the bill would have written. A WHERE could only leave that
# one counter out, and the rest would have to be rolled back by a second message, with the locks held meanwhile.
#
# A statement that moves a counter commits before the disk has its words, so that the next in line need not wait for
# the disk too; _TO_DISK then waits without any lock, together with everybody else. Who reads the counter in
# between can at worst be refused a use that a crash would have given back.
_RESERVE = prepared(
    """
    WITH mine AS (
      INSERT INTO promotions.reservations (bill_id, state, fingerprint, answer, claims)
      VALUES (:bill_id, 'reserved', :fingerprint, CAST(:answer AS json), CAST(:claims AS jsonb))
      ON CONFLICT (bill_id) DO NOTHING
      RETURNING bill_id
    ), noted AS (
      INSERT INTO promotions.uses (promotion_id, bill_id, version, code, guest_id, currency, discount_minor)
      SELECT one.promotion_id, mine.bill_id, one.version, one.code, :guest_id, :currency, one.discount_minor
        FROM mine, jsonb_to_recordset(CAST(:applied AS jsonb))
             AS one (promotion_id text, version int, code text, discount_minor bigint)
    ), claimed AS (
      INSERT INTO promotions.usage_counters AS c (promotion_id, scope, key, used, allowed)
      SELECT one.promotion_id, one.scope, one.key, one.amount, one.allowed
        FROM mine, jsonb_to_recordset(CAST(:claims AS jsonb))
             AS one (promotion_id text, scope text, key text, amount bigint, allowed bigint)
       ORDER BY one.promotion_id, one.scope, one.key
      ON CONFLICT (promotion_id, scope, key) DO UPDATE SET used = c.used + excluded.used, allowed = excluded.allowed
    )
    SELECT count(*) AS reserved,
           CASE WHEN CAST(:claims AS jsonb) <> '[]' THEN set_config('synchronous_commit', 'off', true) END
      FROM mine
    """
)

# The smallest thing to commit; with it all that was committed before is on the disk.
_TO_DISK = prepared("SELECT pg_logical_emit_message(true, 'promotions', '')")

# An upsert, although every row is there: a release that waited for the late reservation of its bill must also find
# the counters that reservation made, which a plain UPDATE would not see. What comes back travels as ``allowed``.
_GIVE_BACK = """
    given AS (
      INSERT INTO promotions.usage_counters AS c (promotion_id, scope, key, used, allowed)
      SELECT one.promotion_id, one.scope, one.key, 0, one.amount
        FROM moved, jsonb_to_recordset(moved.claims)
             AS one (promotion_id text, scope text, key text, amount bigint, give_back_on text)
       WHERE one.give_back_on = ANY(:given_back)
       ORDER BY one.promotion_id, one.scope, one.key
      ON CONFLICT (promotion_id, scope, key) DO UPDATE SET used = c.used - excluded.allowed
    )
    SELECT state, fingerprint, answer::text AS answer, claims::text AS claims FROM moved
"""

_SETTLE = prepared(
    """
    WITH moved AS (
      UPDATE promotions.reservations SET state = :state, settled_at = now()
       WHERE bill_id = :bill_id AND state = ANY(:before)
      RETURNING state, fingerprint, answer, claims
    ),
    """  # noqa: S608  what is put in is a constant
    + _GIVE_BACK
)

_RELEASE = prepared(
    """
    WITH moved AS (
      INSERT INTO promotions.reservations AS r (bill_id, state, settled_at) VALUES (:bill_id, 'released', now())
      ON CONFLICT (bill_id) DO UPDATE SET state = 'released', settled_at = now() WHERE r.state = 'reserved'
      RETURNING state, fingerprint, answer, claims
    ),
    """  # noqa: S608  what is put in is a constant
    + _GIVE_BACK
)

_READ = prepared(
    """
    SELECT state, fingerprint, answer::text AS answer, claims::text AS claims
      FROM promotions.reservations WHERE bill_id = :bill_id
    """
)


class LimitReached(Exception):
    """Others took what was left between our look and our claim; nothing was written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a bill was answered and what it claimed; a bill released before it was seen holds neither."""

    state: str
    fingerprint: bytes | None
    answer: dict[str, Any] | None
    claims: list[dict[str, Any]]

    @property
    def uses(self) -> int:
        """How many promotions the bill uses."""
        return len(self.answer["applied"]) if self.answer else 0


def entry(state: str, fingerprint: bytes | memoryview | None, answer: str | None, claims: str | None) -> Entry:
    """Read the columns of a bill's row."""
    return Entry(
        state,
        None if fingerprint is None else bytes(fingerprint),
        orjson.loads(answer) if answer else None,
        orjson.loads(claims) if claims else [],
    )


def reserve(
    tx: Connection, bill_id: str, inquiry: Inquiry, answer: dict[str, Any], claims: Sequence[dict[str, Any]]
) -> bool:
    """Write the row of a bill with its uses and move their counters; False when the bill has a row already.

    Needs a connection outside of any transaction. Raises LimitReached where a counter has no room. No limit is ever
    passed, and it is all or nothing; what was written is on the disk when this returns.
    """
    values = {
        "bill_id": bill_id,
        "fingerprint": inquiry.fingerprint,
        "answer": _text(answer),
        "claims": _text(claims),
        "applied": _text(answer["applied"]),
        "guest_id": inquiry.guest_id,
        "currency": inquiry.currency,
    }
    try:
        reserved = tx.execute(_RESERVE, values).scalar_one()
    except exc.IntegrityError as fault:
        if isinstance(fault.orig, psycopg2.errors.CheckViolation) and fault.orig.diag.constraint_name == _GUARD:
            raise LimitReached from fault
        raise
    if claims:
        tx.execute(_TO_DISK)
    return bool(reserved)


def settle(
    tx: Connection, bill_id: str, state: str, before: Sequence[str], given_back: Sequence[str] = ()
) -> Entry | None:
    """Move a bill from one of these states; None when it was in another or is not known.

    The claims whose promotions give back on one of ``given_back`` move their counters back.
    """
    return _one(tx, _SETTLE, bill_id=bill_id, state=state, before=list(before), given_back=list(given_back))


def release(tx: Connection, bill_id: str, given_back: Sequence[str]) -> Entry | None:
    """Move a reserved bill to released, and leave a tombstone for an unknown one; None when it was settled."""
    return _one(tx, _RELEASE, bill_id=bill_id, given_back=list(given_back))


def read(tx: Connection, bill_id: str) -> Entry | None:
    """Give the row of a bill."""
    return _one(tx, _READ, bill_id=bill_id)


def _one(tx: Connection, statement: sa.TextClause, **values: Any) -> Entry | None:
    row = tx.execute(statement, values).one_or_none()
    return None if row is None else entry(*row)


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
