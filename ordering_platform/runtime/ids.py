"""Identifiers: a prefix that names the kind, then 128 bits that sort by time and cannot be guessed."""

from __future__ import annotations

import re
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
_RANDOM_BITS = 80

PATTERN = re.compile(r"^[a-z]{2,5}_[0-9a-z]{1,40}$")


def new_id(prefix: str) -> str:
    """Make an id like ``ord_01k...``: 48 bits of milliseconds, 80 random bits, Crockford base 32."""
    number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return prefix + "_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def made_at(id_: str) -> float:
    """Give the moment an id of ours was made, in seconds since 1970; raises ValueError for one that is not ours."""
    digits = id_.partition("_")[2]
    if len(digits) != _LENGTH:
        raise ValueError(id_)
    number = 0
    for digit in digits:
        number = number << 5 | _ALPHABET.index(digit)
    return (number >> _RANDOM_BITS) / 1000


def new_code(bits: int = 80) -> str:
    """Make an unguessable code for people and links, of at least ``bits`` random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(-(-bits // 5)))
