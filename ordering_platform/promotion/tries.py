"""Counts the wrong codes of each guest and of each venue, so that codes cannot be guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.promotion.models import wrong_codes
from ordering_platform.runtime.errors import RateLimited

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions

PER_GUEST, GUEST_WINDOW = 5, 600
PER_VENUE, VENUE_WINDOW = 50, 3600

# Seconds until the tryers may try again; NULL while they may.
WAIT = """
    SELECT greatest(1, ceil(extract(epoch FROM max(ends_at) - now())))::int FROM promotions.wrong_codes
     WHERE key = ANY(:tryers) AND wrong >= allowed AND ends_at > now()
    HAVING count(*) > 0
"""

# The row of the guest first, the row all guests share last: it is held for one statement only.
_NOTE = sa.text(
    """
    INSERT INTO promotions.wrong_codes AS w (key, wrong, allowed, ends_at)
    VALUES (:guest, :count, :per_guest, now() + make_interval(secs => :guest_window)),
           (:venue, :count, :per_venue, now() + make_interval(secs => :venue_window))
    ON CONFLICT (key) DO UPDATE SET
        wrong = CASE WHEN w.ends_at > now() THEN w.wrong + excluded.wrong ELSE excluded.wrong END,
        ends_at = CASE WHEN w.ends_at > now() THEN w.ends_at ELSE excluded.ends_at END,
        allowed = excluded.allowed
    RETURNING wrong, allowed, greatest(1, ceil(extract(epoch FROM ends_at - now()))::int) AS wait
    """
)


def keys(venue_id: str, tryer: str | None) -> list[str]:
    """Name the two counters of a guest's tries; staff, who are no tryer, are not counted."""
    return [f"guest {venue_id} {tryer}", f"venue {venue_id}"] if tryer else []


def check(tx: Connection, venue_id: str, tryer: str | None) -> None:
    """Raise RateLimited after too many wrong codes; the next code is not even looked up then."""
    wait = tx.execute(sa.text(WAIT), {"tryers": keys(venue_id, tryer)}).scalar_one_or_none()
    if wait is not None:
        raise RateLimited(retry_after=wait)


def note(db: Transactions, venue_id: str, tryer: str | None, wrong: int) -> None:
    """Count wrong codes in a transaction of their own, which stays whatever becomes of the request.

    Raises RateLimited where guesses sent at once have passed the limit together.
    """
    if not tryer or not wrong:
        return
    guest, venue = keys(venue_id, tryer)
    counted = {
        "guest": guest,
        "venue": venue,
        "count": wrong,
        "per_guest": PER_GUEST,
        "per_venue": PER_VENUE,
        "guest_window": GUEST_WINDOW,
        "venue_window": VENUE_WINDOW,
    }
    with db.transaction() as tx:
        counters = tx.execute(_NOTE, counted).all()
    waits = [counter.wait for counter in counters if counter.wrong > counter.allowed]
    if waits:
        raise RateLimited(retry_after=max(waits))


def forget(tx: Connection) -> int:
    """Remove the counters whose time is over and give how many there were."""
    return tx.execute(sa.delete(wrong_codes).where(wrong_codes.c.ends_at < sa.func.now())).rowcount
