"""Drives bills: each from where it is to where it can rest, by whoever holds its lease.

A checkout drives its own bill while the client waits. A bill whose driver died, or that waits for its
next attempt, is taken by the sweeper of any replica; what a dead driver had asked is asked again with
the same ids, and so happens once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from ordering_platform.payment import bills, collecting, models, steps
from ordering_platform.payment.arrows import arrow
from ordering_platform.payment.runs import Run, log, new_run_id
from ordering_platform.runtime.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.payment.till import Till

# The rooms of a bill, in the order it passes them.
STEPS: Final[dict[str, Callable[[Run], None]]] = {
    "created": steps.lock,
    "locked": steps.price,
    "priced": steps.start,
    "paying": collecting.collect,
    "captured": steps.settle,
    "compensating": steps.undo,
}
SWEEPER: Final = "sweeper"
AT_MOST: Final = 50
KEEP_KEYS_FOR: Final = 24 * 3600.0
KEYS_AT_ONCE: Final = 5000


def drive(run: Run) -> None:
    """Take step after step until the bill has ended or rests; raises LeaseLost when somebody else has taken it."""
    while not run.resting and (step := STEPS.get(run.stage)):
        start = run.stage
        step(run)
        if run.stage != start:
            arrow(f"{start}-{run.stage}")


def sweep(till: Till) -> int:
    """Drive the bills that are due, one after the other, and give their number."""
    for done in range(AT_MOST):
        me = new_run_id()
        with till.db.single() as tx:
            bill = bills.take_due(tx, me, till.terms.lease)
        if bill is None:
            return done
        carry_on(Run(till, bill, me, SWEEPER))
    return AT_MOST


def carry_on(run: Run) -> None:
    """Drive a bill as far as it goes now; what stands in the way is logged and left to a later run."""
    try:
        drive(run)
    except bills.LeaseLost:
        log.info("bill %s was taken over", run.bill["id"])
    except DomainError as fault:
        # Its lease runs out and it comes again; the others must not wait for it.
        log.warning("bill %s could not go on: %s", run.bill["id"], fault.code)
    except Exception:  # noqa: BLE001  the outermost boundary of a sweep: one broken bill must not stop the others
        log.exception("bill %s broke at %s", run.bill["id"], run.stage)


def forget_keys(till: Till) -> None:
    """Free the Idempotency-Keys that are a day old, with the answers kept for them."""
    for table in (models.bills, models.payments, models.refunds):
        old = (
            sa.select(table.c.id)
            .where(table.c.key.is_not(None), table.c.created_at < bills.in_seconds(-KEEP_KEYS_FOR))
            .limit(KEYS_AT_ONCE)
        )
        with till.db.single() as tx:
            tx.execute(sa.update(table).where(table.c.id.in_(old)).values(key=None, answer=None))
