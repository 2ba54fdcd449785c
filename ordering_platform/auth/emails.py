"""E-mail addresses in the one form in which they are kept and compared. Pure."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets

_SHAPE = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


def normal(text: str) -> str:
    """Write an address in its one form: compatible characters made alike, lower case, no blanks around it."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def is_address(text: str) -> bool:
    """Whether a text in normal form can be an address at all; whether mail arrives there nobody knows."""
    return len(text) <= MAX_LENGTH and _SHAPE.fullmatch(text) is not None
