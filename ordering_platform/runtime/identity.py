"""Who is calling and who may enter: ES256 access tokens checked against published keys, roles on every door.

Only the auth service holds private keys. Every service checks every token again with the public keys
it reads from the JWKS address; keys it holds go on working while the auth service is away. The token's
``roles`` list all roles its owner has, so this floor need not know their order.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import threading
import time
import urllib.request
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import jwt

from ordering_platform.runtime.errors import InvalidToken, RoleNotAllowed, ServiceUnavailable, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUER = "ordering-platform"
ALGORITHM = "ES256"
TYPE = "at+jwt"
GUEST_AUDIENCE = "guest"
STAFF_AUDIENCE = "staff"
LEEWAY = 30
MAX_TOKEN_BYTES = 4096
MAX_LIFETIME = {STAFF_AUDIENCE: 15 * 60, GUEST_AUDIENCE: 4 * 3600}

_CLAIMS = ("iss", "aud", "sub", "exp", "iat", "nbf", "jti", "venue")
_HEADER = {"alg", "typ", "kid"}
# Base64url without anything a lenient decoder would skip; the signature of 64 bytes leaves four bits, which must be 0.
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]")
_CACHE_SIZE = 4096
_KEY_REFRESH = 30.0
_KEY_TIMEOUT = 2.0


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or program behind a request; ``session`` and ``table`` only for guests."""

    kind: Literal["anyone", "guest", "staff"]
    id: str = ""
    venue: str = ""
    roles: frozenset[str] = frozenset()
    session: str = ""
    table: str = ""
    token_id: str = ""
    expires_at: float = 0.0

    @property
    def is_staff(self) -> bool:
        """Whether this is somebody who works here."""
        return self.kind == "staff"

    @property
    def is_guest(self) -> bool:
        """Whether this is a guest at a table."""
        return self.kind == "guest"

    def has(self, role: str) -> bool:
        """Whether the caller holds a role, directly or through a higher one."""
        return role in self.roles


NOBODY = Caller("anyone")


@dataclass(frozen=True, slots=True)
class Who:
    """Who may pass a door: anyone, guests, staff from a role upwards, or guests and such staff."""

    anyone: bool = False
    guest: bool = False
    staff_role: str | None = None

    def admit(self, caller: Caller) -> None:
        """Let the caller pass or raise Unauthenticated or RoleNotAllowed."""
        if self.anyone or (self.guest and caller.is_guest):
            return
        if caller.kind == "anyone":
            raise Unauthenticated
        if not (self.staff_role and caller.is_staff and caller.has(self.staff_role)):
            raise RoleNotAllowed


ANYONE = Who(anyone=True)
GUEST = Who(guest=True)


def staff(role: str) -> Who:
    """Staff who hold the role, directly or through a higher one."""
    return Who(staff_role=role)


def guest_or_staff(role: str) -> Who:
    """Guests, and staff who hold the role."""
    return Who(guest=True, staff_role=role)


class PublicKeys:
    """The published signing keys: read on the first token, again for an unknown key, at most every 30 s."""

    def __init__(self, url: str) -> None:
        """Remember where the keys are published."""
        self.url = url
        self._keys: dict[str, Any] = {}
        self._read_at = float("-inf")
        self._reading = threading.Lock()

    def find(self, key_id: str) -> Any:
        """Give the public key of this id; raises InvalidToken or, while no key could be read, ServiceUnavailable."""
        if key_id not in self._keys:
            self._refresh()
        try:
            return self._keys[key_id]
        except KeyError:
            if not self._keys:
                raise ServiceUnavailable from None
            raise InvalidToken from None

    def _refresh(self) -> None:
        with self._reading:
            waited = time.monotonic() - self._read_at
            if waited < (_KEY_REFRESH if self._keys else 0.5):
                return
            self._read_at = time.monotonic()
            try:
                with urllib.request.urlopen(self.url, timeout=_KEY_TIMEOUT) as answer:  # noqa: S310  settings allow http only
                    published = _keys_of(json.load(answer))
            except (OSError, http.client.HTTPException, ValueError, TypeError, KeyError, jwt.PyJWTError):
                return
            # A service that publishes nothing is broken; the keys held are better than none.
            self._keys = published or self._keys


def _keys_of(document: Any) -> dict[str, Any]:
    return {
        key["kid"]: jwt.PyJWK(key, algorithm=ALGORITHM).key
        for key in document["keys"]
        if key["kty"] == "EC" and key["crv"] == "P-256"
    }


class Verifier:
    """Checks bearer tokens; remembers the ones it has seen until they expire (bounded)."""

    def __init__(self, keys: PublicKeys) -> None:
        """Check tokens against these keys."""
        self._keys = keys
        self._seen: OrderedDict[bytes, Caller] = OrderedDict()

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Give the caller of a request by its Authorization header; raises InvalidToken."""
        header = headers.get("Authorization")
        if header is None:
            return NOBODY
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken
        return self.verify(token.strip())

    def verify(self, token: str) -> Caller:
        """Give the owner of a token; raises InvalidToken for anything but a sound, running one of ours."""
        if len(token) > MAX_TOKEN_BYTES or not _FORM.fullmatch(token):
            raise InvalidToken
        fingerprint = hashlib.sha256(token.encode()).digest()
        seen = self._seen.get(fingerprint)
        if seen is None:
            seen = self._read(token)
            self._seen[fingerprint] = seen
            if len(self._seen) > _CACHE_SIZE:
                self._seen.popitem(last=False)
        if time.time() > seen.expires_at + LEEWAY:
            raise InvalidToken
        return seen

    def _read(self, token: str) -> Caller:
        try:
            header = jwt.get_unverified_header(token)
            if set(header) != _HEADER or header["alg"] != ALGORITHM or header["typ"] != TYPE:
                raise InvalidToken
            claims = jwt.decode(
                token,
                self._keys.find(header["kid"]),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": list(_CLAIMS), "verify_aud": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise InvalidToken from None
        return _caller_of(claims)


def _caller_of(claims: dict[str, Any]) -> Caller:
    audience = claims["aud"]
    if not isinstance(audience, str) or audience not in MAX_LIFETIME:
        raise InvalidToken
    moments = [claims["iat"], claims["nbf"], claims["exp"]]
    if any(type(moment) is not int for moment in moments):
        raise InvalidToken
    if not 0 < claims["exp"] - claims["iat"] <= MAX_LIFETIME[audience]:
        raise InvalidToken
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or (audience == GUEST_AUDIENCE and not claims.get("session")):
        raise InvalidToken
    texts = [claims["sub"], claims["venue"], claims["jti"], claims.get("session", ""), claims.get("table", ""), *roles]
    if any(type(text) is not str for text in texts):
        raise InvalidToken
    return Caller(
        kind="guest" if audience == GUEST_AUDIENCE else "staff",
        id=claims["sub"],
        venue=claims["venue"],
        roles=frozenset(roles) if audience == STAFF_AUDIENCE else frozenset(),
        session=claims.get("session", ""),
        table=claims.get("table", ""),
        token_id=claims["jti"],
        expires_at=float(claims["exp"]),
    )


_verifiers: dict[str, Verifier] = {}


def verifier(jwks_url: str) -> Verifier:
    """Give the verifier for these keys; one for the whole process."""
    return _verifiers.setdefault(jwks_url, Verifier(PublicKeys(jwks_url)))
