"""What is at hand at a Python prompt: the newest orders, one order, the tables, a promotion; all only read.

>>> orders("placed")        # the newest first
>>> order("A101")           # by number or id, with its lines and what happened to it
>>> tables()                # with their codes and who sits there
>>> promo("WELCOME10")      # by code or id, with how often it was used
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import models as floor
from ordering_platform.promotion import models as promotions
from ordering_platform.runtime.database import Transactions, make_engine

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("orders", "order", "tables", "promo", "pp")

_ORDER = floor.orders.c
_place: dict[str, Transactions] = {}


class Rows(list[dict[str, Any]]):
    """A list of rows that reads as a table at the prompt."""

    def __repr__(self) -> str:
        if not self:
            return "(none)"
        names = list(self[0])
        lines = [names, *([str("" if row[name] is None else row[name]) for name in names] for row in self)]
        widths = [max(len(line[at]) for line in lines) for at in range(len(names))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
        )


def use(database_url: str) -> None:
    """Read from this database from now on."""
    _place["db"] = Transactions(make_engine(database_url, pool_size=1, overflow=1))


def orders(status: str | None = None, limit: int = 20) -> Rows:
    """List the newest orders, of one status or of any."""
    columns = (_ORDER.number, _ORDER.status, _ORDER.payment_status, _ORDER.table_name, _ORDER.total_minor)
    wanted = sa.select(*columns, _ORDER.currency, _ORDER.rehearsal, _ORDER.placed_at, _ORDER.id)
    if status:
        wanted = wanted.where(_ORDER.status == status)
    return Rows(_read(wanted.order_by(_ORDER.id.desc()).limit(limit)))


def order(number_or_id: str) -> dict[str, Any] | None:
    """Give one order with its lines and events; of several with this number the newest."""
    wanted = sa.select(floor.orders).where(sa.or_(_ORDER.id == number_or_id, _ORDER.number == number_or_id.upper()))
    found = _read(wanted.order_by(_ORDER.id.desc()).limit(1))
    if not found:
        return None
    items, events = floor.order_items, floor.order_events
    mine = found[0]["id"]
    return {
        **found[0],
        "items": _read(sa.select(items).where(items.c.order_id == mine).order_by(items.c.position)),
        "events": _read(sa.select(events).where(events.c.order_id == mine).order_by(events.c.id)),
    }


def tables() -> Rows:
    """List the tables in use with their codes and the session that is open there."""
    table, session = floor.dining_tables, floor.table_sessions
    seated = sa.and_(session.c.table_id == table.c.id, session.c.status == "open")
    wanted = sa.select(table.c.name, table.c.code, session.c.id.label("session"), session.c.opened_at, table.c.id)
    wanted = wanted.select_from(table.outerjoin(session, seated)).where(table.c.retired_at.is_(None))
    return Rows(_read(wanted.order_by(table.c.venue_id, table.c.sort_order, table.c.id)))


def promo(code_or_id: str) -> dict[str, Any] | None:
    """Give one promotion with its rules and how often it was used."""
    promotion, version, code, counter = (
        promotions.promotions,
        promotions.promotion_versions,
        promotions.codes,
        promotions.usage_counters,
    )
    by_code = sa.select(code.c.promotion_id).where(code.c.code == code_or_id.upper())
    latest = sa.and_(version.c.promotion_id == promotion.c.id, version.c.version == promotion.c.version)
    wanted = sa.select(promotion, version.c.document).select_from(promotion.join(version, latest))
    found = _read(wanted.where(sa.or_(promotion.c.id == code_or_id, promotion.c.id.in_(by_code))))
    if not found:
        return None
    mine = found[0]["id"]
    return {
        **found[0],
        "codes": [row["code"] for row in _read(sa.select(code.c.code).where(code.c.promotion_id == mine).limit(20))],
        "usage": _read(sa.select(counter).where(counter.c.promotion_id == mine).limit(20)),
    }


def pp(thing: object) -> None:
    """Print something as JSON, for reading."""
    print(json.dumps(thing, indent=2, default=str, ensure_ascii=False))  # noqa: T201  this is what it is for


def _read(statement: sa.Select[Any]) -> list[dict[str, Any]]:
    if "db" not in _place:
        use(os.environ["DATABASE_URL"])
    with _place["db"].read() as tx:
        return _plain(tx.execute(statement).mappings())


def _plain(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]
