"""The sandbox's book of charges: each is one row, moved by guarded statements, asked for as often as one likes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ordering_platform.payment.errors import ChallengeNotPending, ProviderUnavailable
from ordering_platform.payment.models import sandbox_charges as charges
from ordering_platform.payment.providers import Charge, Outcome, ProviderSilent, Status
from ordering_platform.payment.providers.sandbox.cards import LETS_HOLDS_GO, LOSES_ANSWERS, UNREACHABLE, first_status
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions

DELAY: Final = timedelta(seconds=2)
_OPEN: Final = ("requires_action", "processing", "authorized")

_CHARGE = prepared("""
    INSERT INTO payments.sandbox_charges AS charge (id, reference, card, status, amount_minor, captured_minor, currency,
                                                    capture_later, settles_at)
    VALUES (:id, :reference, :card, :status, :amount, :captured, :currency, :capture_later, now() + :delay)
    ON CONFLICT (id) DO UPDATE SET asked = charge.asked + 1
    RETURNING reference, status, amount_minor, captured_minor, currency, asked
""")


def create(books: Transactions, charge: Charge) -> Outcome:
    """Charge a test card once for each payment id.

    Raises ProviderSilent where the card loses the first answer, ProviderUnavailable where it is one of nobody.
    """
    card = charge.card["token"]
    if card == UNREACHABLE:
        raise ProviderUnavailable
    status = first_status(card, capture_later=charge.capture_later)
    values = {
        "id": charge.payment_id,
        "reference": new_id("sbx"),
        "card": card,
        "status": status,
        "amount": charge.amount,
        "captured": charge.amount if status == "captured" else 0,
        "currency": charge.currency,
        "capture_later": charge.capture_later,
        "delay": DELAY,
    }
    found = _one(books, _CHARGE, values)
    if card == LOSES_ANSWERS and found.asked == 1:
        raise ProviderSilent
    return _outcome(found)


def look_up(books: Transactions, payment_id: str) -> Outcome | None:
    """Read the books; what was to happen by now has happened."""
    late = charges.c.settles_at <= sa.func.now()
    lapses = (charges.c.status == "authorized") & (charges.c.card == LETS_HOLDS_GO)
    due = (charges.c.id == payment_id) & late & ((charges.c.status == "processing") | lapses)
    settled = {**_approved(), "status": sa.case((lapses, "lapsed"), else_=_approved()["status"])}
    found = _one(books, sa.update(charges).where(due).values(settled).returning(charges))
    found = found or _one(books, sa.select(charges).where(charges.c.id == payment_id))
    return _outcome(found) if found else None


def cancel(books: Transactions, payment_id: str) -> Outcome:
    """Void the charge, also one that has not arrived yet; a captured one stays captured."""
    row = insert(charges).values(
        id=payment_id, reference=new_id("sbx"), card="", status="cancelled", amount_minor=0, currency=""
    )
    status = sa.case((charges.c.status.in_(_OPEN), "cancelled"), else_=charges.c.status)
    kept = row.on_conflict_do_update(index_elements=["id"], set_={"status": status}).returning(charges)
    return _outcome(_one(books, kept))


def capture(books: Transactions, payment_id: str, amount: int) -> Outcome:
    """Take up to what is held, once; afterwards the first answer again. Raises ProviderSilent as ``create`` does."""
    held = (charges.c.id == payment_id) & (charges.c.status == "authorized") & (charges.c.amount_minor >= amount)
    look_up(books, payment_id)
    taken = _one(
        books, sa.update(charges).where(held).values(status="captured", captured_minor=amount).returning(charges)
    )
    if taken and taken.card == LOSES_ANSWERS:
        raise ProviderSilent
    found = taken or _one(books, sa.select(charges).where(charges.c.id == payment_id))
    return _outcome(found) if found else Outcome("failed", code="charge_not_found")


def challenge(books: Transactions, payment_id: str, *, approve: bool) -> Outcome:
    """Answer the card holder's question; raises ChallengeNotPending."""
    waiting = (charges.c.id == payment_id) & (charges.c.status == "requires_action")
    answered = sa.update(charges).where(waiting).values(_approved() if approve else {"status": "failed"})
    found = _one(books, answered.returning(charges))
    if found is None:
        raise ChallengeNotPending
    return _outcome(found)


def _approved() -> dict[str, Any]:
    later = charges.c.capture_later
    return {
        "status": sa.case((later, "authorized"), else_="captured"),
        "captured_minor": sa.case((later, 0), else_=charges.c.amount_minor),
    }


def _one(books: Transactions, statement: Any, values: dict[str, Any] | None = None) -> Any:
    with books.single() as tx:
        return tx.execute(statement, values).one_or_none()


def _outcome(row: Any) -> Outcome:
    ended = {"failed": "card_declined", "cancelled": "cancelled", "lapsed": "expired"}
    status: Status = "failed" if row.status in ended else row.status
    amount = row.captured_minor if status == "captured" else row.amount_minor
    action = {"type": "challenge"} if status == "requires_action" else None
    return Outcome(status, row.reference, amount, row.currency, ended.get(row.status), action)
