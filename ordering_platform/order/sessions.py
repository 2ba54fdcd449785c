"""Table sessions: a party sits down with the first scan, and nobody after it sees what it did."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import errors
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.paging import page, uncursor
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.errors import DomainError
    from ordering_platform.runtime.identity import Caller

MAX_GUESTS = 1000
MAX_WRONG_CODES = 5
WRONG_CODE_PAUSE = timedelta(minutes=10)

# Two phones that scan at the same moment meet at the unique index of open sessions and get the same one.
_SCAN = prepared("""
    WITH scanned AS (
        SELECT t.id AS table_id, t.name AS table_name, t.venue_id, v.policy
        FROM orders.dining_tables t JOIN orders.venues v ON v.id = t.venue_id
        WHERE t.code = :code AND t.retired_at IS NULL
    ), opened AS (
        INSERT INTO orders.table_sessions AS s (id, venue_id, table_id, opened_by)
        SELECT :new_id, venue_id, table_id, :guest_id FROM scanned WHERE policy <> 'visit_code'
        ON CONFLICT (table_id) WHERE status = 'open' DO UPDATE SET last_activity_at = now()
        RETURNING s.id, s.venue_id, s.table_id
    ), joined AS (
        INSERT INTO orders.session_guests AS g (session_id, guest_id, nickname)
        SELECT id, :guest_id, :nickname FROM opened
        WHERE (SELECT count(*) FROM orders.session_guests WHERE session_id = opened.id) < :max_guests
           OR EXISTS (SELECT 1 FROM orders.session_guests WHERE session_id = opened.id AND guest_id = :guest_id)
        ON CONFLICT (session_id, guest_id) DO UPDATE SET nickname = coalesce(excluded.nickname, g.nickname)
        RETURNING g.session_id
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, subject_id, kind, actor_kind, actor_id, to_status)
        SELECT venue_id, id, table_id, 'session.opened', 'guest', :guest_id, 'open' FROM opened WHERE id = :new_id
    )
    SELECT scanned.*, opened.id AS session_id, joined.session_id IS NOT NULL AS is_member
    FROM scanned LEFT JOIN opened ON true LEFT JOIN joined ON true
""")


def open_by_scan(
    db: Transactions, *, table_code: str, guest_id: str, nickname: str | None, visit_code: str | None
) -> dict[str, Any]:
    """Seat a guest at the table with this code and open its session when there is none.

    Raises TableNotFound, TableCodeRetired, TableFull and, where the venue asks for a visit code,
    TableClosed, VisitCodeRequired or TooManyWrongCodes.
    """
    guest = {"guest_id": guest_id, "nickname": nickname, "max_guests": MAX_GUESTS}
    with db.single() as tx:
        row = tx.execute(_SCAN, {"code": table_code, "new_id": new_id("ses"), **guest}).one_or_none()
        if row is None:
            raise _unknown(tx, table_code)
    session_id = row.session_id
    if session_id is None:
        session_id = _join_by_code(db, row.table_id, guest, visit_code)
    elif not row.is_member:
        raise errors.TableFull
    return {
        "venue_id": row.venue_id,
        "table_id": row.table_id,
        "table_name": row.table_name,
        "session_id": session_id,
        "session_status": "open",
    }


def _unknown(tx: Connection, code: str) -> DomainError:
    retired = sa.text("""
        SELECT 1 FROM orders.retired_codes WHERE code = :code
        UNION ALL SELECT 1 FROM orders.dining_tables WHERE code = :code AND retired_at IS NOT NULL
    """)
    known = tx.execute(retired, {"code": code}).first()
    return errors.TableCodeRetired() if known else errors.TableNotFound()


_OPEN_SESSION = sa.text("""
    SELECT s.id, s.visit_code, s.wrong_codes, g.guest_id IS NOT NULL AS is_member,
           s.wrong_code_at > now() - CAST(:pause AS interval) AS missed_lately
    FROM orders.table_sessions s
    LEFT JOIN orders.session_guests g ON g.session_id = s.id AND g.guest_id = :guest_id
    WHERE s.table_id = :table_id AND s.status = 'open'
    FOR NO KEY UPDATE OF s
