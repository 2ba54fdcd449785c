"""Codes made in batches: unguessable, each used so many times, handed out as a list, switched off one by one or all."""

from __future__ import annotations

import csv
import io
import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.promotion import promotions, spelling
from ordering_platform.promotion.errors import CodeBatchNotFound, PromotionAutomatic, TooManyCodes
from ordering_platform.promotion.models import code_batches
from ordering_platform.runtime.clock import rfc3339
from ordering_platform.runtime.errors import FieldError, ValidationFailed
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.paging import page, uncursor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

# Without the signs people take for one another: 0 and O, 1, I and L; and without U, so that fewer words arise.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
# Ten of thirty signs are 49 bits.
LENGTH = 10
MOST = 10_000
MOST_OF_A_PROMOTION = 100_000
UNUSED, USED, DISABLED = "unused", "used", "disabled"

_INSERT = sa.text(
    """
    INSERT INTO promotions.codes (venue_id, code, promotion_id, batch_id, uses_allowed)
    SELECT :venue_id, code, :promotion_id, :batch_id, :uses_allowed FROM unnest(CAST(:codes AS text[])) AS made (code)
    ON CONFLICT (venue_id, code) DO NOTHING
    """
)

_WITH_STATE = """
    SELECT code, state, uses, uses_allowed FROM (
      SELECT one.code, one.uses_allowed, coalesce(counter.used, 0) AS uses,
             CASE WHEN one.disabled_at IS NOT NULL THEN 'disabled'
                  WHEN counter.used > 0 THEN 'used' ELSE 'unused' END AS state
        FROM promotions.codes AS one
        LEFT JOIN promotions.usage_counters AS counter
          ON counter.promotion_id = one.promotion_id AND counter.scope = 'code' AND counter.key = one.code
       WHERE one.batch_id = :batch_id
    ) AS made
"""
_ALL = sa.text(_WITH_STATE + " ORDER BY code")
_PAGE = sa.text(
    _WITH_STATE + " WHERE code > :after AND (CAST(:state AS text) IS NULL OR state = :state) ORDER BY code LIMIT :limit"
)
_COUNTED = sa.text(f"SELECT state, count(*) AS many FROM ({_WITH_STATE}) AS counted GROUP BY state")  # noqa: S608  what is put in is a constant

_DISABLE = sa.text(
    """
    WITH batch AS (
      UPDATE promotions.code_batches SET disabled_at = coalesce(disabled_at, now())
       WHERE id = :batch_id AND promotion_id = :promotion_id
      RETURNING id
    ), switched AS (
      UPDATE promotions.codes SET disabled_at = now() FROM batch
       WHERE codes.batch_id = batch.id AND codes.disabled_at IS NULL
    )
    SELECT count(*) FROM batch
    """
)


