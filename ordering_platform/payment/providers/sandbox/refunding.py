"""The sandbox's book of refunds: once for each refund id, and never more than was captured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment.models import sandbox_charges as charges
from ordering_platform.payment.models import sandbox_refunds as refunds
from ordering_platform.payment.providers import ProviderSilent, RefundOutcome, Repayment
from ordering_platform.payment.providers.sandbox.cards import GIVEN_BACK, LOSES_REFUND_ANSWERS, REFUNDS
from ordering_platform.payment.providers.sandbox.charging import DELAY
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions


def refund(books: Transactions, repayment: Repayment) -> RefundOutcome:
    """Give money back once for each refund id; raises ProviderSilent where the card loses the first answer."""
    with books.transaction() as tx:
        # Refunds of one charge stand in line, so that they cannot give back more than it in sum.
        mine = sa.select(charges).where(charges.c.id == repayment.payment_id).with_for_update()
        charge = tx.execute(mine).one_or_none()
        found = _again(tx, repayment) or _new(tx, repayment, charge)
    if charge is not None and charge.card == LOSES_REFUND_ANSWERS and found is not None and found.asked == 1:
        raise ProviderSilent
    return _outcome(found) if found is not None else RefundOutcome("failed", code="charge_not_found")


def look_up_refund(books: Transactions, repayment: Repayment) -> RefundOutcome | None:
    """Read the books; what was to happen by now has happened."""
    mine = refunds.c.id == repayment.refund_id
    after = sa.case({card: later for card, (_, later) in REFUNDS.items()}, value=charges.c.card)
    of_charge = sa.select(after).where(charges.c.id == refunds.c.charge_id).scalar_subquery()
    due = mine & (refunds.c.settles_at <= sa.func.now())
    settled = sa.update(refunds).where(due).values(status=of_charge, settles_at=None)
    with books.transaction() as tx:
        tx.execute(settled)
        found = tx.execute(sa.select(refunds).where(mine)).one_or_none()
    return _outcome(found) if found else None


def _again(tx: Connection, repayment: Repayment) -> Any:
    known = sa.update(refunds).where(refunds.c.id == repayment.refund_id).values(asked=refunds.c.asked + 1)
    return tx.execute(known.returning(refunds)).one_or_none()


def _new(tx: Connection, repayment: Repayment, charge: Any) -> Any:
    if charge is None:
        return None
    others = (refunds.c.charge_id == charge.id) & (refunds.c.status != "failed")
    given = tx.execute(sa.select(sa.func.coalesce(sa.func.sum(refunds.c.amount_minor), 0)).where(others)).scalar_one()
    possible = repayment.currency == charge.currency and given + repayment.amount <= charge.captured_minor
    status, later = REFUNDS.get(charge.card, GIVEN_BACK) if possible else ("failed", None)
    row = {
        "id": repayment.refund_id,
        "charge_id": charge.id,
        "reference": new_id("sbr"),
        "status": status,
        "amount_minor": repayment.amount,
        "settles_at": sa.func.now() + DELAY if later else None,
    }
    return tx.execute(sa.insert(refunds).values(row).returning(refunds)).one()


def _outcome(row: Any) -> RefundOutcome:
    return RefundOutcome(row.status, row.reference, "refund_failed" if row.status == "failed" else None)
