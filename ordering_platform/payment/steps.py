"""The steps of a bill, one for each stage: ask one thing outside any transaction, then move by a guarded statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment import bills, ledger, payments, views
from ordering_platform.payment.arrows import called
from ordering_platform.payment.errors import PaymentExpired
from ordering_platform.payment.quoting import agree, goes_on_without, offer, question
from ordering_platform.payment.runs import RESUME_FOR, Run, give_up, log, rest
from ordering_platform.runtime.errors import DomainError, ServiceUnavailable
from ordering_platform.runtime.ids import new_code, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.quoting import Offer


def lock(run: Run) -> None:
    """From created to locked: order-service keeps the orders as they are for this bill, all or none."""
    bill = run.bill
    # What an earlier driver may have asked promotion-service has to be taken back as well.
    run.promotions = "none" if bill["attempts"] == 0 else "skipped"
    if run.age > RESUME_FOR:
        give_up(run, PaymentExpired())
        return
    try:
        run.locked = called(
            "order.lock_for_bill",
            run.till.order.lock_for_bill,
            bill_id=bill["id"],
            venue_id=bill["venue_id"],
            session_id=bill["session_id"],
            order_ids=bill["order_ids"],
            guest_id=bill["guest_id"],
            expected_versions=bill["request"].get("order_versions"),
        )
    except DomainError as fault:
        give_up(run, fault)
        return
    run.stage = "locked"


def price(run: Run) -> None:
    """From locked to priced: promotion-service reserves the uses, and the quote is made, once.

    A code while promotion-service is away refuses the checkout; without one the bill goes on at the price
    without automatic promotions and says so, and what may have been reserved is released at the end.
    """
    bill = run.bill
    codes = bill["request"]["codes"]
    asked = question(run.locked, bill["venue_id"], codes, bill["guest_id"])
    answer = None
    run.promotions = "skipped"
    try:
        answer = called("promotion.apply", run.till.promotion.apply, bill_id=bill["id"], **asked)
        run.promotions = "reserved" if answer["applied"] else "none"
    except DomainError as fault:
        if not goes_on_without(fault, codes):
            give_up(run, fault)
            return
        if fault.code == ServiceUnavailable.code:
            # It was never queued, so nothing can have been reserved.
            run.promotions = "none"
        log.warning("bill %s goes on without automatic promotions: %s", bill["id"], fault.code)
    try:
        run.offer = offer(
            run.locked, bill["request"]["tip"], answer, run.till.step(bill["request"]["method"], run.locked)
        )
        agree(run.offer, bill["request"]["expected_total"])
    except DomainError as fault:
        give_up(run, fault)
        return
    run.stage = "priced"


def start(run: Run) -> None:
    """From priced to paying: quote and payment are committed before any provider hears of them.

    A total of nothing is captured on the spot, without a provider. A payment at the counter rests here, as
    does a bill that is to be paid by payments of its own.
    """
    made = run.offer
    if made is None:
        raise AssertionError("a bill is priced before it is paid")
    terms, was, method = run.till.terms, run.bill["status"], run.bill["request"]["method"]
    run.payment = _first_payment(run, made, method) if method else None
    run.bill = {**run.bill, **_priced(run, made)}
    kind = run.till.provider(method).kind if method else None
    if run.bill["status"] == "paying" and kind != "online":
        run.resting = True
        run.bill |= {"lease_owner": None, "answer": views.answer(run.bill, run.payment)}
    with run.till.db.single() as tx:
        ledger.set_up(
            tx,
            run.bill,
            run.payment,
            [_record(one) for one in made.answer["applied"]],
            was=was,
            me=run.me,
            actor=run.actor,
            lease=terms.lease,
            rest=terms.counter_expiry if kind else terms.online_expiry,
        )
    run.stage = run.bill["status"]


def _priced(run: Run, made: Offer) -> dict[str, Any]:
    locked, method = run.locked, run.bill["request"]["method"]
    return {
        "status": "captured" if method and made.quote.total == 0 else "paying",
        "session_id": locked["session_id"],
        "table_id": locked["table_id"],
        "table_name": locked["table_name"],
        "order_ids": [order["id"] for order in locked["orders"]],
        "currency": locked["currency"],
        "digits": locked["currency_digits"],
        "venue": locked["venue"],
        "receipt_secret": new_code(128),
        "quote": made.as_json(),
        "quote_hash": made.quote.digest(),
        "total_minor": made.goods,
        "pending_minor": made.goods if method else 0,
        "promotions": run.promotions,
        "rehearsal": locked["rehearsal"],
    }


def _first_payment(run: Run, made: Offer, method: str) -> Payment:
    free = made.quote.total == 0
    now = run.bill["seen_at"]
    return {
        "id": new_id("pay"),
        "bill_id": run.bill["id"],
        "method": method,
        "status": "captured" if free else "processing",
        "currency": run.locked["currency"],
        "amount_minor": made.goods,
        "tip_minor": made.quote.tip,
        "rounding_minor": made.quote.rounding,
        "authorized_minor": 0,
        "captured_minor": 0,
        "refunded_minor": 0,
        "capture_later": run.bill["request"].get("capture_later", False),
        "to_capture_minor": None,
        "refund_pending_minor": 0,
        "card": run.bill["request"]["card"],
        "reference": None,
        "next_action": None,
        "failure": None,
        "created_at": now,
        "seen_at": now,
        "captured_at": now if free else None,
    }


def _record(applied: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a promotion took off which line, in the words of the discount record."""
    return {
        **{name: applied[name] for name in ("promotion_id", "version", "name", "code", "stage")},
        "amount": applied["discount_minor"],
        "shares": {line["line_id"]: line["discount_minor"] for line in applied["lines"]},
    }


