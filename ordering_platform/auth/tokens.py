"""Access tokens: short-lived, signed, and carrying all a service needs to know of who is calling."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import jwt

from ordering_platform.auth import roles
from ordering_platform.runtime.identity import (
    ALGORITHM,
    GUEST_AUDIENCE,
    ISSUER,
    MAX_LIFETIME,
    STAFF_AUDIENCE,
    TYPE,
)
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from ordering_platform.auth.keys import SigningKey

STAFF_LIFETIME = MAX_LIFETIME[STAFF_AUDIENCE]
GUEST_LIFETIME = MAX_LIFETIME[GUEST_AUDIENCE]


def for_staff(key: SigningKey, *, user_id: str, venue_id: str, role: str) -> str:
    """Sign a token for somebody who works here, valid for 15 minutes; it lists every role they hold."""
    return _signed(
        key, STAFF_AUDIENCE, STAFF_LIFETIME, {"sub": user_id, "venue": venue_id, "roles": roles.implied(role)}
    )


def for_guest(key: SigningKey, *, guest_id: str, venue_id: str, session_id: str, table_id: str) -> str:
    """Sign a token for one guest in one table session, valid for 4 hours."""
    claims = {"sub": guest_id, "venue": venue_id, "session": session_id, "table": table_id}
    return _signed(key, GUEST_AUDIENCE, GUEST_LIFETIME, claims)


def _signed(key: SigningKey, audience: str, lifetime: int, claims: dict[str, Any]) -> str:
    now = int(time.time())
    frame = {"iss": ISSUER, "aud": audience, "iat": now, "nbf": now, "exp": now + lifetime, "jti": new_id("tok")}
    headers = {"typ": TYPE, "kid": key.key_id}
    return jwt.encode({**frame, **claims}, key.private, algorithm=ALGORITHM, headers=headers)
