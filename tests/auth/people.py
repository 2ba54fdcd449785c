"""People of two venues, written straight into the database, and their tokens."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.auth import passwords, tokens
from ordering_platform.auth.models import users
from ordering_platform.runtime.identity import Caller
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from ordering_platform.auth.keys import KeyFile

PASSWORD = "correct horse battery"
HOME = "ven_home"
ABROAD = "ven_abroad"


@cache
def password_hash() -> str:
    return passwords.hashed_here(PASSWORD)


def person(engine: Engine, role: str = "waiter", **given: Any) -> Any:
    """Employ somebody; every password is the same."""
    user_id = given.pop("id", None) or new_id("usr")
    row = {
        "id": user_id,
        "venue_id": HOME,
        "email": f"{user_id}@demo.example",
        "name": role.title(),
        "role": role,
        "password_hash": password_hash(),
        **given,
    }
    with engine.begin() as tx:
        return tx.execute(sa.insert(users).values(row).returning(users)).one()


def caller(user: Any) -> Caller:
    """Give a user as a door sees them."""
    return Caller(kind="staff", id=user.id, venue=user.venue_id)


def bearer(keys: KeyFile, user: Any) -> dict[str, str]:
    """Give the header with a fresh access token of a user."""
    token = tokens.for_staff(keys.signing(), user_id=user.id, venue_id=user.venue_id, role=user.role)
    return {"Authorization": f"Bearer {token}"}


def guest_bearer(keys: KeyFile, **claims: str) -> dict[str, str]:
    """Give the header with a fresh token of a guest."""
    seat = {"guest_id": "gst_one", "venue_id": HOME, "session_id": "ses_one", "table_id": "tbl_one", **claims}
    return {"Authorization": f"Bearer {tokens.for_guest(keys.signing(), **seat)}"}
