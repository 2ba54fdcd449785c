"""Passwords: hashed with argon2id away from the event loop, and never compared in less time for nobody."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ordering_platform.runtime import ids
from ordering_platform.runtime.offloop import Lane

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Final

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 128

# OWASP's password storage advice for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_lane = Lane("passwords", at_once=2, waiting=16)
_GROUP = 4


def _raw(size: int) -> str:
    return b64encode(bytes(size)).decode().rstrip("=")


# The hash of nobody: as costly to check as any other, and no password is known to give all zeros.
NOBODY: Final = f"$argon2id$v=19$m=19456,t=2,p=1${_raw(16)}${_raw(32)}"


def hashed(password: str) -> str:
    """Hash a password in the thread pool, about 25 ms; raises Overloaded when too many wait."""
    return _lane.run(_hasher.hash, password)


def room_to_check() -> AbstractContextManager[None]:
    """Hold room for one ``matches``, before anything is counted or read for it; raises Overloaded."""
    return _lane.admitted()


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; no hash costs the same and never matches."""
    right = _lane.compute(_verify, password_hash or NOBODY, password)
    return right and password_hash is not None


def first_password() -> str:
    """Make a password of 80 random bits that can be read out over a counter."""
    code = ids.new_code(80)
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def hashed_here(password: str) -> str:
    """Hash a password in this thread, for commands that serve nobody meanwhile."""
    return _hasher.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
