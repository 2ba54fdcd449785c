"""Staff accounts: made, shown, listed and changed, always within one venue and never above one's own role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ordering_platform.auth import audit, emails, passwords, refreshes, roles
from ordering_platform.auth.errors import EmailTaken, LastOwner, RoleNotYours, UserNotFound
from ordering_platform.auth.models import users
from ordering_platform.runtime import paging
from ordering_platform.runtime.errors import InvalidToken
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody the command line wants to have an account; without an id one is made."""

    email: str
    name: str
    role: str
    id: str = ""


def shown(user: Any) -> dict[str, Any]:
    """Write a user as clients see it."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "venue_id": user.venue_id,
        "disabled": user.disabled,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def create(db: Transactions, caller: Caller, *, email: str, name: str, role: str, password: str = "") -> dict[str, Any]:
    """Make an account at the caller's venue; without a password one is made and told this once.

    Raises RoleNotYours and EmailTaken.
    """
    with db.read() as tx:
        check_gives(tx, caller, role)
    first = password or passwords.first_password()
    password_hash = passwords.hashed(first)
    with db.transaction() as tx:
        account = {"venue_id": caller.venue, "email": email, "name": name, "role": role}
        user = add(tx, password_hash=password_hash, actor_id=caller.id, **account)
    if user is None:
        raise EmailTaken
    return shown(user) if password else {**shown(user), "first_password": first}


def add(
    tx: Connection,
    *,
    venue_id: str,
    email: str,
    name: str,
    role: str,
    password_hash: str,
    user_id: str = "",
    actor_id: str = audit.SYSTEM,
    action: str = "user_created",
) -> Any:
    """Insert a user and note who did it; gives nothing when the e-mail address is taken."""
    row = {
        "id": user_id or new_id("usr"),
        "venue_id": venue_id,
        "email": emails.normal(email),
        "name": name,
        "role": role,
        "password_hash": password_hash,
    }
    user = tx.execute(_ADD, row).first()
    if user is not None:
        audit.note(tx, venue_id=venue_id, actor_id=actor_id, action=action, subject_id=user.id, role=role)
    return user


def check_gives(tx: Connection, caller: Caller, role: str) -> None:
    """Let a caller pass who may give this role; the present row decides, not the token. Raises RoleNotYours."""
    giver = tx.execute(_ONE, {"id": caller.id, "venue": caller.venue}).first()
    if giver is None or giver.disabled or role not in roles.given_by(giver.role):
        raise RoleNotYours


def get(tx: Connection, venue_id: str, user_id: str) -> dict[str, Any]:
    """Show one user of a venue; raises UserNotFound."""
    user = tx.execute(_ONE, {"id": user_id, "venue": venue_id}).first() if is_id(user_id) else None
    if user is None:
        raise UserNotFound
    return shown(user)


def page(tx: Connection, venue_id: str, *, limit: int, after: str = "") -> dict[str, Any]:
    """List the users of a venue, oldest first."""
    (last,) = paging.uncursor(after, (str,)) if after else ("",)
    rows = tx.execute(_PAGE, {"venue": venue_id, "last": last, "limit": limit + 1}).all()
    return paging.page([shown(row) for row in rows], limit, lambda user: [user["id"]])


def me(tx: Connection, caller: Caller) -> dict[str, Any]:
    """Show the staff member who asks; raises InvalidToken when the account is gone or disabled."""
    user = tx.execute(_ONE, {"id": caller.id, "venue": caller.venue}).first()
    if user is None or user.disabled:
        raise InvalidToken
    return {"kind": "staff", **shown(user)}


def change(tx: Connection, caller: Caller, user_id: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Change name, role or ``disabled`` of a user; disabling ends all their logins.

    Raises UserNotFound, RoleNotYours and LastOwner. The user, the caller and all owners of the venue are
    locked first, by id, so two owners cannot dismiss each other at the same moment.
    """
    actor, user, owners = _locked(tx, caller, user_id)
    changes = {field: value for field, value in wanted.items() if getattr(user, field) != value}
    if not changes:
        return shown(user)
    if actor.id != user.id or set(changes) != {"name"}:
        _check_above(actor, {user.role, changes.get("role", user.role)})
    if owners == 1 and _is_active_owner(user) and (changes.get("disabled") or "role" in changes):
        raise LastOwner
    changed = tx.execute(_CHANGE.values(changes), {"this": user_id}).one()
    if changes.get("disabled"):
        refreshes.end_all(tx, user_id)
    moves = {field: [getattr(user, field), value] for field, value in changes.items()}
    audit.note(tx, venue_id=caller.venue, actor_id=caller.id, action="user_changed", subject_id=user_id, **moves)
    return shown(changed)


