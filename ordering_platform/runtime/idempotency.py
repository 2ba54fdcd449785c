"""One execution for each Idempotency-Key: the first answer is kept and given again to every repeat.

For doors that are one transaction. The key is claimed by the first statement, so a repeat that comes
while the first still runs waits for its commit (bounded by the lock limit) and then reads its answer.
The scope of a key is the caller and the route.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql import JSONB, insert

from ordering_platform.runtime.errors import IdempotencyInProgress, IdempotencyKeyReused
from ordering_platform.runtime.replies import dump
from ordering_platform.runtime.request import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Executable
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.request import Request

REPLAYED = "Idempotency-Replayed"
LIFE = timedelta(hours=24)
_LOCK_NOT_AVAILABLE = "55P03"


def key_table(metadata: sa.MetaData) -> sa.Table:
    """Describe the table that keeps keys with their first answers; one in each schema that needs it."""
    return sa.Table(
        "idempotency_keys",
        metadata,
        sa.Column("caller_id", sa.Text, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("body", sa.LargeBinary),
        sa.Column("headers", JSONB),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )


def fingerprint(request: Request) -> bytes:
    """Condense method, path and the parsed body, so that white space and key order do not matter."""
    body = orjson.dumps(request.body, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(f"{request.method} {request.path} ".encode() + body).digest()


def once(tx: Connection, keys: sa.Table, request: Request, work: Callable[[], Answer]) -> Answer:
    """Run ``work`` inside the open transaction unless this key has an answer, and keep what it gives.

    Where a door welcomes a key without demanding one, a request without it is simply carried out.
    Raises IdempotencyKeyReused for another request under the same key and IdempotencyInProgress
    while the first one still runs. An error raised by ``work`` rolls the claim back with everything else.
    """
    if request.idempotency_key is None:
        return work()
    claim, read, keep = _statements(keys)
    scope = {
        "caller": request.caller.id,
        "at": f"{request.method} {request.route}",
        "named": request.idempotency_key,
    }
    try:
        claimed = tx.execute(claim, {**scope, "asked": fingerprint(request)}).rowcount == 1
    except exc.OperationalError as fault:
        if getattr(fault.orig, "pgcode", None) == _LOCK_NOT_AVAILABLE:
            raise IdempotencyInProgress from fault
        raise
    if not claimed:
        return _replay(tx.execute(read, scope).one(), request)
    answer = work()
    # Bytes, not JSONB: a replay gives the first answer to the letter.
    kept = Answer(dump(answer.body), answer.status, {**answer.headers, "Content-Type": "application/json"})
    tx.execute(keep, {**scope, "status": kept.status, "body": kept.body, "headers": kept.headers})
    return kept


@cache
def _statements(keys: sa.Table) -> tuple[Executable, Executable, Executable]:
    """Build what claims a key, reads it and keeps its answer, once for each table."""
    scope: dict[str, Any] = {
        "caller_id": sa.bindparam("caller"),
        "route": sa.bindparam("at"),
        "key": sa.bindparam("named"),
    }
    mine = sa.and_(*(keys.c[name] == value for name, value in scope.items()))
    claim = insert(keys).values(**scope, fingerprint=sa.bindparam("asked")).on_conflict_do_nothing()
    keep = sa.update(keys).where(mine).values({name: sa.bindparam(name) for name in ("status", "body", "headers")})
    read = sa.select(keys).where(mine)
    return claim.execution_options(prepared=True), read, keep.execution_options(prepared=True)


def forget(tx: Connection, keys: sa.Table) -> int:
    """Forget the keys of more than a day ago, when no client repeats a request any more; gives how many."""
    return tx.execute(sa.delete(keys).where(keys.c.created_at < sa.func.now() - LIFE)).rowcount


def _replay(row: Any, request: Request) -> Answer:
    if bytes(row.fingerprint) != fingerprint(request):
        raise IdempotencyKeyReused
    return Answer(bytes(row.body), row.status, {**row.headers, REPLAYED: "true"})
