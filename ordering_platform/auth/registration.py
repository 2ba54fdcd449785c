"""How people get an account by themselves: with an invitation, or freely where the operator opened that."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.auth import accounts, attempts, audit, passwords, roles
from ordering_platform.auth.errors import InviteInvalid, RegistrationOff
from ordering_platform.auth.models import invites
from ordering_platform.runtime.ids import new_code, new_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller

INVITE_DAYS = 7
_CODE_BITS = 100


def invite(tx: Connection, caller: Caller, role: str) -> dict[str, Any]:
    """Make an invitation for one person, good for a week; its code is told this once. Raises RoleNotYours."""
    accounts.check_gives(tx, caller, role)
    code = new_code(_CODE_BITS)
    invite_id = new_id("inv")
    row = {
        "id": invite_id,
        "venue_id": caller.venue,
        "code_hash": _hash(code),
        "role": role,
        "created_by": caller.id,
    }
    made = tx.execute(_INVITE, row).one()
    audit.note(tx, venue_id=caller.venue, actor_id=caller.id, action="user_invited", subject_id=invite_id, role=role)
    return {"id": invite_id, "role": role, "code": code, "expires_at": made.expires_at}


def register(db: Transactions, settings: Settings, person: dict[str, str], address: str) -> None:
    """Make the account a person asks for, if the e-mail address is free; they cannot tell whether it was.

    Raises RegistrationOff, InviteInvalid, TooManyRegistrations and Overloaded.
    """
    code = person.get("invite", "")
    is_open = settings.registration == "open" and settings.default_venue
    if settings.registration == "off" or not (is_open or settings.registration == "invite"):
        raise RegistrationOff
    if not code and not is_open:
        raise InviteInvalid
    with db.transaction() as tx:
        attempts.count_registration(tx, address)
    with db.read() as tx:
        if code and tx.execute(_FIND, {"hash": _hash(code)}).first() is None:
            raise InviteInvalid
    password_hash = passwords.hashed(person["password"])
    with db.transaction() as tx:
        venue_id, role = _use(tx, code) if code else (settings.default_venue, roles.LEAST)
        user_id = new_id("usr")
        account = {"venue_id": venue_id, "email": person["email"], "name": person["name"], "role": role}
        by_themselves = {"user_id": user_id, "actor_id": user_id, "action": "user_registered"}
        accounts.add(tx, password_hash=password_hash, **account, **by_themselves)


def sweep(tx: Connection) -> None:
    """Delete invitations that have run out."""
    tx.execute(_FORGET)


def _use(tx: Connection, code: str) -> tuple[str, str]:
    # Used up even where the e-mail address is taken: a code that stays good would tell that it is.
    used = tx.execute(_USE, {"hash": _hash(code)}).first()
    if used is None:
        raise InviteInvalid
    return used.venue_id, used.role


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.strip().lower().encode()).digest()


_now = sa.func.now()
_good = sa.and_(invites.c.code_hash == sa.bindparam("hash"), invites.c.used_at.is_(None), invites.c.expires_at > _now)
_INVITE = (
    sa.insert(invites)
    .values(expires_at=_now + sa.text(f"interval '{INVITE_DAYS} days'"))
    .returning(invites.c.expires_at)
)
_FIND = sa.select(invites.c.id).where(_good)
_USE = sa.update(invites).where(_good).values(used_at=_now).returning(invites.c.venue_id, invites.c.role)
_FORGET = sa.delete(invites).where(invites.c.expires_at <= _now)
