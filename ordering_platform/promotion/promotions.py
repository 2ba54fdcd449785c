"""Promotions as the venue's staff know them: made, listed, changed by new versions, paused, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.promotion import codes
from ordering_platform.promotion.errors import PromotionArchived, PromotionAutomatic, PromotionNotFound
from ordering_platform.promotion.models import (
    ARCHIVED,
    RUNNING,
    promotion_changes,
    promotion_versions,
    promotions,
)
from ordering_platform.runtime.clock import rfc3339
from ordering_platform.runtime.errors import PreconditionFailed
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.paging import page, uncursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection, Row

_CURRENT = sa.select(promotions, promotion_versions.c.document).join(
    promotion_versions,
    (promotion_versions.c.promotion_id == promotions.c.id) & (promotion_versions.c.version == promotions.c.version),
)


def create(tx: Connection, venue_id: str, actor: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a running promotion with its first version and its codes.

    Raises PromotionAutomatic for codes of an automatic one, CodeTaken and ValidationFailed.
    """
    wanted = body.get("codes") or []
    document = _without_nothing({name: block for name, block in body.items() if name != "codes"})
    if wanted and document["trigger"] != "code":
        raise PromotionAutomatic
    promotion_id = new_id("prm")
    insert(tx, promotion_id, venue_id, actor, document)
    if wanted:
        codes.add(tx, venue_id, promotion_id, wanted)
    return read(tx, venue_id, promotion_id)


def insert(tx: Connection, promotion_id: str, venue_id: str, actor: str, document: Mapping[str, Any]) -> None:
    """Write a promotion whose document has been checked, under an id of the caller's choice."""
    row = {"id": promotion_id, "venue_id": venue_id, "trigger": document["trigger"], "status": RUNNING, "version": 1}
    tx.execute(sa.insert(promotions), row)
    _write_version(tx, promotion_id, 1, actor, document)
    note(tx, promotion_id, "created", actor, version=1)


def listed(tx: Connection, venue_id: str, limit: int, after: str | None, status: str | None) -> dict[str, Any]:
    """List the promotions of a venue, the newest first."""
    query = _CURRENT.where(promotions.c.venue_id == venue_id)
    if status:
        query = query.where(promotions.c.status == status)
    if after:
        query = query.where(promotions.c.id < uncursor(after, (str,))[0])
    rows = [_shown(row) for row in tx.execute(query.order_by(promotions.c.id.desc()).limit(limit + 1))]
    return page(rows, limit, lambda row: [row["id"]])


def read(tx: Connection, venue_id: str, promotion_id: str) -> dict[str, Any]:
    """Give one promotion; raises PromotionNotFound, also for another venue's."""
    return _shown(_find(tx, _CURRENT, venue_id, promotion_id))


def automatic(tx: Connection, venue_id: str) -> list[dict[str, Any]]:
    """Give the promotions of a venue that apply by themselves today."""
    query = _CURRENT.where(promotions.c.venue_id == venue_id, promotions.c.trigger == "auto")
    return [_shown(row) for row in tx.execute(query.where(promotions.c.status == RUNNING).order_by(promotions.c.id))]


def versions(tx: Connection, venue_id: str, promotion_id: str, limit: int, after: str | None) -> dict[str, Any]:
    """List what a promotion has been, the newest version first; raises PromotionNotFound."""
    _find(tx, sa.select(promotions.c.id), venue_id, promotion_id)
    query = sa.select(promotion_versions).where(promotion_versions.c.promotion_id == promotion_id)
    if after:
        query = query.where(promotion_versions.c.version < uncursor(after, (int,))[0])
    rows = [
        {
            "version": row.version,
            **row.document,
            "created_by": row.created_by,
            "created_at": rfc3339(row.created_at),
        }
        for row in tx.execute(query.order_by(promotion_versions.c.version.desc()).limit(limit + 1))
    ]
    return page(rows, limit, lambda row: [row["version"]])


