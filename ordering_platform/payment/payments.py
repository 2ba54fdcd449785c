"""Payments in the database: each move is a guarded statement and leaves an event that nobody changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.payment.errors import PaymentNotFound
from ordering_platform.payment.models import payment_events, payments
from ordering_platform.payment.states import PAYMENT_MOVES, PAYMENT_PENDING, may_move
from ordering_platform.runtime.schemas import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.payment.providers import Outcome
    from ordering_platform.runtime.identity import Caller

Payment = dict[str, Any]

# As with bills, the database's clock comes along.
SEEN = (payments, sa.func.now().label("seen_at"))


def move(tx: Connection, payment: Payment, outcome: Outcome, actor: str) -> Payment | None:
    """Note what a provider says of a payment under way, or give None where somebody else has moved it since.

    The same status again leaves no event. Raises ValueError for a move that no payment may make.
    """
    named = {"reference": outcome.reference or payment["reference"]}
    if outcome.status == payment["status"]:
        changed = _guarded(payment).values(named).returning(*SEEN)
        return _payment(tx.execute(changed).one_or_none())
    if not may_move(PAYMENT_MOVES, payment["status"], outcome.status):
        raise ValueError(f"{payment['id']}: {payment['status']} may not become {outcome.status}")
    action = dict(outcome.next_action) if outcome.next_action else None
    values = {**named, "status": outcome.status, "next_action": action}
    if outcome.status == "authorized":
        values["authorized_minor"] = charge_of(payment)
    moved = _guarded(payment).values(values).returning(payments).cte("moved")
    return _payment(tx.execute(_with_event(moved, payment["status"], actor, {})).one_or_none())


def _guarded(payment: Payment) -> Any:
    return sa.update(payments).where(payments.c.id == payment["id"], payments.c.status == payment["status"])


def _with_event(changed: sa.CTE, start: str, actor: str, details: dict[str, Any]) -> Any:
    """Write the event of a change in the same statement as the change."""
    event = sa.select(
        changed.c.id,
        sa.literal(start),
        changed.c.status,
        sa.literal(actor),
        sa.cast(sa.literal(details, JSONB), JSONB),
    )
    columns = ["payment_id", "from_status", "to_status", "actor", "details"]
    noted = sa.insert(payment_events).from_select(columns, event).cte("noted")
    return sa.select(changed, sa.func.now().label("seen_at")).add_cte(noted)


def of_key(tx: Connection, caller_id: str, route: str, key: str) -> Payment | None:
    """Give the payment that was made under a key."""
    mine = sa.and_(payments.c.caller_id == caller_id, payments.c.route == route, payments.c.key == key)
    return _payment(tx.execute(sa.select(*SEEN).where(mine)).one_or_none())


def seen_by(tx: Connection, caller: Caller, payment_id: str) -> Payment:
    """Give a payment to a guest of its table session or to staff of its venue; raises PaymentNotFound to others."""
    found = None
    if is_id(payment_id):
        mine = sa.and_(payments.c.id == payment_id, payments.c.venue_id == caller.venue)
        if not caller.is_staff:
            mine = sa.and_(mine, payments.c.session_id == caller.session)
        found = _payment(tx.execute(sa.select(*SEEN).where(mine)).one_or_none())
    if found is None:
        raise PaymentNotFound
    return found


def read(tx: Connection, payment_id: str) -> Payment | None:
    """Give a payment as it is now, or None."""
    return _payment(tx.execute(sa.select(*SEEN).where(payments.c.id == payment_id)).one_or_none())


def of_bills(tx: Connection, bill_ids: Sequence[str]) -> list[Payment]:
    """List the payments of some bills, oldest first."""
    rows = tx.execute(sa.select(*SEEN).where(payments.c.bill_id.in_(bill_ids)).order_by(payments.c.id))
    return [dict(row) for row in rows.mappings()]


def keep_answer(tx: Connection, payment_id: str, answer: bytes) -> bytes:
    """Keep what the client is told of a payment and give what it is told: the first one stays."""
    kept = sa.func.coalesce(payments.c.answer, answer)
    changed = sa.update(payments).where(payments.c.id == payment_id).values(answer=kept).returning(payments.c.answer)
    return bytes(tx.execute(changed).scalar_one())


def free_key(tx: Connection, payment_id: str) -> None:
    """Let a key go whose request may be tried again from the start."""
    tx.execute(sa.update(payments).where(payments.c.id == payment_id).values(key=None))


def charge_of(payment: Mapping[str, Any]) -> int:
    """Give what is charged, in minor units: the amount on the bill, the tip, and what the step of the coins changes."""
    return int(payment["amount_minor"] + payment["tip_minor"] + payment["rounding_minor"])


def taken_of(payment: Mapping[str, Any]) -> dict[str, int]:
    """Give what a capture takes and what of it is for the bill, tip and rounding, in minor units.

    It is the whole charge or, of money that is held, what staff decided: the bill first, the tip from the rest.
    """
    whole = charge_of(payment)
    taken = payment["to_capture_minor"] or whole
    if taken == whole:
        parts = {name: int(payment[f"{name}_minor"]) for name in ("amount", "tip", "rounding")}
    else:
        amount = min(int(payment["amount_minor"]), taken)
        parts = {"amount": amount, "tip": taken - amount, "rounding": 0}
    return {**parts, "taken": taken}


def is_pending(payment: Mapping[str, Any]) -> bool:
    """Whether a payment may still become captured."""
    return payment["status"] in PAYMENT_PENDING


def _payment(row: Any) -> Payment | None:
    return dict(row._mapping) if row is not None else None  # noqa: SLF001  the public name of SQLAlchemy for it
