"""A payment on a bill that is open: what it takes on is set aside first, then its provider is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import bills, payments, shares, splitting
from ordering_platform.payment.collecting import ask, book
from ordering_platform.payment.errors import BillClosed, CurrencyMismatch, TipTooLarge
from ordering_platform.payment.idempotency import check_same, claim, refusal, replay, route_of
from ordering_platform.payment.pricing import rounding
from ordering_platform.payment.runs import Run, age, new_run_id
from ordering_platform.payment.saga import carry_on
from ordering_platform.payment.views import payment_view
from ordering_platform.runtime.errors import IdempotencyInProgress
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.replies import JSON, Reply, dump

if TYPE_CHECKING:
    from ordering_platform.payment.bills import Bill
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.request import Request

CREATED = 201


def pay(till: Till, request: Request, bill_id: str) -> Reply:
    """Pay an amount of a bill, some of its equal parts, chosen lines of it, or all that is due.

    Raises NothingDue, AmountOverDue, ShareTaken, SplitDiffers, LineNotOnBill, NothingToPay or BillClosed with
    nothing kept, and PaymentDeclined.
    """
    till.chosen(request.body)
    payment = _set_aside(till, request, bill_id)
    if payment is None:
        return _repeat(till, request)
    if till.provider(payment["method"]).kind == "online":
        me = new_run_id()
        outcome = ask(till, payment, fresh=True)
        payment, bill = book(till, payment, outcome, me, request.caller.id)
        if bill["lease_owner"] == me:
            carry_on(Run(till, bill, me, request.caller.id, payment=payment))
    return _answer(till, payment)


def _set_aside(till: Till, request: Request, bill_id: str) -> Payment | None:
    """Make the payment together with what it takes on of the bill, or give None where its key has been used.

    A refusal leaves nothing behind.
    """
    with till.db.transaction() as tx:
        # Whoever pays on a bill waits here for the others: what is free is decided by one after the other.
        bill = bills.seen_by(tx, request.caller, bill_id, hold=True)
        is_known, held = shares.look(tx, bill_id, claim(request))
        if is_known:
            return None
        if bill["status"] != "paying":
            raise BillClosed(status=bill["status"])
        wanted = splitting.claim(bill, held, request.body)
        return shares.set_aside(tx, _new_payment(till, request, bill, wanted.minor), wanted, till.terms.lease)


def _new_payment(till: Till, request: Request, bill: Bill, minor: int) -> dict[str, Any]:
    body = request.body
    tip = _tip(body.get("tip"), bill)
    return {
        "id": new_id("pay"),
        "bill_id": bill["id"],
        "venue_id": bill["venue_id"],
        "session_id": bill["session_id"],
        "method": body["method"],
        **claim(request),
        "currency": bill["currency"],
        "amount_minor": minor,
        "tip_minor": tip,
        "rounding_minor": rounding(minor + tip, till.step(body["method"], bill)),
        "card": body.get("card"),
        "capture_later": body.get("capture") == "later",
    }


def _tip(money: dict[str, Any] | None, bill: Bill) -> int:
    if money is None:
        return 0
    if money["currency"] != bill["currency"]:
        raise CurrencyMismatch(currency=bill["currency"])
    tip = int(money["amount"])
    if tip > bill["quote"]["subtotal"]["amount"]:
        raise TipTooLarge
    return tip


def _repeat(till: Till, request: Request) -> Reply:
    with till.db.read() as tx:
        payment = payments.of_key(tx, request.caller.id, route_of(request), str(request.idempotency_key))
    if payment is None:
        # Its key has just gone free; the next repeat starts anew.
        raise IdempotencyInProgress
    check_same(payment, request)
    if payment["answer"] is not None or (payment["failure"] and payment["failure"]["kept"]):
        return replay(payment, request)
    if payment["status"] == "processing" and age(payment) < till.terms.lease:
        raise IdempotencyInProgress
    return _answer(till, payment)


def _answer(till: Till, payment: Payment) -> Reply:
    if payment["failure"]:
        if not payment["failure"]["kept"]:
            with till.db.single() as tx:
                payments.free_key(tx, payment["id"])
        raise refusal(payment["failure"])
    with till.db.single() as tx:
        kept = payments.keep_answer(tx, payment["id"], dump(payment_view(payment)))
    return Reply(CREATED, [("Content-Type", JSON)], kept)
