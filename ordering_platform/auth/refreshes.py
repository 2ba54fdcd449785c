"""Refresh tokens: one family for each login, a new token at each use, the end of the family when an old one returns.

A token is the id of its family and a secret of 256 bits, of which only the SHA-256 is kept. The next secret
follows from the present one and a fresh salt, so a client whose answer got lost may ask again for a few
seconds and gets the same token; there is never more than one token of a family that can still be used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.auth import audit
from ordering_platform.auth.errors import RefreshInvalid, RefreshReused
from ordering_platform.auth.models import refresh_families as families
from ordering_platform.auth.models import users
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions

OVERLAP_SECONDS = 10
IDLE_DAYS = 7
LONGEST_DAYS = 30

_BYTES = 32
_FORM = re.compile(r"(rft_[0-9a-z]{26})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token as a client sent it, taken apart."""

    family_id: str
    secret: bytes

    @property
    def hash(self) -> bytes:
        """What is kept of the secret."""
        return _hash(self.secret)

    def next(self, salt: bytes) -> bytes:
        """Give the secret that follows; without the salt nobody can tell it, without the token nobody either."""
        return hmac.digest(salt, self.secret, "sha256")


def begin(tx: Connection, user_id: str) -> str:
    """Start a family for a login and give its first token."""
    family_id, secret = new_id("rft"), secrets.token_bytes(_BYTES)
    tx.execute(_BEGIN, {"id": family_id, "user_id": user_id, "current_hash": _hash(secret)})
    return _written(family_id, secret)


def turn(db: Transactions, token: str) -> tuple[Any, str]:
    """Exchange a token for its user and the next token.

    The same token may be repeated for 10 seconds. Raises RefreshInvalid, or RefreshReused after which
    no token of the family works any more.
    """
    shown = _read(token)
    salt = secrets.token_bytes(_BYTES)
    with db.transaction() as tx:
        turned = {"family": shown.family_id, "shown": shown.hash, "next": _hash(shown.next(salt)), "fresh_salt": salt}
        user = tx.execute(_TURN, turned).first()
        family = None if user else tx.execute(_FIND, {"family": shown.family_id}).first()
    if user is not None:
        return user, _written(shown.family_id, shown.next(salt))
    if family is None or not family.running:
        raise RefreshInvalid
    if family.is_fresh and hmac.compare_digest(bytes(family.previous_hash), shown.hash):
        return family, _written(shown.family_id, shown.next(bytes(family.salt)))
    # Only who once held a token of this family knows its id: a thief came back, or the one who was robbed.
    with db.transaction() as tx:
        tx.execute(_END, {"family": shown.family_id})
        audit.note(tx, venue_id=family.venue_id, actor_id=audit.SYSTEM, action="refresh_reused", subject_id=family.id)
    raise RefreshReused


def end(tx: Connection, token: str) -> None:
    """End the family of a token, if the token is one of its last two; nothing happens otherwise."""
    try:
        shown = _read(token)
    except RefreshInvalid:
        return
    mine = sa.or_(families.c.current_hash == shown.hash, families.c.previous_hash == shown.hash)
    tx.execute(_END.where(mine), {"family": shown.family_id})


def end_all(tx: Connection, user_id: str) -> None:
    """End every login of a user."""
    tx.execute(_END_ALL, {"user": user_id})


def sweep(tx: Connection) -> None:
    """Delete families that nobody can use any more."""
    tx.execute(_FORGET)


def _read(token: str) -> Presented:
    parts = _FORM.fullmatch(token)
    if parts is None:
        raise RefreshInvalid
    try:
        return Presented(parts[1], base64.urlsafe_b64decode(parts[2] + "="))
    except binascii.Error:
        raise RefreshInvalid from None


def _written(family_id: str, secret: bytes) -> str:
    return f"{family_id}.{base64.urlsafe_b64encode(secret).decode().rstrip('=')}"


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


_now = sa.func.now()


def _from_now(interval: str) -> sa.ColumnElement[Any]:
    return _now + sa.text(f"interval '{interval}'")


_THIS = families.c.id == sa.bindparam("family")
_RUNNING = sa.and_(
    families.c.revoked_at.is_(None),
    families.c.idle_until > _now,
    families.c.expires_at > _now,
    users.c.disabled.is_(False),
)
_USER = (users.c.id, users.c.venue_id, users.c.email, users.c.name, users.c.role)
_BEGIN = sa.insert(families).values(
    idle_until=_from_now(f"{IDLE_DAYS} days"), expires_at=_from_now(f"{LONGEST_DAYS} days")
)
_TURN = (
    sa.update(families)
    .where(_THIS, families.c.current_hash == sa.bindparam("shown"), users.c.id == families.c.user_id, _RUNNING)
    .values(
        current_hash=sa.bindparam("next"),
        previous_hash=sa.bindparam("shown"),
        salt=sa.bindparam("fresh_salt"),
        rotated_at=_now,
        idle_until=sa.func.least(_from_now(f"{IDLE_DAYS} days"), families.c.expires_at),
    )
    .returning(*_USER)
)
_FIND = (
    sa.select(
        *_USER,
        families.c.previous_hash,
        families.c.salt,
        _RUNNING.label("running"),
        sa.and_(
            families.c.previous_hash.is_not(None),
            families.c.rotated_at > sa.func.clock_timestamp() - sa.text(f"interval '{OVERLAP_SECONDS} seconds'"),
        ).label("is_fresh"),
    )
    .join(users, users.c.id == families.c.user_id)
    .where(_THIS)
)
_END = sa.update(families).where(_THIS, families.c.revoked_at.is_(None)).values(revoked_at=_now)
_END_ALL = (
    sa.update(families)
    .where(families.c.user_id == sa.bindparam("user"), families.c.revoked_at.is_(None))
    .values(revoked_at=_now)
)
_FORGET = sa.delete(families).where(
    families.c.id.in_(
        sa.select(families.c.id)
        .where(families.c.expires_at <= _now)
        .limit(1000)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
)
