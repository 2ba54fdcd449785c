"""What happened, in the order in which it was committed: as a list and as a live stream."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from ordering_platform.order import errors
from ordering_platform.order.models import order_events, table_sessions
from ordering_platform.order.orders import loaded, may_see
from ordering_platform.order.sessions import refusal
from ordering_platform.runtime.errors import FieldError, InvalidParameter, Unavailable
from ordering_platform.runtime.notifications import MISSED, SILENCE
from ordering_platform.runtime.streams import sse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller
    from ordering_platform.runtime.notifications import Notifications

CHANNEL = "order_events"
_PING_EVERY = 10.0
_PAGE = 100
_RETRY = b"retry: 2000\n\n"

_event = order_events.c


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it was announced, and as it goes over the wire to staff and to guests."""

    id: int
    row: dict[str, Any]
    for_staff: bytes
    for_guest: bytes


def heard(payload: str) -> Heard:
    """Read an announcement, once for all streams of this process."""
    row = orjson.loads(payload)
    row["at"] = datetime.fromisoformat(row["at"]).astimezone(UTC)
    return _written(row)


def _written(row: dict[str, Any]) -> Heard:
    event_id = str(row["id"])
    chunks = [sse(event_id, row["kind"], shown(row, to_staff=to_staff)) for to_staff in (True, False)]
    return Heard(row["id"], row, *chunks)


def shown(row: Any, *, to_staff: bool) -> dict[str, Any]:
    """Write an event as clients read it; guests are not told which member of staff it was."""
    actor_id = row["actor_id"] if to_staff or row["actor_kind"] != "staff" else None
    return {
        "id": str(row["id"]),
        "at": row["at"],
        "kind": row["kind"],
        "actor": {"kind": row["actor_kind"], "id": actor_id},
        "from": row["from_status"],
        "to": row["to_status"],
        "order_id": row["order_id"],
        "session_id": row["session_id"],
        "subject_id": row["subject_id"],
        "details": row["details"],
    }


def may_hear(caller: Caller, row: dict[str, Any]) -> bool:
    """Whether an event is for this caller: the venue's for staff; for guests their table's and the menu's."""
    if row["venue_id"] != caller.venue:
        return False
    if caller.is_staff:
        return not row["private"] and not row["rehearsal"]
    if row["session_id"] is None:
        return True
    return bool(row["session_id"] == caller.session and (not row["private"] or row["actor_id"] == caller.id))


@cache
def _since(*, guest: bool) -> sa.Select[Any]:
    """Build the statement for what a caller may hear after an event, oldest first."""
    later = _event.id > sa.bindparam("after")
    limit: sa.BindParameter[int] = sa.bindparam("rows")
    if not guest:
        return _of_venue().where(later).order_by(_event.id).limit(limit)
    parts = [one.where(later).order_by(_event.id).limit(limit) for one in (_of_session(), _of_everybody())]
    either = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()
    return sa.select(either).order_by(either.c.id).limit(limit)


@cache
def _newest(*, guest: bool) -> sa.Select[Any]:
    """Build the statement for the latest a caller may hear, newest first."""
    mine = _of_session() if guest else _of_venue()
    return mine.order_by(_event.id.desc()).limit(sa.bindparam("rows"))


def _of_venue() -> sa.Select[Any]:
    return sa.select(order_events).where(
        _event.venue_id == sa.bindparam("venue_id"), ~_event.private, ~_event.rehearsal
    )


def _of_session() -> sa.Select[Any]:
    own = ~_event.private | (_event.actor_id == sa.bindparam("guest_id"))
    return sa.select(order_events).where(_event.session_id == sa.bindparam("session_id"), own)


def _of_everybody() -> sa.Select[Any]:
    return sa.select(order_events).where(_event.venue_id == sa.bindparam("venue_id"), _event.session_id.is_(None))


def _read(tx: Connection, caller: Caller, after: int | None, limit: int) -> list[Any]:
    values = {
        "venue_id": caller.venue,
        "session_id": caller.session,
        "guest_id": caller.id,
        "after": after,
        "rows": limit,
    }
    if after is not None:
        return list(tx.execute(_since(guest=caller.is_guest), values).mappings())
    return list(tx.execute(_newest(guest=caller.is_guest), values).mappings())[::-1]