""")


def _join_by_code(db: Transactions, table_id: str, guest: dict[str, Any], visit_code: str | None) -> str:
    with db.transaction() as tx:
        session_id, is_right = _try_code(tx, table_id, guest, visit_code)
    # Raised only here: the wrong try must stay counted, and raising inside would roll it back.
    if not is_right:
        raise errors.VisitCodeRequired
    return session_id


def _try_code(tx: Connection, table_id: str, guest: dict[str, Any], visit_code: str | None) -> tuple[str, bool]:
    session = tx.execute(_OPEN_SESSION, {"table_id": table_id, "pause": WRONG_CODE_PAUSE, **guest}).one_or_none()
    if session is None:
        raise errors.TableClosed
    if session.is_member:
        return session.id, True
    misses = session.wrong_codes if session.missed_lately else 0
    if misses >= MAX_WRONG_CODES:
        raise errors.TooManyWrongCodes(retry_after=int(WRONG_CODE_PAUSE.total_seconds()))
    if visit_code is None:
        raise errors.VisitCodeRequired
    if not secrets.compare_digest(visit_code.encode(), (session.visit_code or "").encode()):
        missed = sa.text("UPDATE orders.table_sessions SET wrong_codes = :misses, wrong_code_at = now() WHERE id = :id")
        tx.execute(missed, {"misses": misses + 1, "id": session.id})
        return session.id, False
    joined = sa.text("""
        INSERT INTO orders.session_guests (session_id, guest_id, nickname) VALUES (:id, :guest_id, :nickname)
    """)
    tx.execute(joined, {"id": session.id, **guest})
    return session.id, True


def new_visit_code() -> str:
    """Make the four digits staff show to a party."""
    return f"{secrets.randbelow(10_000):04}"


_OPEN_BY_STAFF = sa.text("""
    WITH seat AS (
        SELECT id AS table_id, venue_id FROM orders.dining_tables
        WHERE id = :table_id AND venue_id = :venue_id AND retired_at IS NULL
    ), opened AS (
        INSERT INTO orders.table_sessions AS s (id, venue_id, table_id, opened_by, confirmed, visit_code)
        SELECT :new_id, venue_id, table_id, :staff_id, true, :visit_code FROM seat
        ON CONFLICT (table_id) WHERE status = 'open' DO UPDATE
            SET confirmed = true, visit_code = coalesce(s.visit_code, excluded.visit_code), last_activity_at = now()
        RETURNING s.id, s.venue_id, s.table_id
    ), noted AS (
        INSERT INTO orders.order_events (venue_id, session_id, subject_id, kind, actor_kind, actor_id, to_status)
        SELECT venue_id, id, table_id, 'session.opened', 'staff', :staff_id, 'open' FROM opened WHERE id = :new_id
    )
    SELECT id FROM opened
""")


def open_by_staff(tx: Connection, caller: Caller, table_id: str) -> dict[str, Any]:
    """Open the session of a table, or confirm the one that is open; raises TableNotFound."""
    values = {
        "table_id": table_id,
        "venue_id": caller.venue,
        "new_id": new_id("ses"),
        "staff_id": caller.id,
        "visit_code": new_visit_code(),
    }
    session_id = tx.execute(_OPEN_BY_STAFF, values).scalar_one_or_none()
    if session_id is None:
        raise errors.TableNotFound
    return view(tx, caller, session_id)


_RENEW = sa.text("""
    UPDATE orders.table_sessions SET visit_code = :code, wrong_codes = 0, confirmed = true
    WHERE id = :id AND venue_id = :venue_id AND status = 'open'
""")


def renew_code(tx: Connection, caller: Caller, session_id: str) -> dict[str, Any]:
    """Give a party a new visit code and forget its wrong tries; raises SessionNotFound and SessionClosed."""
    values = {"id": session_id, "venue_id": caller.venue, "code": new_visit_code()}
    renewed = tx.execute(_RENEW, values).rowcount == 1
    session = view(tx, caller, session_id)
    if not renewed:
        raise errors.SessionClosed
    return session


_VIEW = """
    SELECT s.*, t.name AS table_name,
           (SELECT coalesce(json_agg(json_build_object('id', g.guest_id, 'nickname', g.nickname)
                                     ORDER BY g.joined_at), '[]')
            FROM orders.session_guests g WHERE g.session_id = s.id) AS guests
    FROM orders.table_sessions s JOIN orders.dining_tables t ON t.id = s.table_id
"""
_ONE = sa.text(_VIEW + " WHERE s.id = :id AND s.venue_id = :venue_id")
_MANY = sa.text(
    _VIEW
    + """
    WHERE s.venue_id = :venue_id AND (:status = '' OR s.status = :status)
      AND (CAST(:before AS text) IS NULL OR s.id < :before)
    ORDER BY s.id DESC LIMIT :rows
"""
)


def view(tx: Connection, caller: Caller, session_id: str) -> dict[str, Any]:
    """Show a session to the staff of its venue; raises SessionNotFound."""
    row = tx.execute(_ONE, {"id": session_id, "venue_id": caller.venue}).one_or_none()
    if row is None:
        raise errors.SessionNotFound
    return _shown(row)


def listed(tx: Connection, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """List the sessions of a venue, newest first."""
    before = uncursor(query["after"], (str,))[0] if "after" in query else None
    values = {
        "venue_id": caller.venue,
        "status": query.get("status", ""),
        "before": before,
        "rows": query["limit"] + 1,
    }
    rows = [_shown(row) for row in tx.execute(_MANY, values)]
    return page(rows, query["limit"], lambda row: [row["id"]])


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "table": {"id": row.table_id, "name": row.table_name},
        "status": row.status,
        "confirmed": row.confirmed,
        "visit_code": row.visit_code,
        "guests": row.guests,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "close_reason": row.close_reason,
    }


def refusal(tx: Connection, caller: Caller, otherwise: DomainError) -> DomainError:
    """Say why a caller was not served: a guest whose visit has ended hears that before anything else."""
    if caller.is_guest:
        running = "SELECT 1 FROM orders.table_sessions WHERE id = :id AND status = 'open'"
        if tx.execute(sa.text(running), {"id": caller.session}).first() is None:
            return errors.SessionClosed()
    return otherwise