def make(tx: Connection, venue_id: str, promotion_id: str, actor: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Make a batch of codes for a promotion and give it; ``wish`` holds count, prefix and uses per code.

    Raises PromotionNotFound, PromotionArchived, PromotionAutomatic, TooManyCodes, and ValidationFailed
    for a prefix that no code can begin with.
    """
    if promotions.hold(tx, venue_id, promotion_id).trigger != "code":
        raise PromotionAutomatic
    prefix, count = _prefix(wish.get("prefix", "")), wish["count"]
    made = sa.select(sa.func.coalesce(sa.func.sum(code_batches.c.count), 0))
    if tx.execute(made.where(code_batches.c.promotion_id == promotion_id)).scalar_one() + count > MOST_OF_A_PROMOTION:
        raise TooManyCodes
    batch = {
        "id": new_id("bat"),
        "promotion_id": promotion_id,
        "count": count,
        "prefix": prefix,
        "uses_per_code": wish["uses_per_code"],
        "created_by": actor,
    }
    row = tx.execute(sa.insert(code_batches).values(batch).returning(code_batches)).one()
    _fill(tx, venue_id, batch)
    promotions.note(tx, promotion_id, "batch_made", actor, batch_id=row.id, count=count)
    return _shown(row)


def _fill(tx: Connection, venue_id: str, batch: Mapping[str, Any]) -> None:
    missing = batch["count"]
    # One statement; another one only where chance has made a code the venue already has.
    while missing:
        inserted = tx.execute(
            _INSERT,
            {
                "venue_id": venue_id,
                "promotion_id": batch["promotion_id"],
                "batch_id": batch["id"],
                "uses_allowed": batch["uses_per_code"],
                "codes": sorted(drawn(missing, batch["prefix"])),
            },
        )
        missing -= inserted.rowcount


def drawn(count: int, prefix: str = "") -> set[str]:
    """Draw so many different codes that nobody can guess."""
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(prefix + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))
    return codes


def _prefix(typed: str) -> str:
    prefix = spelling.normalise(typed)
    if prefix and not prefix.isalnum():
        raise ValidationFailed(errors=[FieldError("/prefix", "code", "Send letters and digits only.")])
    return prefix


def listed(tx: Connection, promotion_id: str, limit: int, after: str | None) -> dict[str, Any]:
    """List the batches of a promotion, the newest first."""
    query = sa.select(code_batches).where(code_batches.c.promotion_id == promotion_id)
    if after:
        query = query.where(code_batches.c.id < uncursor(after, (str,))[0])
    rows = [_shown(row) for row in tx.execute(query.order_by(code_batches.c.id.desc()).limit(limit + 1))]
    return page(rows, limit, lambda row: [row["id"]])


def read(
    tx: Connection, promotion_id: str, batch_id: str, limit: int, after: str | None, *, state: str | None
) -> dict[str, Any]:
    """Give a batch with how many of its codes are in which state, and a page of them by alphabet.

    Raises CodeBatchNotFound.
    """
    batch = _find(tx, promotion_id, batch_id)
    counted = {row.state: row.many for row in tx.execute(_COUNTED, {"batch_id": batch_id})}
    wanted = {
        "batch_id": batch_id,
        "after": uncursor(after, (str,))[0] if after else "",
        "state": state,
        "limit": limit + 1,
    }
    rows = [dict(row) for row in tx.execute(_PAGE, wanted).mappings()]
    return {
        "batch": {**_shown(batch), "states": {name: counted.get(name, 0) for name in (UNUSED, USED, DISABLED)}},
        **page(rows, limit, lambda row: [row["code"]]),
    }


def written(tx: Connection, promotion_id: str, batch_id: str) -> bytes:
    """Write all codes of a batch as CSV with a heading (RFC 4180); raises CodeBatchNotFound."""
    _find(tx, promotion_id, batch_id)
    sheet = io.StringIO()
    lines = csv.writer(sheet)
    lines.writerow(("code", "state", "uses", "uses_allowed"))
    lines.writerows(tx.execute(_ALL, {"batch_id": batch_id}).all())
    return sheet.getvalue().encode()


def disable(tx: Connection, venue_id: str, promotion_id: str, batch_id: str, actor: str) -> None:
    """Switch off all codes of a batch; raises PromotionNotFound or CodeBatchNotFound."""
    promotions.hold(tx, venue_id, promotion_id, archived=True)
    if not tx.execute(_DISABLE, {"promotion_id": promotion_id, "batch_id": batch_id}).scalar_one():
        raise CodeBatchNotFound
    promotions.note(tx, promotion_id, "batch_disabled", actor, batch_id=batch_id)


def _find(tx: Connection, promotion_id: str, batch_id: str) -> sa.Row[Any]:
    query = sa.select(code_batches).where(code_batches.c.promotion_id == promotion_id, code_batches.c.id == batch_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise CodeBatchNotFound
    return row


def _shown(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "promotion_id": row.promotion_id,
        "count": row.count,
        "prefix": row.prefix,
        "uses_per_code": row.uses_per_code,
        "created_at": rfc3339(row.created_at),
        "disabled": row.disabled_at is not None,
    }
