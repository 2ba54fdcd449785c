"""Drives refunds: the provider is asked under the refund's id, then order and promotion hear of what has come of it.

A refund is committed, with its money set aside, before its provider hears of it; so whoever takes over from a
dead driver asks for the same refund again. As with bills, one lease at a time drives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment import payments, refund_ledger, refunds
from ordering_platform.payment.arrows import arrow, called
from ordering_platform.payment.bills import LeaseLost, in_seconds
from ordering_platform.payment.errors import ProviderUnavailable, RefundFailed
from ordering_platform.payment.idempotency import failure_of
from ordering_platform.payment.providers import ProviderSilent, RefundOutcome, Repayment
from ordering_platform.payment.runs import LONGEST_PAUSE, LONGEST_PAUSE_WHEN_OLD, OLD, RESUME_FOR, age, new_run_id
from ordering_platform.runtime import logs
from ordering_platform.runtime.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.refunds import Refund
    from ordering_platform.payment.till import Till

SWEEPER: Final = "sweeper"
AT_MOST: Final = 50

log = logs.get("payment.refunds")


@dataclass(slots=True)
class Giving:
    """A refund under way, and its payment."""

    till: Till
    refund: Refund
    payment: Payment
    me: str
    actor: str
    resting: bool = False


def drive(run: Giving) -> None:
    """Take step after step until the refund has ended or rests; raises LeaseLost when somebody else has taken it."""
    while not run.resting and run.refund["lease_owner"] == run.me:
        STEPS[run.refund["status"]](run)


def carry_on(run: Giving) -> None:
    """Drive a refund as far as it goes now; what stands in the way is logged and left to a later run."""
    try:
        drive(run)
    except LeaseLost:
        log.info("refund %s was taken over", run.refund["id"])
    except DomainError as fault:
        log.warning("refund %s could not go on: %s", run.refund["id"], fault.code)
    except Exception:  # the outermost boundary of a sweep: one broken refund must not stop the others
        log.exception("refund %s broke", run.refund["id"])


def sweep(till: Till) -> int:
    """Drive the refunds that are due, one after the other, and give their number."""
    for done in range(AT_MOST):
        me = new_run_id()
        with till.db.single() as tx:
            refund = refunds.take_due(tx, me, till.terms.lease)
        if refund is None:
            return done
        resume(till, refund, me, SWEEPER)
    return AT_MOST


def resume(till: Till, refund: Refund, me: str, actor: str) -> Refund:
    """Carry on with a refund whose lease ``me`` has taken; gives it as it is afterwards."""
    with till.db.read() as tx:
        payment = payments.read(tx, refund["payment_id"])
    if payment is None:
        raise AssertionError("a refund has a payment")
    run = Giving(till, refund, payment, me, actor)
    carry_on(run)
    return run.refund


def follow(till: Till, refund_id: str, provider_id: str) -> bool:
    """Look up what a provider's notice is about; False where there is nothing to go by yet. Raises ProviderSilent.

    A refund that was back may turn out to have failed; then its money may be given back again.
    """
    with till.db.read() as tx:
        refund = refunds.read(tx, refund_id)
        payment = payments.read(tx, refund["payment_id"]) if refund else None
    if refund is None or payment is None or payment["method"] != provider_id:
        return False
    if refund["status"] == "failed":
        return True
    provider = till.provider(payment["method"])
    found: RefundOutcome | None = called(
        "provider.look_up_refund", provider.look_up_refund, _repayment(refund, payment)
    )
    if found is None:
        return False
    if refund["settled_at"] is None or found.status == "failed":
        me = new_run_id()
        carry_on(Giving(till, book(till, refund, found, me, provider_id), payment, me, provider_id))
    return True


def _collect(run: Giving) -> None:
    """From processing to succeeded or failed; rests while the provider takes its time or is silent."""
    outcome = _ask(run)
    run.refund = book(run.till, run.refund, outcome, run.me, run.actor)
    if run.refund["status"] in {"processing", "unknown"}:
        _rest(run)


def _ask(run: Giving) -> RefundOutcome:
    provider, refund = run.till.provider(run.payment["method"]), run.refund
    repayment = _repayment(refund, run.payment)
    try:
        found: RefundOutcome | None = None
        if refund["reference"] is not None or age(refund) > RESUME_FOR:
            found = called("provider.look_up_refund", provider.look_up_refund, repayment)
        return found or called("provider.refund", provider.refund, repayment)
    except ProviderSilent:
        return RefundOutcome("unknown")
    except ProviderUnavailable:
        # Only of a first attempt is it certain that an earlier one has not arrived.
        fresh = refund["attempts"] == 0 and refund["status"] == "processing"
        return RefundOutcome("failed", code=ProviderUnavailable.code) if fresh else RefundOutcome("unknown")


def _repayment(refund: Refund, payment: Payment) -> Repayment:
    return Repayment(refund["id"], payment["id"], payment["reference"], refund["amount_minor"], refund["currency"])


def book(till: Till, refund: Refund, outcome: RefundOutcome, me: str, actor: str) -> Refund:
    """Keep what became of a refund, with its counters; gives it as it is now, also where somebody else moved it."""
    failure = failure_of(_refusal_for(outcome)) if outcome.status == "failed" else None
    with till.db.single() as tx:
        moved = refund_ledger.move(tx, refund, outcome, me=me, actor=actor, lease=till.terms.lease, failure=failure)
    if moved is None:
        with till.db.read() as tx:
            return refunds.read(tx, refund["id"]) or refund
    if moved["status"] == "failed" and moved["settled_at"] is not None:
        log.error("refund %s of payment %s was returned", moved["id"], moved["payment_id"])
    if moved["status"] != refund["status"]:
        arrow(f"refund {refund['status']}-{moved['status']}")
    return moved


def _refusal_for(outcome: RefundOutcome) -> DomainError:
    if outcome.code == ProviderUnavailable.code:
        return ProviderUnavailable()
    return RefundFailed(reason=outcome.code)


def _tell(run: Giving) -> None:
    """Let order and promotion know where the bill stands now; repeated until both have answered."""
    till, bill_id = run.till, run.refund["bill_id"]
    with till.db.read() as tx:
        bill = refunds.standing(tx, bill_id)
    if bill.status == "captured":
        # First comes what the bill itself has to tell them, that it is paid.
        _rest(run)
        return
    status = _status(bill)
    try:
        if status is not None:
            called(
                "order.mark_refunded",
                till.order.mark_refunded,
                bill_id=bill_id,
                payment_status=status,
                step=int(bill.step),
            )
        if status == "refunded" and bill.promotions == "reserved":
            called("promotion.reverse", till.promotion.reverse, bill_id=bill_id, reason="full_refund")
    except DomainError as fault:
        log.warning("refund %s is back, but not everybody knows: %s", run.refund["id"], fault.code)
        _rest(run)
        return
    _finish(run)


def _status(bill: Any) -> str | None:
    """Say what the orders of a bill are now, or None where they are as they were."""
    if bill.status != "completed":
        return "pending" if bill.status == "paying" and bill.paid_minor == 0 else None
    if bill.refunded == 0:
        return "paid"
    return "refunded" if bill.refunded == bill.captured else "partially_refunded"


def _finish(run: Giving) -> None:
    was = run.refund["status"]
    end = "completed" if was == "succeeded" else was
    with run.till.db.single() as tx:
        run.refund = refunds.write(tx, run.refund, run.me, status=end, lease_owner=None, next_run_at=None)
    if end != was:
        arrow(f"refund {was}-{end}")


def _rest(run: Giving) -> None:
    """Leave a refund alone for a while and let the lease go; longer each time."""
    longest = LONGEST_PAUSE if age(run.refund) < OLD else LONGEST_PAUSE_WHEN_OLD
    pause = min(2.0 ** min(run.refund["attempts"], 10), longest)
    with run.till.db.single() as tx:
        run.refund = refunds.write(tx, run.refund, run.me, lease_owner=None, next_run_at=in_seconds(pause))
    run.resting = True


# What is done with a refund under a lease; one that failed before it was back is never leased again.
STEPS: Final[dict[str, Callable[[Giving], None]]] = {
    "processing": _collect,
    "unknown": _collect,
    "succeeded": _tell,
    "failed": _tell,
}
