"""Checkout: one call that opens a bill and pays it; what is told once under a key is told again to every repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import bills, ledger
from ordering_platform.payment.arrows import arrow
from ordering_platform.payment.idempotency import check_same, claim, refusal, replay, route_of
from ordering_platform.payment.quoting import goes_on_without, offer, question
from ordering_platform.payment.runs import Run, new_run_id
from ordering_platform.payment.saga import drive
from ordering_platform.runtime.errors import DomainError, IdempotencyInProgress
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.replies import JSON, Reply

if TYPE_CHECKING:
    from ordering_platform.payment.till import Till
    from ordering_platform.runtime.request import Request

CREATED = 201


def open_bill(till: Till, request: Request) -> Reply:
    """Open a bill for orders and, where a method is named, pay it whole.

    Raises what order-service, promotion-service or the provider refuse, and IdempotencyInProgress while the
    first request with this key is still under way.
    """
    body = request.body
    if body.get("method"):
        till.chosen(body)
    me = new_run_id()
    with till.db.single() as tx:
        bill = ledger.open_bill(tx, _new_bill(request), me, till.terms.lease)
    if bill is None:
        return _repeat(till, request, me)
    arrow("opened")
    return _driven(Run(till, bill, me, request.caller.id))


def codes_of(body: dict[str, Any]) -> list[str]:
    """Give the promotion codes of a request, however many it names."""
    return [*body.get("codes", []), *([body["code"]] if body.get("code") else [])]


def quote(till: Till, request: Request) -> dict[str, Any]:
    """Price orders without locking or reserving anything; the checkout of the same moment has the same total."""
    caller, body = request.caller, request.body
    if method := body.get("method"):
        till.offered(method)
    guest_id = caller.id if caller.is_guest else None
    found = till.order.read_for_bill(
        venue_id=caller.venue,
        session_id=caller.session or None,
        order_ids=body.get("order_ids", []),
        guest_id=guest_id,
    )
    codes = codes_of(body)
    try:
        answer = till.promotion.evaluate(**question(found, caller.venue, codes, guest_id))
    except DomainError as fault:
        if not goes_on_without(fault, codes):
            raise
        answer = None
    return offer(found, body.get("tip"), answer, till.step(body.get("method"), found)).as_json()


def _new_bill(request: Request) -> dict[str, Any]:
    caller, body = request.caller, request.body
    return {
        "id": new_id("bil"),
        "venue_id": caller.venue,
        "session_id": caller.session or None,
        "guest_id": caller.id if caller.is_guest else None,
        "order_ids": body.get("order_ids", []),
        "request": {
            "codes": codes_of(body),
            "method": body.get("method"),
            "card": body.get("card"),
            "capture_later": body.get("capture") == "later",
            "tip": body.get("tip"),
            "expected_total": body.get("expected_total"),
            "order_versions": body.get("order_versions"),
        },
        **claim(request),
    }


def _driven(run: Run) -> Reply:
    try:
        drive(run)
    except bills.LeaseLost:
        raise IdempotencyInProgress from None
    if run.bill["answer"] is None:
        raise refusal(run.bill["failure"]) if run.bill["failure"] else IdempotencyInProgress()
    return Reply(CREATED, [("Content-Type", JSON)], bytes(run.bill["answer"]))


def _repeat(till: Till, request: Request, me: str) -> Reply:
    """Answer a key that has been used: the first answer again, or drive on what a dead driver has left."""
    with till.db.read() as tx:
        bill = bills.of_key(tx, request.caller.id, route_of(request), str(request.idempotency_key))
    if bill is None:
        # Its key has just gone free; the next repeat starts anew.
        raise IdempotencyInProgress
    check_same(bill, request)
    if bill["answer"] is not None or (bill["failure"] and bill["failure"]["kept"]):
        return replay(bill, request)
    with till.db.single() as tx:
        bill = bills.take(tx, bill["id"], me, till.terms.lease)
    if bill is None:
        raise IdempotencyInProgress
    return _driven(Run(till, bill, me, request.caller.id))
