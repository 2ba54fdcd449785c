"""Money that is only held: staff decide once whether to take it, or a part of it, or to let it go.

The decision is written before the provider hears of it, so that whoever comes after a crash carries it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ordering_platform.payment import payments
from ordering_platform.payment.collecting import ask, book
from ordering_platform.payment.errors import CaptureNotPossible, CurrencyMismatch, PaymentNotHeld
from ordering_platform.payment.runs import Run, new_run_id
from ordering_platform.payment.saga import carry_on
from ordering_platform.payment.views import payment_view
from ordering_platform.runtime.money import money
from ordering_platform.runtime.prepared import prepared

if TYPE_CHECKING:
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.identity import Caller

# Whoever writes first has decided. The sweeper is woken in time to carry on where the decider dies.
_DECIDE = prepared("""
    WITH decided AS (
        UPDATE payments.payments SET to_capture_minor = :amount
        WHERE id = :id AND status = 'authorized' AND to_capture_minor IS NULL AND authorized_minor >= :amount
        RETURNING id, bill_id
    ), noted AS (
        INSERT INTO payments.payment_events (payment_id, from_status, to_status, actor, details)
        SELECT id, 'authorized', 'authorized', :actor, CAST(:details AS jsonb) FROM decided
    ), woken AS (
        UPDATE payments.bills AS b
        SET next_run_at = LEAST(b.next_run_at, now() + :lease * interval '1 second')
        FROM decided WHERE b.id = decided.bill_id
    )
    SELECT count(*) FROM decided
""")


def capture(till: Till, caller: Caller, payment_id: str, amount: dict[str, Any] | None = None) -> dict[str, Any]:
    """Take what is held, or ``amount`` of it; what is not taken is let go and due again on the bill.

    The same once more changes nothing. Raises PaymentNotHeld, CaptureNotPossible or CurrencyMismatch.
    """
    payment = _seen(till, caller, payment_id)
    wanted = _wanted(till, payment, amount)
    if payment["status"] == "captured" and payment["captured_minor"] == wanted:
        return payment_view(payment)
    payment = _decided(till, caller, payment, wanted)
    if payment["status"] == "failed":
        raise PaymentNotHeld(status=payment["status"])
    return payment_view(payment)


def void(till: Till, caller: Caller, payment_id: str) -> dict[str, Any]:
    """Let go of what is held; the same once more changes nothing. Raises PaymentNotHeld."""
    payment = _seen(till, caller, payment_id)
    if payment["status"] == "failed" and payment["to_capture_minor"] == 0:
        return payment_view(payment)
    payment = _decided(till, caller, payment, 0)
    if payment["status"] == "captured":
        raise PaymentNotHeld(status=payment["status"])
    return payment_view(payment)


def _seen(till: Till, caller: Caller, payment_id: str) -> Payment:
    with till.db.read() as tx:
        return payments.seen_by(tx, caller, payment_id)


def _wanted(till: Till, payment: Payment, amount: dict[str, Any] | None) -> int:
    held, currency = payment["authorized_minor"], payment["currency"]
    if amount is None:
        return int(held)
    if amount["currency"] != currency:
        raise CurrencyMismatch(currency=currency)
    step = till.provider(payment["method"]).step(currency, 1)
    if payment["status"] == "authorized" and (not 0 < amount["amount"] <= held or amount["amount"] % step):
        raise CaptureNotPossible(max=money(held, currency), step=step)
    return int(amount["amount"])


def _decided(till: Till, caller: Caller, payment: Payment, amount: int) -> Payment:
    """Decide what to take, 0 for nothing, and carry it out; raises PaymentNotHeld where it is decided otherwise."""
    if payment["status"] != "authorized":
        raise PaymentNotHeld(status=payment["status"])
    decision = {
        "id": payment["id"],
        "amount": amount,
        "actor": caller.id,
        "details": orjson.dumps({"to_capture": amount}).decode(),
        "lease": till.terms.lease,
    }
    with till.db.single() as tx:
        won = tx.execute(_DECIDE, decision).scalar_one()
    if not won:
        with till.db.read() as tx:
            payment = payments.read(tx, payment["id"]) or payment
        if payment["to_capture_minor"] != amount:
            raise PaymentNotHeld(status=payment["status"])
    return _carried_out(till, caller, {**payment, "to_capture_minor": amount})


def _carried_out(till: Till, caller: Caller, payment: Payment) -> Payment:
    if not payments.is_pending(payment):
        return payment
    me = new_run_id()
    payment, bill = book(till, payment, ask(till, payment), me, caller.id)
    if bill["lease_owner"] == me:
        carry_on(Run(till, bill, me, caller.id, payment=payment))
    return payment
