"""Access tokens that must open no door: signed by strangers, by nobody, in another way or too long ago."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm

from ordering_platform.auth.keys import SigningKey, read_key_set
from ordering_platform.runtime.identity import ALGORITHM, LEEWAY, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def signing_key(data_dir: Path) -> SigningKey:
    """Give the key with which an embedded platform signs."""
    return read_key_set((data_dir / "signing-keys.json").read_text()).signing(time.time())


def authorizations(token: str, key: SigningKey) -> Iterator[tuple[str, str]]:
    """Give Authorization headers made from a sound token, each with what is wrong about it."""
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = {"typ": TYPE, "kid": key.key_id}
    now = int(time.time())
    old = {"iat": now - 900, "nbf": now - 900, "exp": now - LEEWAY - 1}
    bad = {
        "expired": _signed(claims | old, key.private, kid),
        "not valid yet": _signed(claims | {"nbf": now + 60}, key.private, kid),
        "lasts too long": _signed(claims | {"exp": now + 10**6}, key.private, kid),
        "for another audience": _signed(claims | {"aud": ["staff", "guest"]}, key.private, kid),
        "of another issuer": _signed(claims | {"iss": "elsewhere"}, key.private, kid),
        "signed by a stranger": _signed(claims, ec.generate_private_key(ec.SECP256R1()), kid),
        "signed with the public key": _hmac(claims, key, kid),
        "unsigned": f"{_part({'alg': 'none'} | kid)}.{_part(claims)}.",
        "without signature": f"{head}.{body}.",
        "with other claims": f"{head}.{_part(claims | {'roles': ['owner']})}.{signature}",
        "of an unknown key": _signed(claims, key.private, kid | {"kid": "unknown"}),
        "with a key of its own": _signed(claims, key.private, kid | {"jku": "http://127.0.0.1:9/"}),
        "not a token": "nonsense",
        "too long": "x" * 5000,
    }
    for name, one in bad.items():
        yield name, f"Bearer {one}"
    yield "of another scheme", f"Basic {token}"
    yield "without a scheme", token
    yield "empty", "Bearer "


def _signed(claims: dict[str, Any], private: ec.EllipticCurvePrivateKey, headers: dict[str, Any]) -> str:
    return jwt.encode(claims, private, ALGORITHM, headers)


def _hmac(claims: dict[str, Any], key: SigningKey, headers: dict[str, Any]) -> str:
    # PyJWT itself refuses to sign with what looks like a public key.
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{_part({'alg': 'HS256'} | headers)}.{_part(claims)}"
    digest = HMACAlgorithm(HMACAlgorithm.SHA256).sign(text.encode(), pem)
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