def listed(tx: Connection, caller: Caller, after: str | None, limit: int) -> dict[str, Any]:
    """List events after one of them, oldest first; without ``after`` the latest ones.

    ``next`` is always there, so that a client can go on asking. Raises SessionClosed and InvalidParameter.
    """
    check_visit(tx, caller)
    since = event_id(after)
    rows = _read(tx, caller, since, limit + 1)
    shown_rows = rows[:limit] if since is not None else rows[-limit:]
    last = shown_rows[-1]["id"] if shown_rows else since or 0
    return {
        "data": [shown(row, to_staff=caller.is_staff) for row in shown_rows],
        "next": str(last),
        "has_more": since is not None and len(rows) > limit,
    }


def event_id(text: str | None) -> int | None:
    """Read an event id as clients send it back; raises InvalidParameter."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004  fits a bigint
        fault = FieldError("/after", "invalid_cursor", "Use the id of an event you were given.")
        raise InvalidParameter(errors=[fault])
    return int(text)


def check_visit(tx: Connection, caller: Caller) -> None:
    """Let staff and guests of a running visit pass; raises SessionClosed."""
    if caller.is_guest:
        running = sa.select(table_sessions.c.id).where(
            table_sessions.c.id == caller.session, table_sessions.c.status == "open"
        )
        if tx.execute(running).first() is None:
            raise errors.SessionClosed


_OF_ORDER = sa.select(order_events).where(_event.order_id == sa.bindparam("order_id")).order_by(_event.id)
_ORDER = sa.text("""
    SELECT to_jsonb(o) AS o, s.status AS session_status
    FROM orders.orders o JOIN orders.table_sessions s ON s.id = o.session_id
    WHERE o.id = :id AND o.venue_id = :venue_id
""")


def of_order(tx: Connection, caller: Caller, order_id: str) -> dict[str, Any]:
    """List everything that happened to one order; raises OrderNotFound and SessionClosed."""
    order = loaded(tx.execute(_ORDER, {"id": order_id, "venue_id": caller.venue}).one_or_none())
    if order is None or not may_see(caller, order):
        raise refusal(tx, caller, errors.OrderNotFound())
    if caller.is_guest and order.session_status != "open":
        raise errors.SessionClosed
    rows = tx.execute(_OF_ORDER, {"order_id": order_id}).mappings()
    data = [shown(row, to_staff=caller.is_staff) for row in rows]
    return {"data": data, "next": None, "has_more": False}


def stream(db: Transactions, news: Notifications, caller: Caller, after: str | None) -> Iterator[bytes]:
    """Check the visit and begin a live stream, after an event where one is named, else from now on.

    Raises SessionClosed and InvalidParameter at once; the stream itself ends when the visit does.
    """
    last = event_id(after)
    with db.read() as tx:
        check_visit(tx, caller)
        if last is None:
            newest = _read(tx, caller, None, 1)
            last = newest[-1]["id"] if newest else 0
    return _live(db, news, caller, last)


def _live(db: Transactions, news: Notifications, caller: Caller, last: int) -> Iterator[bytes]:
    with news.subscribe() as listener:
        yield _RETRY
        try:
            # What happened between the check and the subscription was missed as well.
            for message in chain([MISSED], listener.messages(_PING_EVERY)):
                if time.time() > caller.expires_at:
                    return
                if message is SILENCE:
                    yield sse(None, "ping", {})
                    continue
                for event in _catch_up(db, caller, last) if message is MISSED else [message]:
                    if event.id > last and may_hear(caller, event.row):
                        last = event.id
                        yield event.for_staff if caller.is_staff else event.for_guest
                        if caller.is_guest and event.row["kind"] == "session.closed":
                            return
        except Unavailable:
            # The client comes back by itself and names the last event it has seen.
            return


def _catch_up(db: Transactions, caller: Caller, last: int) -> Iterator[Heard]:
    while True:
        with db.read() as tx:
            rows = _read(tx, caller, last, _PAGE)
        yield from (_written(dict(row)) for row in rows)
        if len(rows) < _PAGE:
            return
        last = rows[-1]["id"]
