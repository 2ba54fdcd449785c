"""Counts tries at a password exactly, in PostgreSQL, and turns away who tries too often; nobody is locked out.

A try is counted before its password is looked at and taken back when it was right, so a burst of parallel
tries gets no more guesses than a row of them. What is limited is an address at an account and an address
as such; the account by itself is never closed, it only leaves each address fewer tries while it is attacked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ordering_platform.auth.errors import TooManyLogins, TooManyRegistrations
from ordering_platform.auth.models import attempts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

WINDOW_MINUTES = 15
TRIES = 10
TRIES_UNDER_ATTACK = 3
ATTACK = 50
TRIES_OF_AN_ADDRESS = 100
REGISTRATIONS = 20


@dataclass(frozen=True, slots=True)
class Counters:
    """The names of the three counters a login is held against."""

    pair: bytes
    account: bytes
    address: bytes

    @classmethod
    def of(cls, email: str, address: str) -> Counters:
        """Name the counters of this account and address; unknown accounts are counted like all others."""
        network = _network(address)
        return cls(_name("pair", email, network), _name("account", email), _name("address", network))

    def all(self) -> tuple[bytes, bytes, bytes]:
        """Give all three names."""
        return self.pair, self.account, self.address


def count_login(tx: Connection, counters: Counters) -> None:
    """Count a login as failed in advance; raises TooManyLogins, which rolls the counting back."""
    failures, waits = _count(tx, counters.all())
    under_attack = failures[counters.account] > ATTACK
    if failures[counters.pair] > (TRIES_UNDER_ATTACK if under_attack else TRIES):
        raise TooManyLogins(retry_after=waits[counters.pair])
    if failures[counters.address] > TRIES_OF_AN_ADDRESS:
        raise TooManyLogins(retry_after=waits[counters.address])


def count_registration(tx: Connection, address: str) -> None:
    """Count a registration; raises TooManyRegistrations, which rolls the counting back."""
    name = _name("registration", _network(address))
    failures, waits = _count(tx, [name])
    if failures[name] > REGISTRATIONS:
        raise TooManyRegistrations(retry_after=waits[name])


def take_back(tx: Connection, counters: Counters) -> None:
    """Uncount a try that was right, and clear what this address failed at this account before."""
    tx.execute(_UNCOUNT, {"names": counters.all(), "cleared": counters.pair})


def sweep(tx: Connection) -> None:
    """Delete counters whose window has passed."""
    tx.execute(_FORGET)


def _count(tx: Connection, names: Iterable[bytes]) -> tuple[dict[bytes, int], dict[bytes, int]]:
    # Always in the same order, so that two logins never wait for each other in a ring.
    rows = tx.execute(_COUNT.values([{"key": name, **_FRESH} for name in sorted(names)])).all()
    failures = {bytes(row.key): row.failures for row in rows}
    return failures, {bytes(row.key): row.wait for row in rows}


def _network(address: str) -> str:
    # Whoever has one IPv6 address has the 64 bits below it as well.
    try:
        host = ip_address(address)
    except ValueError:
        return address
    if isinstance(host, IPv6Address) and host.ipv4_mapped is None:
        return str(ip_network((host, 64), strict=False))
    return address


def _name(*parts: str) -> bytes:
    # Hashed, so that the table keeps no list of addresses and misspelt e-mails.
    return hashlib.sha256("\0".join(parts).encode()).digest()


_now = sa.func.now()
_FRESH = {"failures": 1, "window_ends": _now + sa.text(f"interval '{WINDOW_MINUTES} minutes'")}
_fresh = insert(attempts)
_is_over = attempts.c.window_ends <= _now
_COUNT = _fresh.on_conflict_do_update(
    index_elements=[attempts.c.key],
    set_={
        "failures": sa.case((_is_over, 1), else_=attempts.c.failures + 1),
        "window_ends": sa.case((_is_over, _fresh.excluded.window_ends), else_=attempts.c.window_ends),
    },
).returning(
    attempts.c.key,
    attempts.c.failures,
    sa.cast(sa.func.ceil(sa.func.extract("epoch", attempts.c.window_ends - _now)), sa.Integer).label("wait"),
)
_mine = (
    sa.select(attempts.c.key)
    .where(attempts.c.key.in_(sa.bindparam("names", expanding=True)))
    .order_by(attempts.c.key)
    .with_for_update()
    .cte("mine")
)
_UNCOUNT = (
    sa.update(attempts)
    .where(attempts.c.key == _mine.c.key)
    .values(
        failures=sa.case(
            (attempts.c.key == sa.bindparam("cleared"), 0), else_=sa.func.greatest(attempts.c.failures - 1, 0)
        )
    )
)
_stale = sa.select(attempts.c.key).where(_is_over).limit(1000).with_for_update(skip_locked=True).scalar_subquery()
_FORGET = sa.delete(attempts).where(attempts.c.key.in_(_stale))
