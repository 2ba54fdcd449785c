"""Access tokens of people who do not exist, signed with a key made for the test run."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from ordering_platform.runtime.identity import ALGORITHM, GUEST_AUDIENCE, ISSUER, STAFF_AUDIENCE, TYPE

_IMPLIED = ("kitchen", "waiter", "cashier", "manager", "owner")


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def jwks() -> dict[str, Any]:
    public = json.loads(ECAlgorithm.to_jwk(_key().public_key()))
    return {"keys": [{**public, "kid": "test", "alg": ALGORITHM, "use": "sig"}]}


def token(kind: str, role: str = "", **claims: Any) -> str:
    """Sign a token for a ``guest``, or for ``staff`` who hold ``role`` and all below it."""
    now = int(time.time())
    roles = list(_IMPLIED[: _IMPLIED.index(role) + 1]) if role else []
    content = {
        "iss": ISSUER,
        "aud": GUEST_AUDIENCE if kind == "guest" else STAFF_AUDIENCE,
        "sub": "gst_test" if kind == "guest" else f"usr_{role}",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "jti": "jti_test",
        "venue": "ven_test",
        "roles": roles,
        "session": "ses_test" if kind == "guest" else "",
        "table": "tbl_test" if kind == "guest" else "",
    }
    return jwt.encode({**content, **claims}, _key(), ALGORITHM, {"typ": TYPE, "kid": "test"})


def bearer(kind: str, role: str = "", **claims: Any) -> dict[str, str]:
    """Give the header that carries such a token."""
    return {"Authorization": "Bearer " + token(kind, role, **claims)}
