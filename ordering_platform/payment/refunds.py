"""Refunds in the database: made once for each key, driven by one lease at a time, shown to the staff of their venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment.bills import LeaseLost, in_seconds
from ordering_platform.payment.errors import RefundNotFound
from ordering_platform.payment.models import bills, payments, refunded_lines, refunds
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, RowMapping

    from ordering_platform.runtime.identity import Caller

Refund = dict[str, Any]

# As with bills, the database's clock comes along.
SEEN = (refunds, sa.func.now().label("seen_at"))

_FREE = sa.or_(refunds.c.lease_owner.is_(None), refunds.c.next_run_at <= sa.func.now())


def of_key(tx: Connection, caller_id: str, route: str, key: str) -> Refund | None:
    """Give the refund that was made under a key."""
    mine = sa.and_(refunds.c.caller_id == caller_id, refunds.c.route == route, refunds.c.key == key)
    return _refund(tx.execute(sa.select(*SEEN).where(mine)).one_or_none())


def seen_by(tx: Connection, caller: Caller, refund_id: str) -> Refund:
    """Give a refund to staff of its venue; raises RefundNotFound to all others."""
    found = read(tx, refund_id) if is_id(refund_id) else None
    if found is None or found["venue_id"] != caller.venue:
        raise RefundNotFound
    return found


def read(tx: Connection, refund_id: str) -> Refund | None:
    """Give a refund as it is now, or None."""
    return _refund(tx.execute(sa.select(*SEEN).where(refunds.c.id == refund_id)).one_or_none())


def of_payment(tx: Connection, payment_id: str, limit: int, before: str | None) -> Sequence[RowMapping]:
    """List the refunds of a payment, newest first."""
    wanted = [refunds.c.payment_id == payment_id]
    if before is not None:
        wanted.append(refunds.c.id < before)
    found = sa.select(refunds).where(*wanted).order_by(refunds.c.id.desc()).limit(limit)
    return tx.execute(found).mappings().all()


def lines_gone(tx: Connection, bill_id: str) -> dict[str, Any]:
    """Give what is gone of the lines of a bill, by line: in money and in portions."""
    rows = sa.select(refunded_lines).where(refunded_lines.c.bill_id == bill_id)
    return {row.line_id: row for row in tx.execute(rows)}


def standing(tx: Connection, bill_id: str) -> Any:
    """Say where a bill stands: what was captured and what is back of it, and at which ``step`` of its refunds.

    Payments that have left the bill do not count. All of it is read in one statement and so at one moment: of two
    answers the one with the higher step is the newer.
    """
    counting = sa.and_(payments.c.bill_id == bills.c.id, ~payments.c.off_bill)
    captured, back = (
        sa.select(sa.func.coalesce(sa.func.sum(amount), 0)).where(counting)
        for amount in (payments.c.captured_minor, payments.c.refunded_minor)
    )
    # A refund that is back counts one, and one that was returned two.
    settled = refunds.c.settled_at.is_not(None)
    steps = sa.case((sa.and_(settled, refunds.c.status == "failed"), 2), (settled, 1), else_=0)
    step = sa.select(sa.func.coalesce(sa.func.sum(steps), 0)).where(refunds.c.bill_id == bills.c.id)
    return tx.execute(
        sa.select(
            bills.c.status,
            bills.c.paid_minor,
            bills.c.promotions,
            captured.scalar_subquery().label("captured"),
            back.scalar_subquery().label("refunded"),
            step.scalar_subquery().label("step"),
        ).where(bills.c.id == bill_id)
    ).one()


def take(tx: Connection, refund_id: str, me: str, lease: float) -> Refund | None:
    """Take the lease of a refund that has still to be driven and nobody drives, or give None."""
    free = sa.and_(refunds.c.id == refund_id, refunds.c.next_run_at.is_not(None), _FREE)
    return _refund(tx.execute(_taken(me, lease).where(free)).one_or_none())


def take_due(tx: Connection, me: str, lease: float) -> Refund | None:
    """Take the lease of the refund that has waited longest for its next run; others skip it."""
    due = (
        sa.select(refunds.c.id)
        .where(refunds.c.next_run_at <= sa.func.now())
        .order_by(refunds.c.next_run_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return _refund(tx.execute(_taken(me, lease).where(refunds.c.id == due)).one_or_none())


def _taken(me: str, lease: float) -> Any:
    values = {"lease_owner": me, "next_run_at": in_seconds(lease), "attempts": refunds.c.attempts + 1}
    return sa.update(refunds).values(values).returning(*SEEN)


def write(tx: Connection, refund: Refund, me: str, **values: Any) -> Refund:
    """Change a refund the caller drives; raises LeaseLost when somebody else has moved or taken it since."""
    mine = sa.and_(refunds.c.id == refund["id"], refunds.c.status == refund["status"], refunds.c.lease_owner == me)
    changed = _refund(tx.execute(sa.update(refunds).where(mine).values(values).returning(*SEEN)).one_or_none())
    if changed is None:
        raise LeaseLost
    return changed


def keep_answer(tx: Connection, refund_id: str, answer: bytes) -> bytes:
    """Keep what the client is told of a refund and give what it is told: the first one stays."""
    kept = sa.func.coalesce(refunds.c.answer, answer)
    changed = sa.update(refunds).where(refunds.c.id == refund_id).values(answer=kept).returning(refunds.c.answer)
    return bytes(tx.execute(changed).scalar_one())


def free_key(tx: Connection, refund_id: str) -> None:
    """Let a key go whose request may be tried again from the start."""
    tx.execute(sa.update(refunds).where(refunds.c.id == refund_id).values(key=None))


def _refund(row: Any) -> Refund | None:
    return dict(row._mapping) if row is not None else None  # noqa: SLF001  the public name of SQLAlchemy for it
