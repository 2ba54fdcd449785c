"""Reads everything an evaluation needs in one statement, so that it sees one moment of the database.

One snapshot matters: a repeated ``apply`` either finds its own stored answer, or counters that do not
yet hold its own use. Two statements could see the use and miss the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from ordering_platform.promotion import document, ledger, tries
from ordering_platform.promotion.evaluation import Candidate
from ordering_platform.promotion.limits import CODE
from ordering_platform.runtime.errors import RateLimited
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from ordering_platform.promotion.document import Promotion
    from ordering_platform.promotion.inquiry import Inquiry
    from ordering_platform.promotion.ledger import Entry

# The day of the venue may differ from the database's by one, so the counters of both neighbours are read.
_LOOK = prepared(
    f"""
    SELECT now() AS now, mine.state, mine.fingerprint, mine.answer::text AS answer, called.*,
           ({tries.WAIT}) AS wait
      FROM (VALUES (1)) AS always
      LEFT JOIN promotions.reservations AS mine ON mine.bill_id = :bill_id
      LEFT JOIN LATERAL (
        SELECT p.id, p.version, v.document::text AS document, wanted.code, wanted.uses_allowed,
               (SELECT jsonb_agg(jsonb_build_array(c.scope, c.key, c.used))::text
                  FROM promotions.usage_counters AS c
                 WHERE c.promotion_id = p.id
                   AND (c.scope = 'total'
                        OR (c.scope = 'customer' AND c.key = :guest_id)
                        OR (c.scope = 'budget' AND c.key = :currency)
                        OR (c.scope = 'code' AND c.key = wanted.code)
                        OR (c.scope = 'day' AND c.key >= to_char(now() - interval '2 days', 'YYYY-MM-DD')))) AS used
          FROM (SELECT id, NULL AS code, CAST(NULL AS int) AS uses_allowed FROM promotions.promotions
                 WHERE venue_id = :venue_id AND trigger = 'auto' AND status = 'running'
                 UNION ALL
                SELECT promotion_id, code, uses_allowed FROM promotions.codes
                 WHERE venue_id = :venue_id AND code = ANY(:codes) AND disabled_at IS NULL) AS wanted
          JOIN promotions.promotions AS p ON p.id = wanted.id AND p.status = 'running'
          JOIN promotions.promotion_versions AS v ON v.promotion_id = p.id AND v.version = p.version
      ) AS called ON true
    """  # noqa: S608  what is put in is a constant
)


@dataclass(frozen=True, slots=True)
class Sight:
    """The promotions an order may have, at the moment the database saw."""

    now: datetime
    stored: Entry | None
    candidates: tuple[Candidate, ...]
    called: Mapping[str, str]


def look(tx: Connection, inquiry: Inquiry, bill_id: str | None = None) -> Sight:
    """Read the automatic promotions of the venue, those called by code, and what this bill was answered.

    Raises RateLimited when the guest, or all guests of the venue, sent too many wrong codes.
    """
    rows = tx.execute(
        _LOOK,
        {
            "bill_id": bill_id,
            "venue_id": inquiry.venue_id,
            "guest_id": inquiry.guest_id,
            "currency": inquiry.currency,
            "codes": list(inquiry.codes),
            "tryers": tries.keys(inquiry.venue_id, inquiry.tryer) if inquiry.codes else [],
        },
    ).all()
    first = rows[0]
    stored = None
    if first.state is not None:
        stored = ledger.entry(first.state, first.fingerprint, first.answer, None)
    elif first.wait is not None:
        raise RateLimited(retry_after=first.wait)
    found = [row for row in rows if row.id is not None]
    called = {row.code: row.id for row in found if row.code is not None}
    return Sight(first.now, stored, _candidates(found, inquiry), called)


def _candidates(rows: Sequence[Any], inquiry: Inquiry) -> tuple[Candidate, ...]:
    # Two codes of one promotion call for it once, by the one that was typed first and is not used up.
    turn = {code: place for place, code in enumerate(inquiry.codes)}
    found = [_candidate(row) for row in rows]
    by_id: dict[str, Candidate] = {}
    for one in sorted(found, key=lambda one: (_is_used_up(one), turn.get(one.code or "", -1))):
        by_id.setdefault(one.promotion.id, one)
    return tuple(by_id.values())


def _candidate(row: Any) -> Candidate:
    return Candidate(_promotion(row.id, row.version, row.document), row.code, _used(row), row.uses_allowed)


def _is_used_up(one: Candidate) -> bool:
    return one.code_uses is not None and one.used.get((CODE, one.code or ""), 0) >= one.code_uses


def _used(row: Any) -> dict[tuple[str, str], int]:
    return {(scope, key): used for scope, key, used in orjson.loads(row.used)} if row.used else {}


@lru_cache(maxsize=2048)
def _promotion(promotion_id: str, version: int, text: str) -> Promotion:
    """Read a document once: a version never changes."""
    return document.read(promotion_id, version, orjson.loads(text))
