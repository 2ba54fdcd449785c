"""The rows behind the uses of promotions: one for each bill, one for each use, one for each counted limit.

Locks are taken in one order everywhere: the row of the bill first, then its counters by promotion,
scope and key. So bills never wait for each other in a ring, and a counter is held for two statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.promotion.inquiry import Inquiry

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
    )
    SELECT count(*) FROM mine
    """
)

# A counter moves only while the claim fits; the ones that did not move are the limits that are reached.
_CLAIM = sa.text(
    """
    INSERT INTO promotions.usage_counters AS c (promotion_id, scope, key, used, allowed)
    SELECT promotion_id, scope, key, amount, allowed
      FROM jsonb_to_recordset(CAST(:claims AS jsonb))
           AS one (promotion_id text, scope text, key text, amount bigint, allowed bigint)
     ORDER BY promotion_id, scope, key
    ON CONFLICT (promotion_id, scope, key) DO UPDATE
       SET used = c.used + excluded.used, allowed = excluded.allowed
     WHERE c.used + excluded.used <= excluded.allowed
    RETURNING promotion_id, scope, key
    """
)

_GIVE_BACK = sa.text(
    """
    WITH claimed AS (
      SELECT * FROM jsonb_to_recordset(CAST(:claims AS jsonb))
                    AS one (promotion_id text, scope text, key text, amount bigint)
    ), held AS (
      SELECT c.promotion_id, c.scope, c.key, claimed.amount
        FROM promotions.usage_counters AS c JOIN claimed USING (promotion_id, scope, key)
       ORDER BY c.promotion_id, c.scope, c.key
         FOR UPDATE OF c
    )
    UPDATE promotions.usage_counters AS c SET used = c.used - held.amount FROM held
     WHERE c.promotion_id = held.promotion_id AND c.scope = held.scope AND c.key = held.key
    """
)

_SETTLE = prepared(
    """
    UPDATE promotions.reservations SET state = :state, settled_at = now()
     WHERE bill_id = :bill_id AND state = ANY(:before)
    RETURNING state, fingerprint, answer::text AS answer, claims::text AS claims
    """
)

_RELEASE = sa.text(
    """
    INSERT INTO promotions.reservations AS r (bill_id, state, settled_at) VALUES (:bill_id, 'released', now())
    ON CONFLICT (bill_id) DO UPDATE SET state = 'released', settled_at = now() WHERE r.state = 'reserved'
    RETURNING state, fingerprint, answer::text AS answer, claims::text AS claims
    """
)

_READ = sa.text(
    """
    SELECT state, fingerprint, answer::text AS answer, claims::text AS claims
      FROM promotions.reservations WHERE bill_id = :bill_id
    """
)


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
    """Write the row of a bill with its uses; False when it has a row already, then nothing is written."""
    reserved = tx.execute(
        _RESERVE,
        {
            "bill_id": bill_id,
            "fingerprint": inquiry.fingerprint,
            "answer": _text(answer),
            "claims": _text(claims) if claims else None,
            "applied": _text(answer["applied"]),
            "guest_id": inquiry.guest_id,
            "currency": inquiry.currency,
        },
    )
    return bool(reserved.scalar_one())


def claim(tx: Connection, claims: Sequence[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Move the counters of these claims and give the ones that had room; no limit is ever passed."""
    return {(row.promotion_id, row.scope, row.key) for row in tx.execute(_CLAIM, {"claims": _text(claims)})}


def give_back(tx: Connection, claims: Sequence[dict[str, Any]]) -> None:
    """Move the counters back."""
    if claims:
        tx.execute(_GIVE_BACK, {"claims": _text(claims)})


def settle(tx: Connection, bill_id: str, state: str, before: Sequence[str]) -> Entry | None:
    """Move a bill from one of these states; None when it was in another or is not known."""
    return _one(tx, _SETTLE, bill_id=bill_id, state=state, before=list(before))


def release(tx: Connection, bill_id: str) -> Entry | None:
    """Move a reserved bill to released, and leave a tombstone for an unknown one; None when it was settled."""
    return _one(tx, _RELEASE, bill_id=bill_id)


def read(tx: Connection, bill_id: str) -> Entry | None:
    """Give the row of a bill."""
    return _one(tx, _READ, bill_id=bill_id)


def _one(tx: Connection, statement: sa.TextClause, **values: Any) -> Entry | None:
    row = tx.execute(statement, values).one_or_none()
    return None if row is None else entry(*row)


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
