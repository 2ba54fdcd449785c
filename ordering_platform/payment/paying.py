"""A further payment on a bill that is open: its amount is set aside first, then its provider is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import bills, payments
from ordering_platform.payment.collecting import ask, book
from ordering_platform.payment.errors import AmountOverDue, BillClosed, CurrencyMismatch, NothingDue, TipTooLarge
from ordering_platform.payment.idempotency import check_same, claim, refusal, replay, route_of
from ordering_platform.payment.pricing import rounding
from ordering_platform.payment.runs import Run, age, new_run_id
from ordering_platform.payment.saga import carry_on
from ordering_platform.payment.views import payment_view
from ordering_platform.runtime.errors import DomainError, IdempotencyInProgress
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.replies import JSON, Reply, dump

if TYPE_CHECKING:
    from ordering_platform.payment.bills import Bill
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.request import Request

CREATED = 201


def pay(till: Till, request: Request, bill_id: str) -> Reply:
    """Pay an amount of a bill, or all that is due.

    Raises NothingDue, AmountOverDue or BillClosed with nothing kept, and PaymentDeclined.
    """
    till.offered(request.body["method"]).check(request.body.get("card"))
    with till.db.read() as tx:
        bill = bills.seen_by(tx, request.caller, bill_id)
        known = payments.of_key(tx, request.caller.id, route_of(request), str(request.idempotency_key))
    if known is not None:
        return _repeat(till, request, known)
    row = _new_payment(till, request, bill)
    with till.db.transaction() as tx:
        payment = payments.make(tx, row, request.caller.id)
        if payment is None:
            raise IdempotencyInProgress
        if not bills.reserve(tx, bill_id, row["amount_minor"], till.terms.lease):
            raise _why_not(bills.read(tx, bill_id))
    if till.provider(payment["method"]).kind == "online":
        me = new_run_id()
        outcome = ask(till, payment, fresh=True)
        payment, bill = book(till, payment, outcome, me, request.caller.id)
        if bill["lease_owner"] == me:
            carry_on(Run(till, bill, me, request.caller.id, payment=payment))
    return _answer(till, payment)


def _new_payment(till: Till, request: Request, bill: Bill) -> dict[str, Any]:
    body = request.body
    due = bill["total_minor"] - bill["paid_minor"] - bill["pending_minor"]
    if bill["status"] != "paying" or not due:
        raise _why_not(bill)
    amount, tip = _minor(body.get("amount"), bill, due), _tip(body.get("tip"), bill)
    return {
        "id": new_id("pay"),
        "bill_id": bill["id"],
        "venue_id": bill["venue_id"],
        "session_id": bill["session_id"],
        "method": body["method"],
        "status": "processing",
        **claim(request),
        "currency": bill["currency"],
        "amount_minor": amount,
        "tip_minor": tip,
        "rounding_minor": rounding(amount + tip, till.step(body["method"], bill)),
        "card": body.get("card"),
    }


def _minor(money: dict[str, Any] | None, bill: Bill, default: int) -> int:
    if money is None:
        return default
    if money["currency"] != bill["currency"]:
        raise CurrencyMismatch(currency=bill["currency"])
    return int(money["amount"])


def _tip(money: dict[str, Any] | None, bill: Bill) -> int:
    tip = _minor(money, bill, 0)
    if tip > bill["quote"]["subtotal"]["amount"]:
        raise TipTooLarge
    return tip


def _why_not(bill: Bill) -> DomainError:
    if bill["status"] != "paying":
        return BillClosed(status=bill["status"])
    due = bill["total_minor"] - bill["paid_minor"] - bill["pending_minor"]
    return AmountOverDue(due={"amount": due, "currency": bill["currency"]}) if due else NothingDue()


def _repeat(till: Till, request: Request, payment: Payment) -> Reply:
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
