"""The tables of a venue and the links printed on them; a link can be taken back for one table alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import segno
import sqlalchemy as sa
from sqlalchemy import exc

from ordering_platform.order import errors
from ordering_platform.runtime.ids import new_code, new_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

CODE_BITS = 128

_LIST = sa.text("""
    SELECT t.*, s.id AS session_id, s.confirmed
    FROM orders.dining_tables t
    LEFT JOIN orders.table_sessions s ON s.table_id = t.id AND s.status = 'open'
    WHERE t.venue_id = :venue_id AND t.retired_at IS NULL AND (CAST(:id AS text) IS NULL OR t.id = :id)
    ORDER BY t.sort_order, t.id
""")

_LINK = sa.text("""
    SELECT v.name AS venue_name, v.languages, t.name AS table_name, t.code = :code AND t.retired_at IS NULL AS is_live
    FROM orders.dining_tables t JOIN orders.venues v ON v.id = t.venue_id
    WHERE t.code = :code OR t.id = (SELECT table_id FROM orders.retired_codes WHERE code = :code)
""")

_ROTATE = sa.text("""
    WITH before AS (
        SELECT id, code FROM orders.dining_tables
        WHERE id = :id AND venue_id = :venue_id AND retired_at IS NULL FOR NO KEY UPDATE
    ), kept AS (
        INSERT INTO orders.retired_codes (code, table_id) SELECT code, id FROM before
    )
    UPDATE orders.dining_tables t SET code = :code FROM before WHERE t.id = before.id RETURNING t.id
""")


def listed(tx: Connection, caller: Caller, public_url: str) -> dict[str, Any]:
    """List the tables of a venue with their links and the session that sits there."""
    rows = tx.execute(_LIST, {"venue_id": caller.venue, "id": None})
    return {"data": [_shown(row, public_url) for row in rows], "next": None, "has_more": False}


def view(tx: Connection, caller: Caller, table_id: str, public_url: str) -> dict[str, Any]:
    """Show one table; raises TableNotFound."""
    row = tx.execute(_LIST, {"venue_id": caller.venue, "id": table_id}).one_or_none()
    if row is None:
        raise errors.TableNotFound
    return _shown(row, public_url)


def _shown(row: Any, public_url: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "code": row.code,
        "url": link(public_url, row.code),
        "sort_order": row.sort_order,
        "session_id": row.session_id,
    }


def link(public_url: str, code: str) -> str:
    """Write the address that is printed on a table."""
    return f"{public_url}/t/{code}"


def add(tx: Connection, venue_id: str, *, name: str, sort_order: int = 0) -> str:
    """Put a table into the venue, with a code of its own, and give its id; raises TableNameTaken."""
    table_id = new_id("tbl")
    insert = sa.text("""
        INSERT INTO orders.dining_tables (id, venue_id, name, code, sort_order)
        VALUES (:id, :venue_id, :name, :code, :sort_order)
    """)
    values = {"venue_id": venue_id, "name": name, "code": new_code(CODE_BITS), "sort_order": sort_order}
    _named(tx, insert, {"id": table_id, **values})
    return table_id


_CHANGE = sa.text("""
    UPDATE orders.dining_tables SET name = coalesce(:name, name), sort_order = coalesce(:sort_order, sort_order)
    WHERE id = :id AND venue_id = :venue_id AND retired_at IS NULL
""")


def change(tx: Connection, caller: Caller, table_id: str, wish: dict[str, Any]) -> None:
    """Rename or move a table in the list; its printed link stays. Raises TableNotFound and TableNameTaken."""
    values = {"name": wish.get("name"), "sort_order": wish.get("sort_order")}
    if _named(tx, _CHANGE, {"id": table_id, "venue_id": caller.venue, **values}) == 0:
        raise errors.TableNotFound


def _named(tx: Connection, statement: sa.TextClause, values: dict[str, Any]) -> int:
    try:
        return tx.execute(statement, values).rowcount
    except exc.IntegrityError as fault:
        raise errors.TableNameTaken from fault


_RETIRE = sa.text("""
    UPDATE orders.dining_tables t SET retired_at = now()
    WHERE id = :id AND venue_id = :venue_id AND retired_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM orders.table_sessions s WHERE s.table_id = t.id AND s.status = 'open')
""")


def retire(tx: Connection, caller: Caller, table_id: str) -> None:
    """Take a table out of the house; its link says so from now on. Raises TableNotFound and TableOccupied."""
    values = {"id": table_id, "venue_id": caller.venue}
    if tx.execute(_RETIRE, values).rowcount == 0:
        if tx.execute(_LIST, values).first() is None:
            raise errors.TableNotFound
        raise errors.TableOccupied


def rotate(tx: Connection, caller: Caller, table_id: str) -> None:
    """Give one table a new code; the old print is answered 410, all others go on. Raises TableNotFound."""
    values = {"id": table_id, "venue_id": caller.venue, "code": new_code(CODE_BITS)}
    if tx.execute(_ROTATE, values).one_or_none() is None:
        raise errors.TableNotFound


def behind(tx: Connection, code: str) -> dict[str, Any]:
    """Say which venue and table a printed link belongs to; raises TableNotFound and TableCodeRetired."""
    row = tx.execute(_LINK, {"code": code}).one_or_none()
    if row is None:
        raise errors.TableNotFound
    if not row.is_live:
        raise errors.TableCodeRetired(venue=row.venue_name)
    return {"venue": {"name": row.venue_name, "languages": row.languages}, "table": {"name": row.table_name}}


def qr(url: str) -> bytes:
    """Draw a link as SVG: error correction M and a quiet zone of four, as printed codes need."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", border=4, scale=8, light="white", xmldecl=False)
    return out.getvalue()
