"""How staff come in and go on: a password for tokens, a refresh token for newer ones, a new password for the old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.auth import attempts, audit, passwords, refreshes, tokens
from ordering_platform.auth.attempts import Counters
from ordering_platform.auth.errors import InvalidCredentials, WrongPassword
from ordering_platform.auth.models import users

if TYPE_CHECKING:
    from ordering_platform.auth.keys import KeyFile
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller


def log_in(db: Transactions, keys: KeyFile, *, email: str, password: str, address: str) -> dict[str, Any]:
    """Give tokens for the right password.

    Raises InvalidCredentials alike for an unknown user, a disabled one and a wrong password, TooManyLogins
    for the 11th failure of an address at an account in 15 minutes, and Overloaded.
    """
    counters = Counters.of(email, address)
    user = _proven(db, counters, email, password)
    if user is None:
        raise InvalidCredentials
    with db.transaction() as tx:
        attempts.take_back(tx, counters)
        refresh_token = refreshes.begin(tx, user.id)
    return _given(keys, user, refresh_token)


def refresh(db: Transactions, keys: KeyFile, token: str) -> dict[str, Any]:
    """Give newer tokens, with the role the user has by now; raises RefreshInvalid and RefreshReused."""
    user, next_token = refreshes.turn(db, token)
    return _given(keys, user, next_token)


def change_password(
    db: Transactions, keys: KeyFile, caller: Caller, *, password: str, new_password: str, address: str
) -> dict[str, Any]:
    """Put a new password in the place of the present one, end every login and give tokens of a new one.

    Raises WrongPassword, TooManyLogins and Overloaded.
    """
    with db.read() as tx:
        email = tx.scalar(_EMAIL, {"id": caller.id}) or ""
    counters = Counters.of(email, address)
    user = _proven(db, counters, email, password)
    if user is None:
        raise WrongPassword
    new_hash = passwords.hashed(new_password)
    with db.transaction() as tx:
        changed = tx.execute(_CHANGE, {"user": user.id, "old": user.password_hash, "new": new_hash})
        if changed.rowcount == 0:
            raise WrongPassword
        attempts.take_back(tx, counters)
        refreshes.end_all(tx, user.id)
        refresh_token = refreshes.begin(tx, user.id)
        audit.note(tx, venue_id=user.venue_id, actor_id=user.id, action="password_changed", subject_id=user.id)
    return _given(keys, user, refresh_token)


def _proven(db: Transactions, counters: Counters, email: str, password: str) -> Any:
    """Give the user whose password this is, or nothing; the try is counted until it is taken back."""
    with passwords.room_to_check():
        with db.transaction() as tx:
            attempts.count_login(tx, counters)
            user = tx.execute(_BY_EMAIL, {"email": email}).first()
        is_right = passwords.matches(user.password_hash if user else None, password)
    return user if user and is_right and not user.disabled else None


def _given(keys: KeyFile, user: Any, refresh_token: str) -> dict[str, Any]:
    access = tokens.for_staff(keys.signing(), user_id=user.id, venue_id=user.venue_id, role=user.role)
    return {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": tokens.STAFF_LIFETIME,
        "refresh_token": refresh_token,
        "user": {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "role": user.role,
            "venue_id": user.venue_id,
        },
    }


_BY_EMAIL = sa.select(
    users.c.id,
    users.c.venue_id,
    users.c.email,
    users.c.name,
    users.c.role,
    users.c.password_hash,
    users.c.disabled,
).where(users.c.email == sa.bindparam("email"))
_EMAIL = sa.select(users.c.email).where(users.c.id == sa.bindparam("id"))
_CHANGE = (
    sa.update(users)
    .where(users.c.id == sa.bindparam("user"), users.c.password_hash == sa.bindparam("old"))
    .values(password_hash=sa.bindparam("new"), updated_at=sa.func.now())
)
