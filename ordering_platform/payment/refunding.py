"""Giving money back: what staff ask for is decided, set aside under its key, and asked of the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ordering_platform.payment import bills, giving_back, payments, refund_ledger, refunds
from ordering_platform.payment.arrows import arrow
from ordering_platform.payment.errors import BillStillOpen, PaymentNotCaptured, RefundNeedsManager
from ordering_platform.payment.idempotency import check_same, claim, refusal, replay, route_of
from ordering_platform.payment.refund_runs import Giving, carry_on, resume
from ordering_platform.payment.runs import new_run_id
from ordering_platform.payment.views import refund_view
from ordering_platform.runtime import paging
from ordering_platform.runtime.errors import IdempotencyInProgress
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.money import money
from ordering_platform.runtime.replies import JSON, Reply, dump

if TYPE_CHECKING:
    from ordering_platform.payment.giving_back import GivenBack
    from ordering_platform.payment.payments import Payment
    from ordering_platform.payment.refunds import Refund
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.identity import Caller
    from ordering_platform.runtime.request import Request

CREATED = 201
# How often one who asks is decided anew because others were quicker.
TRIES: Final = 5


def give_back(till: Till, request: Request, payment_id: str) -> Reply:
    """Give back all that is left of a payment, an amount, or lines of its bill.

    Raises with nothing kept what ``giving_back.decide`` refuses, RefundNeedsManager, PaymentNotCaptured and
    BillStillOpen; RefundFailed where the provider has refused.
    """
    with till.db.read() as tx:
        payment = payments.seen_by(tx, request.caller, payment_id)
        known = refunds.of_key(tx, request.caller.id, route_of(request), str(request.idempotency_key))
    if known is not None:
        return _repeat(till, request, known)
    # Before anything is set aside: a way to pay that was switched off gives nothing back.
    till.provider(payment["method"])
    me = new_run_id()
    run = Giving(till, _set_aside(till, request, payment, me), payment, me, request.caller.id)
    arrow("refund opened")
    carry_on(run)
    return _answer(till, run.refund)


def _set_aside(till: Till, request: Request, payment: Payment, me: str) -> Refund:
    row = {
        "id": new_id("ref"),
        "payment_id": payment["id"],
        "reason": request.body["reason"],
        **claim(request),
    }
    limit = None if request.caller.has("manager") else till.terms.refund_limit
    for _ in range(TRIES):
        given = _decided(till, request, payment["id"])
        with till.db.single() as tx:
            made = refund_ledger.set_aside(tx, row, given, me, lease=till.terms.lease, limit=limit)
        if made is not None:
            return made
    raise IdempotencyInProgress


def _decided(till: Till, request: Request, payment_id: str) -> GivenBack:
    with till.db.read() as tx:
        payment = payments.seen_by(tx, request.caller, payment_id)
        bill = bills.read(tx, payment["bill_id"])
        gone = refunds.lines_gone(tx, bill["id"]) if "lines" in request.body else {}
    if payment["status"] != "captured":
        raise PaymentNotCaptured(status=payment["status"])
    lines = [_line(line, gone) for line in bill["quote"]["lines"]]
    step = till.step(payment["method"], bill)
    given = giving_back.decide(request.body, giving_back.left_of(payment), lines, step)
    if bill["status"] == "paying" and given.amount != payment["captured_minor"]:
        raise BillStillOpen
    _check_limit(till, request.caller, payment, given)
    return given


def _line(line: dict[str, Any], gone: dict[str, Any]) -> giving_back.Line:
    row = gone.get(line["line_id"])
    so_far = (row.refunded_minor, row.refunded_quantity) if row else (0, 0)
    return giving_back.Line(line["line_id"], line["total"]["amount"], line["quantity"], *so_far)


def _check_limit(till: Till, caller: Caller, payment: Payment, given: GivenBack) -> None:
    limit = till.terms.refund_limit
    # All refunds of a payment together: small steps must not lead around the limit.
    gone = payment["refunded_minor"] + payment["refund_pending_minor"]
    if gone + given.amount > limit and not caller.has("manager"):
        raise RefundNeedsManager(limit=money(limit, payment["currency"]))


def _repeat(till: Till, request: Request, refund: Refund) -> Reply:
    check_same(refund, request)
    if refund["answer"] is not None or (refund["failure"] and refund["failure"]["kept"]):
        return replay(refund, request)
    me = new_run_id()
    with till.db.single() as tx:
        taken = refunds.take(tx, refund["id"], me, till.terms.lease)
    if taken is not None:
        refund = resume(till, taken, me, request.caller.id)
    elif refund["status"] == "processing":
        raise IdempotencyInProgress
    return _answer(till, refund)


def _answer(till: Till, refund: Refund) -> Reply:
    if refund["failure"]:
        if not refund["failure"]["kept"]:
            with till.db.single() as tx:
                refunds.free_key(tx, refund["id"])
        raise refusal(refund["failure"])
    with till.db.single() as tx:
        kept = refunds.keep_answer(tx, refund["id"], dump(refund_view(refund)))
    return Reply(CREATED, [("Content-Type", JSON)], kept)


def show_refund(till: Till, caller: Caller, refund_id: str) -> dict[str, Any]:
    """Show a refund to staff of its venue; raises RefundNotFound."""
    with till.db.read() as tx:
        return refund_view(refunds.seen_by(tx, caller, refund_id))


def list_refunds(till: Till, caller: Caller, payment_id: str, query: dict[str, Any]) -> dict[str, Any]:
    """List the refunds of a payment, newest first; raises PaymentNotFound or InvalidParameter."""
    after = query.get("after")
    before = paging.uncursor(after, (str,))[0] if after else None
    with till.db.read() as tx:
        payments.seen_by(tx, caller, payment_id)
        found = refunds.of_payment(tx, payment_id, query["limit"] + 1, before)
    page = paging.page(found, query["limit"], lambda refund: [refund["id"]])
    return {**page, "data": [refund_view(refund) for refund in page["data"]]}
