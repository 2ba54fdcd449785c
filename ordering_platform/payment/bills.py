"""Bills in the database: opened once for each key, driven by one lease at a time, moved only by guarded statements."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment.errors import BillInProgress, BillNotFound
from ordering_platform.payment.models import bills
from ordering_platform.payment.states import BILL_ENDS
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

Bill = dict[str, Any]

# A bill is read together with the database's clock: its age must not depend on the clock of a process.
SEEN = (bills, sa.func.now().label("seen_at"))

# Either nobody drives the bill, or whoever did has not been heard of in time.
_FREE = sa.or_(bills.c.lease_owner.is_(None), bills.c.next_run_at <= sa.func.now())


class LeaseLost(BillInProgress):
    """Somebody else has taken over this bill; ask again shortly."""


def in_seconds(seconds: float) -> Any:
    """Give a moment from now, by the clock of the database."""
    return sa.func.now() + timedelta(seconds=seconds)


def of_key(tx: Connection, caller_id: str, route: str, key: str) -> Bill | None:
    """Give the bill that was opened under a key."""
    mine = sa.and_(bills.c.caller_id == caller_id, bills.c.route == route, bills.c.key == key)
    return _bill(tx.execute(sa.select(*SEEN).where(mine)).one_or_none())


def seen_by(tx: Connection, caller: Caller, bill_id: str, *, hold: bool = False) -> Bill:
    """Give a bill to a guest of its table session or to staff of its venue; raises BillNotFound to all others.

    With ``hold`` nobody else changes it until the transaction ends.
    """
    found = None
    if is_id(bill_id):
        mine = sa.and_(bills.c.id == bill_id, bills.c.venue_id == caller.venue)
        if not caller.is_staff:
            mine = sa.and_(mine, bills.c.session_id == caller.session)
        wanted = sa.select(*SEEN).where(mine)
        found = _bill(tx.execute(wanted.with_for_update(key_share=True) if hold else wanted).one_or_none())
    if found is None:
        raise BillNotFound
    return found


def read(tx: Connection, bill_id: str) -> Bill:
    """Give a bill as it is now."""
    return dict(tx.execute(sa.select(*SEEN).where(bills.c.id == bill_id)).mappings().one())


def take(tx: Connection, bill_id: str, me: str, lease: float) -> Bill | None:
    """Take the lease of a bill that nobody drives, or give None."""
    free = sa.and_(bills.c.id == bill_id, bills.c.status.not_in(BILL_ENDS), _FREE)
    return _bill(tx.execute(_taken(me, lease).where(free)).one_or_none())


def take_due(tx: Connection, me: str, lease: float) -> Bill | None:
    """Take the lease of the bill that has waited longest for its next run; others skip it."""
    due = (
        sa.select(bills.c.id)
        .where(bills.c.status.not_in(BILL_ENDS), bills.c.next_run_at <= sa.func.now())
        .order_by(bills.c.next_run_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return _bill(tx.execute(_taken(me, lease).where(bills.c.id == due)).one_or_none())


def _taken(me: str, lease: float) -> Any:
    values = {"lease_owner": me, "next_run_at": in_seconds(lease), "attempts": bills.c.attempts + 1}
    return sa.update(bills).values(values).returning(*SEEN)


def write(tx: Connection, bill: Bill, me: str, **values: Any) -> Bill:
    """Change a bill the caller drives; raises LeaseLost when somebody else has moved or taken it since.

    A bill is not turned back while money is on its way, however late that was set aside.
    """
    mine = sa.and_(bills.c.id == bill["id"], bills.c.status == bill["status"], bills.c.lease_owner == me)
    if values.get("status") == "compensating":
        mine = sa.and_(mine, bills.c.paid_minor == 0, bills.c.pending_minor == 0)
    changed = _bill(tx.execute(sa.update(bills).where(mine).values(values).returning(*SEEN)).one_or_none())
    if changed is None:
        raise LeaseLost
    return changed


def as_seen(bill: Bill) -> Any:
    """Say that nobody has begun to pay, or paid, or failed to, since a bill was read."""
    return sa.and_(bills.c.paid_minor == bill["paid_minor"], bills.c.pending_minor == bill["pending_minor"])


def _bill(row: Any) -> Bill | None:
    return dict(row._mapping) if row is not None else None  # noqa: SLF001  the public name of SQLAlchemy for it
