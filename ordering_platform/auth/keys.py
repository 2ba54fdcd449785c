"""The signing keys in their file: made, rotated and read again when the file changes; only public parts leave.

The file is a JWK set (RFC 7517) with private P-256 keys, newest first. The first one signs, all are published,
so a token of the previous key stays valid until it expires. One P-256 key as PEM is read as well, because that is
what can be made without us; its first rotation makes a JWK set of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

from ordering_platform.runtime import logs
from ordering_platform.runtime.config import ConfigInvalid
from ordering_platform.runtime.identity import ALGORITHM

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings

# A fresh key is published this long before it signs: services look for unknown keys at most every 30 s.
PUBLISH_FIRST = 60
KEPT = 2

_PUBLIC = ("kty", "crv", "x", "y", "kid", "use", "alg")
_log = logs.get("auth.keys")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its id and the moment it was made (seconds since 1970)."""

    key_id: str
    private: ec.EllipticCurvePrivateKey
    made_at: int


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys of the file, newest first, and what is published of them."""

    keys: tuple[SigningKey, ...]
    published: dict[str, Any]

    def signing(self, at: float) -> SigningKey:
        """Give the newest key that has been published long enough, or the first while none has."""
        return next((key for key in self.keys if key.made_at + PUBLISH_FIRST <= at), self.keys[-1])


def new_key_set() -> str:
    """Make the text of a key file with one fresh key."""
    return _text([_new_key(int(time.time()))])


def rotated(key_set: str, later: int = 0) -> str:
    """Put a fresh key before the newest one of a key file and drop the older ones; raises ValueError.

    It signs a minute from now, or ``later`` seconds after that where the file takes long to reach every process.
    """
    read_key_set(key_set)
    kept = _entries(key_set)[: KEPT - 1]
    return _text([_new_key(int(time.time()) + later), *kept])


def read_key_set(text: str) -> KeySet:
    """Read the text of a key file; raises ValueError when it is not a set of private P-256 keys."""
    try:
        found = _entries(text)
        keys = tuple(_signing_key(one) for one in found)
    except (KeyError, TypeError, AttributeError, ValueError, jwt.PyJWTError) as fault:
        raise ValueError(f"this is not a set of private P-256 keys: {type(fault).__name__}") from None
    if not keys:
        raise ValueError("the key set is empty")
    return KeySet(keys, {"keys": [_public(one) for one in found]})


class KeyFile:
    """The keys in force: the file is read again whenever it changes; a broken change is logged, not obeyed."""

    def __init__(self, path: str) -> None:
        """Read the file; raises ConfigInvalid when that cannot be done."""
        self._path = Path(path)
        try:
            self._stamp = self._look()
            self._held = read_key_set(self._path.read_text())
        except (OSError, ValueError) as fault:
            raise ConfigInvalid(f"ORDERING_SIGNING_KEYS_FILE {path!r}: {fault}") from None

    def signing(self) -> SigningKey:
        """Give the key that signs now."""
        return self._current().signing(time.time())

    def published(self) -> dict[str, Any]:
        """Give the public keys as a JWK set."""
        return self._current().published

    def _current(self) -> KeySet:
        try:
            stamp = self._look()
            if stamp != self._stamp:
                self._stamp = stamp
                self._held = read_key_set(self._path.read_text())
                _log.info("signing keys read again")
        except (OSError, ValueError) as fault:
            _log.error("the signing keys on disk are not usable, the ones held stay in force: %s", fault)
        return self._held

    def _look(self) -> tuple[int, int, int]:
        seen = os.stat(self._path)  # noqa: PTH116  runs for each token; Path.stat costs twice as much
        return seen.st_mtime_ns, seen.st_size, seen.st_ino


def key_file(settings: Settings) -> KeyFile:
    """Open the key file the settings name; raises ConfigInvalid."""
    return KeyFile(settings.signing_keys_file)


def _entries(text: str) -> list[dict[str, Any]]:
    if not text.lstrip().startswith("-----BEGIN"):
        entries: list[dict[str, Any]] = json.loads(text)["keys"]
        return entries
    private = load_pem_private_key(text.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError
    # When it was made is not written in it; a lone key signs at once anyway.
    return [_entry(private, made_at=0)]


def _new_key(made_at: int) -> dict[str, Any]:
    return _entry(ec.generate_private_key(ec.SECP256R1()), made_at)


def _entry(private: ec.EllipticCurvePrivateKey, made_at: int) -> dict[str, Any]:
    jwk: dict[str, Any] = ECAlgorithm.to_jwk(private, as_dict=True)
    return {**jwk, "kid": _thumbprint(jwk), "use": "sig", "alg": ALGORITHM, "iat": made_at}


def _thumbprint(jwk: dict[str, Any]) -> str:
    # RFC 7638: the required members in order, without white space.
    members = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().rstrip("=")


def _signing_key(jwk: dict[str, Any]) -> SigningKey:
    private = jwt.PyJWK(jwk, algorithm=ALGORITHM).key
    if jwk.get("crv") != "P-256" or not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ValueError
    return SigningKey(str(jwk["kid"]), private, int(jwk.get("iat", 0)))


def _public(jwk: dict[str, Any]) -> dict[str, Any]:
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def _text(keys: list[dict[str, Any]]) -> str:
    return json.dumps({"keys": keys}, indent=2) + "\n"