def reset_password(db: Transactions, caller: Caller, user_id: str) -> dict[str, str]:
    """Make a new password for somebody who lost theirs and end all their logins; it is told this once.

    Raises UserNotFound, RoleNotYours and Overloaded.
    """
    with db.transaction() as tx:
        # Before the hash, which is slow on purpose; and again behind it, because roles may have changed meanwhile.
        _check_reset(tx, caller, user_id)
    first = passwords.first_password()
    password_hash = passwords.hashed(first)
    with db.transaction() as tx:
        _check_reset(tx, caller, user_id)
        put_password(tx, user_id, password_hash, actor_id=caller.id, venue_id=caller.venue)
    return {"first_password": first}


def _check_reset(tx: Connection, caller: Caller, user_id: str) -> None:
    actor, user, _ = _locked(tx, caller, user_id)
    _check_above(actor, {user.role})


def put_password(tx: Connection, user_id: str, password_hash: str, *, actor_id: str, venue_id: str) -> None:
    """Give a user another password and end all their logins."""
    tx.execute(_CHANGE.values(password_hash=password_hash), {"this": user_id})
    refreshes.end_all(tx, user_id)
    audit.note(tx, venue_id=venue_id, actor_id=actor_id, action="password_reset", subject_id=user_id)


def seed_users(tx: Connection, venue_id: str, people: Iterable[Person]) -> dict[str, str]:
    """Make the accounts that do not exist yet; gives the first password of each that was made, by e-mail.

    For the command line: hashes in this thread, and an e-mail address that is taken is left as it is.
    """
    wanted = {emails.normal(person.email): person for person in people}
    taken = set(tx.scalars(_TAKEN, {"emails": list(wanted)}))
    made = {}
    for person in (wanted[email] for email in wanted if email not in taken):
        password = passwords.first_password()
        account = {"venue_id": venue_id, "email": person.email, "name": person.name, "role": person.role}
        password_hash = passwords.hashed_here(password)
        if add(tx, password_hash=password_hash, user_id=person.id, **account) is not None:
            made[person.email] = password
    return made


def _locked(tx: Connection, caller: Caller, user_id: str) -> tuple[Any, Any, int]:
    """Lock the caller, the user and all owners of the venue; gives the first two and how many owners are active."""
    rows = {row.id: row for row in tx.execute(_LOCK, {"ids": [user_id, caller.id], "venue": caller.venue})}
    actor, user = rows.get(caller.id), rows.get(user_id)
    if user is None:
        raise UserNotFound
    if actor is None or actor.disabled:
        raise RoleNotYours
    return actor, user, sum(_is_active_owner(row) for row in rows.values())


def _check_above(actor: Any, touched: set[str]) -> None:
    if not touched <= roles.given_by(actor.role):
        raise RoleNotYours


def _is_active_owner(user: Any) -> bool:
    return user.role == roles.OWNER and not user.disabled


_SHOWN = (
    users.c.id,
    users.c.venue_id,
    users.c.email,
    users.c.name,
    users.c.role,
    users.c.disabled,
    users.c.created_at,
    users.c.updated_at,
)
_here = users.c.venue_id == sa.bindparam("venue")
_ADD = insert(users).on_conflict_do_nothing(index_elements=[users.c.email]).returning(*_SHOWN)
_ONE = sa.select(*_SHOWN).where(_here, users.c.id == sa.bindparam("id"))
_PAGE = (
    sa.select(*_SHOWN).where(_here, users.c.id > sa.bindparam("last")).order_by(users.c.id).limit(sa.bindparam("limit"))
)
_LOCK = (
    sa.select(*_SHOWN)
    .where(_here, sa.or_(users.c.id.in_(sa.bindparam("ids", expanding=True)), users.c.role == roles.OWNER))
    .order_by(users.c.id)
    .with_for_update()
)
_CHANGE = sa.update(users).where(users.c.id == sa.bindparam("this")).values(updated_at=sa.func.now()).returning(*_SHOWN)
_TAKEN = sa.select(users.c.email).where(users.c.email.in_(sa.bindparam("emails", expanding=True)))