def settle(run: Run) -> None:
    """From captured to completed: the orders are paid and the uses confirmed; repeated until both have answered."""
    bill, till = run.bill, run.till
    if run.payment is None:
        with till.db.read() as tx:
            captured = [one for one in payments.of_bills(tx, [bill["id"]]) if one["status"] == "captured"]
        run.payment = captured[0]
    try:
        called(
            "order.mark_paid",
            till.order.mark_paid,
            bill_id=bill["id"],
            payment_status="paid",
            payment_id=run.payment["id"],
            paid_minor=bill["total_minor"],
        )
        if bill["promotions"] == "reserved":
            called("promotion.confirm", till.promotion.confirm, bill_id=bill["id"])
        elif bill["promotions"] == "skipped":
            called("promotion.release", till.promotion.release, bill_id=bill["id"])
    except DomainError as fault:
        log.warning("bill %s is paid, but not settled yet: %s", bill["id"], fault.code)
        rest(run, run.pause)
        return
    run.bill = {**bill, "status": "completed", "completed_at": bill["seen_at"], "lease_owner": None}
    if bill["answer"] is None:
        run.bill["answer"] = views.answer(run.bill, run.payment)
    with till.db.single() as tx:
        ledger.complete(tx, run.bill, run.me, run.bill["answer"])
    run.stage = "completed"


def undo(run: Run) -> None:
    """From compensating to failed: uses released, orders unlocked; both leave a mark that stops late messages.

    The orders are unlocked even while promotion-service is away: guests must be able to go on.
    """
    bill, till = run.bill, run.till
    asked = [("order.unlock", till.order.unlock)]
    if bill["promotions"] != "none":
        asked.insert(0, ("promotion.release", till.promotion.release))
    undone = True
    for name, call in asked:
        try:
            called(name, call, bill_id=bill["id"])
        except DomainError as fault:
            log.warning("bill %s is not undone yet: %s answered %s", bill["id"], name, fault.code)
            undone = False
    if not undone:
        rest(run, run.pause)
        return
    values: dict[str, Any] = {
        "status": "failed",
        "completed_at": sa.func.now(),
        "lease_owner": None,
        "next_run_at": None,
    }
    if not bill["failure"]["kept"]:
        # The key goes free, so that a repeat starts anew with a bill of its own.
        values["key"] = None
    with till.db.single() as tx:
        run.bill = bills.write(tx, bill, run.me, **values)
    run.stage = "failed"
