"""Asks providers for the money of a bill: the same key while young, later only look-ups, at last a cancellation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ordering_platform.payment import bills, ledger, payments
from ordering_platform.payment.arrows import called
from ordering_platform.payment.errors import (
    PaymentCancelled,
    PaymentDeclined,
    PaymentExpired,
    ProviderUnavailable,
)
from ordering_platform.payment.idempotency import failure_of
from ordering_platform.payment.providers import Charge, Outcome, Provider, ProviderSilent
from ordering_platform.payment.runs import RESUME_FOR, Run, age, give_up, log, rest
from ordering_platform.payment.telling import tell

if TYPE_CHECKING:
    from ordering_platform.payment.bills import Bill
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.errors import DomainError

ENDED = ("captured", "failed")
# Seconds between two looks at money that is held while nobody has decided about it.
HELD_PAUSE = 600.0


def collect(run: Run) -> None:
    """From paying to captured or compensating; rests while a provider, a guest or the staff take their time."""
    pending = []
    for payment in _pending(run):
        now = payment
        if not _waits_for_staff(run.till, payment):
            outcome = ask(run.till, payment, fresh=run.bill["attempts"] == 0)
            now, run.bill = book(run.till, payment, outcome, run.me, run.actor)
            run.payment, run.stage = now, run.bill["status"]
            if run.stage != "paying":
                return
        if payments.is_pending(now):
            pending.append(now)
    if not pending and run.bill["paid_minor"] == 0 and run.age > run.till.terms.online_expiry:
        give_up(run, PaymentExpired())
        return
    told = tell(run)
    rest(run, _patience(run, pending) if told == run.bill["paid_minor"] else run.pause, told_minor=told)


def _pending(run: Run) -> list[Payment]:
    if run.payment is not None and payments.is_pending(run.payment):
        return [run.payment]
    with run.till.db.read() as tx:
        found = payments.of_bills(tx, [run.bill["id"]])
    if len(found) == 1:
        run.payment = found[0]
    return [payment for payment in found if payments.is_pending(payment)]


def _waits_for_staff(till: Till, payment: Payment) -> bool:
    expiry = till.terms.counter_expiry
    at_counter = till.provider(payment["method"]).kind == "counter"
    return at_counter and (expiry is None or age(payment) <= expiry)


def _patience(run: Run, pending: list[Payment]) -> float | None:
    """Say when to look again: soon for a provider, at its end for a wait, never where only people can go on."""
    terms = run.till.terms
    online = [one for one in pending if run.till.provider(one["method"]).kind == "online"]
    if online:
        return HELD_PAUSE if all(_is_undecided(payment) for payment in online) else run.pause
    expiry = terms.counter_expiry if pending else terms.online_expiry
    if expiry is None or run.bill["paid_minor"]:
        return None
    return max(expiry - min(map(age, pending or [run.bill])), 1.0)


def _is_undecided(payment: Payment) -> bool:
    return payment["status"] == "authorized" and payment["to_capture_minor"] is None


def ask(till: Till, payment: Payment, *, fresh: bool = False) -> Outcome:
    """Ask the provider what has become of a payment; silence is ``unknown``, never ``failed``."""
    provider = till.provider(payment["method"])
    try:
        outcome = _asked(till, provider, payment)
    except ProviderSilent:
        return checked(payment, Outcome("unknown"))
    except ProviderUnavailable:
        # Only of a first attempt is it certain that nothing was charged by an earlier one.
        if fresh and payment["status"] == "processing":
            return Outcome("failed", code=ProviderUnavailable.code)
        return checked(payment, Outcome("unknown"))
    return checked(payment, outcome)


def _asked(till: Till, provider: Provider, payment: Payment) -> Outcome:
    if payment["status"] == "authorized":
        return _asked_to_take(till, provider, payment)
    old = age(payment)
    online = provider.kind == "online"
    expiry = till.terms.online_expiry if online else till.terms.counter_expiry or 0
    if old > expiry:
        return cancelled(provider, payment, "expired")
    if payment["reference"] is None and old <= RESUME_FOR:
        charge = Charge(
            payment["id"],
            payments.charge_of(payment),
            payment["currency"],
            payment["card"] or {},
            payment["capture_later"],
        )
        created: Outcome = called("provider.create", provider.create, charge)
        return created
    found: Outcome | None = called("provider.look_up", provider.look_up, payment["id"], payment["reference"])
    # A charge that never arrived is cancelled by its key, so that it cannot arrive any more.
    return found or cancelled(provider, payment, "expired")


def _asked_to_take(till: Till, provider: Provider, payment: Payment) -> Outcome:
    """Do with money that is held what was decided; undecided, let it go when its time is up."""
    decided = payment["to_capture_minor"]
    if decided:
        key, reference = payment["id"], payment["reference"]
        captured: Outcome = called("provider.capture", provider.capture, key, decided, reference)
        return captured
    if decided is None and age(payment) <= till.terms.hold_expiry:
        found: Outcome | None = called("provider.look_up", provider.look_up, payment["id"], payment["reference"])
        return found or Outcome("unknown")
    return cancelled(provider, payment, "expired" if decided is None else "cancelled")


def cancelled(provider: Provider, payment: Payment, code: str) -> Outcome:
    """Make sure a payment is never charged, or learn that it has been; raises ProviderSilent."""
    outcome: Outcome = called("provider.cancel", provider.cancel, payment["id"], payment["reference"])
    return replace(outcome, code=code) if outcome.status == "failed" else outcome


def checked(payment: Payment, outcome: Outcome) -> Outcome:
    """Let a charge or a hold pass that is exactly what was asked; any other never counts and is left to people.

    Money that is held stays so until it is taken or let go, whatever cannot be learnt of it meanwhile.
    """
    held = payment["status"] == "authorized"
    amount = payments.taken_of(payment)["taken"] if outcome.status == "captured" else payments.charge_of(payment)
    asked = (amount, payment["currency"])
    if outcome.status in {"captured", "authorized"} and (outcome.amount, outcome.currency) != asked:
        log.error("payment %s: %s %s was charged, not %s", payment["id"], outcome.amount, outcome.currency, asked)
        return Outcome("authorized" if held else "unknown", reference=outcome.reference)
    if held and outcome.status not in ENDED:
        return replace(outcome, status="authorized")
    return outcome


def refusal_for(outcome: Outcome) -> DomainError:
    """Say to the guest why a payment has failed."""
    known = {"cancelled": PaymentCancelled, "expired": PaymentExpired, ProviderUnavailable.code: ProviderUnavailable}
    if outcome.code in known:
        return known[outcome.code]()
    return PaymentDeclined(reason=outcome.code)


def book(
    till: Till, payment: Payment, outcome: Outcome, me: str, actor: str, *, confirmed_by: str | None = None
) -> tuple[Payment, Bill]:
    """Keep what became of a payment and what follows for its bill; give both as they are now.

    Where somebody else (a webhook, the staff, another driver) has moved the payment first, theirs stands.
    """
    if outcome.status in ENDED:
        failure = failure_of(refusal_for(outcome)) if outcome.status == "failed" else None
        with till.db.single() as tx:
            ended = ledger.end(
                tx,
                payment,
                outcome,
                me=me,
                actor=actor,
                lease=till.terms.lease,
                failure=failure,
                confirmed_by=confirmed_by,
            )
        if ended is not None:
            return ended
    with till.db.transaction() as tx:
        moved = None if outcome.status in ENDED else payments.move(tx, payment, outcome, actor)
        return moved or payments.read(tx, payment["id"]) or payment, bills.read(tx, payment["bill_id"])
