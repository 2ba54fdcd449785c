"""One drive of a bill: what the driver knows while it holds the lease, and the two ways to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment import bills, views
from ordering_platform.payment.errors import BillReleased
from ordering_platform.payment.idempotency import failure_of
from ordering_platform.runtime import logs
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from ordering_platform.payment.bills import Bill
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.quoting import Offer
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.errors import DomainError

# How long a bill whose driver has died is still carried forward: as long as a phone repeats its request.
RESUME_FOR = 60.0
# Longer pauses for what has not come to its end within ten minutes, because then it waits for people.
LONGEST_PAUSE = 8.0
LONGEST_PAUSE_WHEN_OLD = 30.0
OLD = 600.0

log = logs.get("payment.saga")


def age(row: Mapping[str, Any]) -> float:
    """Give the seconds between the making of a bill or a payment and its last reading, by the database's clock."""
    passed: timedelta = row["seen_at"] - row["created_at"]
    return passed.total_seconds()


def new_run_id() -> str:
    """Make the name under which one drive holds its lease; two drives of one process have two."""
    return new_id("run")


@dataclass(slots=True)
class Run:
    """A bill under way.

    ``stage`` runs ahead of the row: ``locked`` and ``priced`` are passed in memory only, because both calls
    give the same answer again for the same bill, and a commit each would buy nothing.
    """

    till: Till
    bill: Bill
    me: str
    actor: str
    stage: str = field(init=False)
    resting: bool = False
    locked: Mapping[str, Any] = field(default_factory=dict)
    offer: Offer | None = None
    promotions: str = field(init=False)
    payment: Payment | None = None

    def __post_init__(self) -> None:
        """Begin where the row is."""
        self.stage = self.bill["status"]
        self.promotions = self.bill["promotions"]

    @property
    def age(self) -> float:
        """Seconds since the bill was opened."""
        return age(self.bill)

    @property
    def pause(self) -> float:
        """Seconds until the next attempt; longer each time, never long enough for a guest to give up."""
        attempts: int = self.bill["attempts"]
        return min(2.0 ** min(attempts, 10), LONGEST_PAUSE if self.age < OLD else LONGEST_PAUSE_WHEN_OLD)


def give_up(run: Run, fault: DomainError) -> None:
    """Turn back: keep why, and begin to undo."""
    if fault.code == BillReleased.code:
        # An earlier driver died while it undid this bill; whoever repeats the request starts anew.
        fault = BillReleased()
    values = {
        "status": "compensating",
        "failure": failure_of(fault),
        "promotions": run.promotions,
        "next_run_at": bills.in_seconds(run.till.terms.lease),
    }
    with run.till.db.single() as tx:
        run.bill = bills.write(tx, run.bill, run.me, **values)
    run.stage = "compensating"


def rest(run: Run, seconds: float | None, **noted: Any) -> None:
    """Leave a bill alone for a while and let the lease go; None waits until somebody comes.

    What the client is told at the first rest is kept, for every repeat. A bill that somebody has begun to pay,
    or paid, since it was read is looked at again soon; one that has moved on by that is driven on.
    """
    next_run_at = None if seconds is None else bills.in_seconds(seconds)
    as_seen = bills.as_seen(run.bill)
    values = {
        **noted,
        "lease_owner": None,
        "next_run_at": sa.case((as_seen, next_run_at), else_=bills.in_seconds(run.pause)),
    }
    if run.bill["answer"] is None and run.bill["failure"] is None:
        values["answer"] = views.answer(run.bill, run.payment)
    try:
        with run.till.db.single() as tx:
            run.bill = bills.write(tx, run.bill, run.me, **values)
        run.resting = True
    except bills.LeaseLost:
        _move_on(run)


def _move_on(run: Run) -> None:
    """Follow a bill that a payment of somebody else has moved under this lease; raises LeaseLost for all others."""
    with run.till.db.read() as tx:
        now = bills.read(tx, run.bill["id"])
    if now["lease_owner"] != run.me or now["status"] == run.bill["status"]:
        raise bills.LeaseLost
    run.bill, run.stage, run.payment = now, now["status"], None