def change(
    tx: Connection,
    venue_id: str,
    promotion_id: str,
    actor: str,
    blocks: Mapping[str, Any],
    *,
    if_match: str | None = None,
) -> dict[str, Any]:
    """Write a new version in which the given blocks replace the old ones; bills keep the version they reserved.

    Raises PromotionNotFound, PromotionArchived, and PreconditionFailed when ``if_match`` names another version.
    """
    held = hold(tx, venue_id, promotion_id)
    if if_match not in {None, "*", f'"{held.version}"'}:
        raise PreconditionFailed
    document = _without_nothing({**held.document, **blocks})
    if document == held.document:
        return _shown(held)
    version = held.version + 1
    _write_version(tx, promotion_id, version, actor, document)
    _update(tx, promotion_id, version=version)
    note(tx, promotion_id, "changed", actor, version=version)
    return read(tx, venue_id, promotion_id)


def move(tx: Connection, venue_id: str, promotion_id: str, actor: str, status: str) -> dict[str, Any]:
    """Pause, resume or archive a promotion; repeating it changes nothing. Raises PromotionArchived."""
    held = hold(tx, venue_id, promotion_id, archived=status == ARCHIVED)
    if held.status == status:
        return _shown(held)
    _update(tx, promotion_id, status=status)
    note(tx, promotion_id, status, actor, before=held.status)
    return read(tx, venue_id, promotion_id)


def add_codes(
    tx: Connection, venue_id: str, promotion_id: str, actor: str, typed: Sequence[str]
) -> dict[str, list[str]]:
    """Give a promotion more codes; raises PromotionAutomatic, PromotionArchived, CodeTaken, ValidationFailed."""
    if hold(tx, venue_id, promotion_id).trigger != "code":
        raise PromotionAutomatic
    kept = codes.add(tx, venue_id, promotion_id, typed)
    note(tx, promotion_id, "codes_added", actor, codes=kept)
    return {"codes": kept}


def disable_code(tx: Connection, venue_id: str, promotion_id: str, actor: str, typed: str) -> None:
    """Switch one code of a promotion off; raises PromotionNotFound or PromotionCodeNotFound."""
    hold(tx, venue_id, promotion_id, archived=True)
    note(tx, promotion_id, "code_disabled", actor, code=codes.disable(tx, promotion_id, typed))


def hold(tx: Connection, venue_id: str, promotion_id: str, *, archived: bool = False) -> Row[Any]:
    """Lock a promotion against other changes until the transaction ends; checkouts do not wait for it.

    Raises PromotionNotFound and, unless ``archived`` ones are wanted too, PromotionArchived.
    """
    # Two statements: one that waited for a lock would still see the version from before it waited.
    _find(tx, sa.select(promotions.c.id).with_for_update(key_share=True), venue_id, promotion_id)
    held = _find(tx, _CURRENT, venue_id, promotion_id)
    if held.status == ARCHIVED and not archived:
        raise PromotionArchived
    return held


def _find(tx: Connection, query: sa.Select[Any], venue_id: str, promotion_id: str) -> Row[Any]:
    row = tx.execute(query.where(promotions.c.id == promotion_id, promotions.c.venue_id == venue_id)).one_or_none()
    if row is None:
        raise PromotionNotFound
    return row


def _update(tx: Connection, promotion_id: str, **values: Any) -> None:
    tx.execute(sa.update(promotions).where(promotions.c.id == promotion_id).values(updated_at=sa.func.now(), **values))


def _write_version(tx: Connection, promotion_id: str, version: int, actor: str, document: Mapping[str, Any]) -> None:
    row = {"promotion_id": promotion_id, "version": version, "document": dict(document), "created_by": actor}
    tx.execute(sa.insert(promotion_versions), row)


def note(tx: Connection, promotion_id: str, kind: str, actor: str, **details: Any) -> None:
    """Keep what somebody did to a promotion."""
    row = {"promotion_id": promotion_id, "kind": kind, "actor": actor, "details": details}
    tx.execute(sa.insert(promotion_changes), row)


def _without_nothing(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: block for name, block in document.items() if block is not None}


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "version": row.version,
        **row.document,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }
