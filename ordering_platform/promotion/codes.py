"""The codes of promotions: given out, listed, switched off; each belongs to one promotion of a venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ordering_platform.promotion import spelling, tries
from ordering_platform.promotion.errors import CodeNotFound, CodeTaken, PromotionCodeNotFound
from ordering_platform.promotion.models import RUNNING, codes, promotion_versions, promotions
from ordering_platform.runtime.clock import rfc3339
from ordering_platform.runtime.errors import FieldError, ValidationFailed
from ordering_platform.runtime.paging import page, uncursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions


def add(tx: Connection, venue_id: str, promotion_id: str, typed: Sequence[str]) -> list[str]:
    """Give a promotion these codes and give them as they are kept; one that was switched off works again.

    Raises ValidationFailed for a code that is no code and CodeTaken for one of another promotion.
    """
    wanted = [spelling.normalise(text) for text in typed]
    faults = [
        FieldError(f"/codes/{place}", "code", "Send 3 to 40 letters and digits.")
        for place, code in enumerate(wanted)
        if not spelling.is_sound(code)
    ]
    if faults:
        raise ValidationFailed(errors=faults)
    # In one order, so that two who add the same codes do not wait for each other.
    rows = [{"venue_id": venue_id, "code": code, "promotion_id": promotion_id} for code in sorted(set(wanted))]
    statement = insert(codes).values(rows)
    statement = statement.on_conflict_do_update(
        index_elements=[codes.c.venue_id, codes.c.code],
        set_={"disabled_at": None},
        where=codes.c.promotion_id == statement.excluded.promotion_id,
    )
    kept = set(tx.scalars(statement.returning(codes.c.code)))
    taken = sorted(set(wanted) - kept)
    if taken:
        raise CodeTaken(codes=taken)
    return sorted(kept)


def listed(tx: Connection, promotion_id: str, limit: int, after: str | None) -> dict[str, Any]:
    """List the codes of a promotion by alphabet."""
    query = sa.select(codes.c.code, codes.c.disabled_at, codes.c.created_at).where(codes.c.promotion_id == promotion_id)
    if after:
        query = query.where(codes.c.code > uncursor(after, (str,))[0])
    rows = [
        {"code": row.code, "disabled": row.disabled_at is not None, "created_at": rfc3339(row.created_at)}
        for row in tx.execute(query.order_by(codes.c.code).limit(limit + 1))
    ]
    return page(rows, limit, lambda row: [row["code"]])


def disable(tx: Connection, promotion_id: str, typed: str) -> str:
    """Switch a code off and give it as it is kept; raises PromotionCodeNotFound."""
    code = spelling.normalise(typed)
    moved = tx.execute(
        sa.update(codes)
        .where(codes.c.promotion_id == promotion_id, codes.c.code == code)
        .values(disabled_at=sa.func.coalesce(codes.c.disabled_at, sa.func.now()))
    )
    if moved.rowcount == 0:
        raise PromotionCodeNotFound
    return code


def of_venue(tx: Connection, venue_id: str, wanted: Sequence[str]) -> set[str]:
    """Give those of the codes that belong to the venue, whether or not they work."""
    return set(tx.scalars(sa.select(codes.c.code).where(codes.c.venue_id == venue_id, codes.c.code.in_(wanted))))


def known(db: Transactions, venue_id: str, tryer: str | None, typed: str) -> dict[str, Any]:
    """Give the running promotion a code calls for; raises CodeNotFound, and RateLimited after too many of them."""
    code = spelling.normalise(typed)
    query = (
        sa.select(codes.c.promotion_id, promotion_versions.c.document["name"].astext.label("name"))
        .join(promotions, promotions.c.id == codes.c.promotion_id)
        .join(
            promotion_versions,
            (promotion_versions.c.promotion_id == promotions.c.id)
            & (promotion_versions.c.version == promotions.c.version),
        )
        .where(codes.c.venue_id == venue_id, codes.c.code == code, codes.c.disabled_at.is_(None))
        .where(promotions.c.status == RUNNING)
    )
    with db.read() as tx:
        tries.check(tx, venue_id, tryer)
        row = tx.execute(query).one_or_none()
    if row is None:
        tries.note(db, venue_id, tryer, 1)
        raise CodeNotFound
    return {"code": code, "promotion_id": row.promotion_id, "name": row.name}
