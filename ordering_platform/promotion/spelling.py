"""Promotion codes as people type them: one spelling for all the ways to write the same code."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_LENGTH = 3
MAX_LENGTH = 40


def normalise(text: str) -> str:
    """Give the one spelling of a code: NFKC, no spaces, no dashes of any kind, nothing invisible, upper case."""
    kept = (sign for sign in unicodedata.normalize("NFKC", text) if not sign.isspace() and not _is_filler(sign))
    # Upper case may leave NFKC (and NFKC upper case), so the fold is closed once more.
    return unicodedata.normalize("NFKC", "".join(kept).upper())


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Give the normalised codes in the order they were sent, each once."""
    return tuple(dict.fromkeys(normalise(text) for text in texts))


def is_sound(code: str) -> bool:
    """Whether a normalised code may be given out: letters and digits only, neither tiny nor endless."""
    return MIN_LENGTH <= len(code) <= MAX_LENGTH and code.isalnum()


def _is_filler(sign: str) -> bool:
    # The soft hyphen and the joiners that chats add are "format" signs.
    return unicodedata.category(sign) in {"Pd", "Cf"}
