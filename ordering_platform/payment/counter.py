"""What people decide about a payment under way: staff confirm cash, card holders answer, bills are cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import bills, payments
from ordering_platform.payment.collecting import book, cancelled, checked
from ordering_platform.payment.errors import (
    BillClosed,
    BillInProgress,
    BillPartlyPaid,
    ChallengeNotPending,
    CounterPaymentPending,
    HeldPaymentPending,
    PaymentCancelled,
    PaymentNotAtCounter,
    PaymentNotPending,
    PaymentOfAnother,
)
from ordering_platform.payment.providers import Outcome, ProviderSilent
from ordering_platform.payment.reading import show_bill
from ordering_platform.payment.runs import Run, give_up, new_run_id
from ordering_platform.payment.saga import carry_on
from ordering_platform.payment.views import payment_view

if TYPE_CHECKING:
    from ordering_platform.payment.bills import Bill
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.identity import Caller


def confirm(till: Till, caller: Caller, payment_id: str, reference: str | None = None) -> dict[str, Any]:
    """Say that the money of a counter payment is there, by the terminal's ``reference``; a repeat changes nothing.

    Raises PaymentNotAtCounter or, for one that was cancelled, PaymentNotPending.
    """
    with till.db.read() as tx:
        payment = payments.seen_by(tx, caller, payment_id)
    if till.provider(payment["method"]).kind != "counter":
        raise PaymentNotAtCounter
    if payments.is_pending(payment):
        payment = _settled(till, payment, Outcome("captured", reference), caller, confirmed_by=caller.id)
    if payment["status"] != "captured":
        raise PaymentNotPending(status=payment["status"])
    return payment_view(payment)


def challenge(till: Till, caller: Caller, payment_id: str, *, approve: bool) -> dict[str, Any]:
    """Pass the card holder's answer on to the provider; raises ChallengeNotPending."""
    with till.db.read() as tx:
        payment = payments.seen_by(tx, caller, payment_id)
    if payment["status"] != "requires_action":
        raise ChallengeNotPending
    outcome = till.provider(payment["method"]).challenge(payment_id, approve=approve)
    return payment_view(_settled(till, payment, checked(payment, outcome), caller))


def _settled(
    till: Till, payment: Payment, outcome: Outcome, caller: Caller, *, confirmed_by: str | None = None
) -> Payment:
    me = new_run_id()
    payment, bill = book(till, payment, outcome, me, caller.id, confirmed_by=confirmed_by)
    if bill["lease_owner"] == me:
        carry_on(Run(till, bill, me, caller.id, payment=payment))
    return payment


def cancel_payment(till: Till, caller: Caller, payment_id: str) -> dict[str, Any]:
    """Give up one payment under way: its parts of the bill are free again. The same once more changes nothing.

    Raises PaymentNotPending, HeldPaymentPending, BillInProgress while its provider says nothing and, to guests,
    PaymentOfAnother and CounterPaymentPending.
    """
    with till.db.read() as tx:
        payment = payments.seen_by(tx, caller, payment_id)
    provider = till.provider(payment["method"])
    if caller.is_guest and payment["caller_id"] != caller.id:
        raise PaymentOfAnother
    if payment["status"] == "authorized":
        raise HeldPaymentPending
    if payments.is_pending(payment):
        if caller.is_guest and provider.kind == "counter":
            raise CounterPaymentPending
        payment = _settled(till, payment, _cancelled(till, payment), caller)
    if payment["status"] == "captured":
        raise PaymentNotPending(status=payment["status"])
    if payment["status"] != "failed":
        raise BillInProgress
    return payment_view(payment)


def _cancelled(till: Till, payment: Payment) -> Outcome:
    try:
        outcome = cancelled(till.provider(payment["method"]), payment, "cancelled")
    except ProviderSilent:
        outcome = Outcome("unknown")
    return checked(payment, outcome)


def cancel(till: Till, caller: Caller, bill_id: str) -> dict[str, Any]:
    """Give up a bill nobody has paid anything of: its orders are free again and its uses given back.

    Raises BillClosed, BillPartlyPaid, CounterPaymentPending (to guests) or BillInProgress.
    """
    with till.db.read() as tx:
        bill = bills.seen_by(tx, caller, bill_id)
        pending = [one for one in payments.of_bills(tx, [bill_id]) if payments.is_pending(one)]
    if bill["status"] not in {"compensating", "failed"}:
        _check_cancellable(till, caller, bill, pending)
        me = new_run_id()
        with till.db.single() as tx:
            taken = bills.take(tx, bill_id, me, till.terms.lease)
        if taken is None:
            raise BillInProgress
        _cancel_all(till, Run(till, taken, me, caller.id), pending)
    return show_bill(till, caller, bill_id)


def _check_cancellable(till: Till, caller: Caller, bill: Bill, pending: list[Payment]) -> None:
    if bill["status"] in {"captured", "completed"}:
        raise BillClosed(status=bill["status"])
    if bill["status"] != "paying":
        raise BillInProgress
    if bill["paid_minor"]:
        raise BillPartlyPaid
    if caller.is_guest and any(till.provider(one["method"]).kind == "counter" for one in pending):
        raise CounterPaymentPending
    if any(one["to_capture_minor"] is not None for one in pending):
        raise BillInProgress
    if caller.is_guest and any(one["status"] == "authorized" for one in pending):
        raise HeldPaymentPending


def _cancel_all(till: Till, run: Run, pending: list[Payment]) -> None:
    for payment in pending:
        _, run.bill = book(till, payment, _cancelled(till, payment), run.me, run.actor)
    run.stage = run.bill["status"]
    if run.stage == "paying" and run.bill["pending_minor"] == 0 and run.bill["paid_minor"] == 0:
        give_up(run, PaymentCancelled())
    carry_on(run)
    if run.stage in {"captured", "completed"}:
        # The money had moved already; the bill goes forward.
        raise BillClosed(status=run.stage)
    if run.stage == "paying":
        raise BillInProgress
