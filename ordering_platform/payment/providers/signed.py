"""Signatures of webhooks as the large providers write them: HMAC-SHA256 over time and body, ``t=…,v1=…``. PURE."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from ordering_platform.payment.errors import WebhookInvalid

# Seconds a message may be old, or ahead of our clock.
TOLERANCE: Final = 300
_DIGITS_OF_A_MOMENT: Final = 12


def signature(secret: str, moment: int, body: bytes) -> str:
    """Sign a body as of a moment (seconds since 1970)."""
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def header(secret: str, moment: int, body: bytes) -> str:
    """Write the header a message is sent with."""
    return f"t={moment},v1={signature(secret, moment, body)}"


def check(secret: str, head: str, body: bytes, now: float) -> None:
    """Let a message pass that is fresh and signed with the secret; raises WebhookInvalid.

    One good signature among several is enough, so that secrets can be changed without losing a message.
    """
    moment, signatures = _parts(head)
    if not secret or abs(now - moment) > TOLERANCE:
        raise WebhookInvalid
    expected = signature(secret, moment, body)
    if not any(hmac.compare_digest(expected, one) for one in signatures):
        raise WebhookInvalid


def _parts(head: str) -> tuple[int, list[str]]:
    pairs = [part.strip().partition("=")[::2] for part in head.split(",")]
    moments = [value for name, value in pairs if name == "t" and value.isascii() and value.isdigit()]
    signatures = [value for name, value in pairs if name == "v1" and value.isascii()]
    return (int(moments[0][:_DIGITS_OF_A_MOMENT]) if len(moments) == 1 else 0), signatures
