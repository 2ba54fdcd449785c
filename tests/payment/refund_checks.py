"""What must hold of refunds at every moment and at the end, by our rows and by the sandbox's own books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment import models, webhooks
from ordering_platform.runtime.identity import NOBODY, Caller
from ordering_platform.runtime.request import Request

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant

MANAGER = Caller("staff", id="usr_manager", venue="ven_1", roles=frozenset({"waiter", "cashier", "manager"}))
BACK = ("succeeded", "completed")


def eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def send_notice(restaurant: Restaurant, refund_id: str) -> None:
    """Let the sandbox send a signed message about a refund."""
    headers, body = restaurant.sandbox().webhook(None, "refund.updated", refund_id=refund_id)
    request = Request("POST", "/", "/", headers, NOBODY, None, {}, body, None, "req", "127.0.0.1", {})
    webhooks.receive(restaurant.till, "sandbox", request)


def let_banks_work(restaurant: Restaurant) -> None:
    """Let the time come for what the sandbox does with a refund later."""
    books = models.sandbox_refunds
    waiting = books.c.settles_at.is_not(None)
    restaurant.execute(sa.update(books).where(waiting).values(settles_at=sa.func.now()))


def let_time_pass(restaurant: Restaurant) -> None:
    """Let the sandbox do what it does later, and every lease and pause be over."""
    let_banks_work(restaurant)
    inbox = models.webhook_inbox
    waiting = inbox.c.next_try_at.is_not(None)
    restaurant.execute(sa.update(inbox).where(waiting).values(next_try_at=sa.func.now()))
    restaurant.make_due()
    restaurant.sweep()
    webhooks.retry(restaurant.till)


def counted(restaurant: Restaurant) -> None:
    """The counters of each payment and line are the sums of their refunds, and the sandbox has given the same."""
    refunds = restaurant.rows(models.refunds)
    for payment in restaurant.rows(models.payments):
        mine = [one for one in refunds if one["payment_id"] == payment["id"]]
        sums = [
            sum(one["amount_minor"] for one in mine if one["status"] in BACK),
            sum(one["amount_minor"] for one in mine if one["status"] in {"processing", "unknown"}),
            sum(one["tip_minor"] for one in mine if one["status"] != "failed"),
        ]
        names = ("refunded_minor", "refund_pending_minor", "tip_refunded_minor")
        assert [payment[name] for name in names] == sums
        assert sums[0] + sums[1] <= payment["captured_minor"]
    for line in restaurant.rows(models.refunded_lines):
        parts = [
            part
            for one in refunds
            if one["bill_id"] == line["bill_id"] and one["status"] != "failed"
            for part in one["lines"]
            if part["line_id"] == line["line_id"]
        ]
        assert line["refunded_minor"] == sum(part["amount_minor"] for part in parts)
        assert line["refunded_quantity"] == sum(part["quantity"] for part in parts)


def given_once(restaurant: Restaurant) -> None:
    """The sandbox has given back exactly what we believe, refund by refund."""
    cards = {one["id"] for one in restaurant.rows(models.payments) if one["method"] == "sandbox"}
    ours = {
        one["id"]: one["amount_minor"]
        for one in restaurant.rows(models.refunds)
        if one["status"] in BACK and one["payment_id"] in cards
    }
    books = restaurant.rows(models.sandbox_refunds)
    assert ours == {one["id"]: one["amount_minor"] for one in books if one["status"] == "succeeded"}


def ended(restaurant: Restaurant) -> None:
    """Nothing is under way any more, and everybody knows how it ended."""
    counted(restaurant)
    given_once(restaurant)
    for refund in restaurant.rows(models.refunds):
        assert refund["status"] in {"completed", "failed"}
        assert (refund["lease_owner"], refund["next_run_at"]) == (None, None)
    for bill in restaurant.rows(models.bills):
        if bill["status"] != "completed":
            continue
        mine = [one for one in restaurant.rows(models.payments) if one["bill_id"] == bill["id"]]
        paid = [one for one in mine if not one["off_bill"]]
        captured, back = (sum(one[name] for one in paid) for name in ("captured_minor", "refunded_minor"))
        status = "paid" if not back else "refunded" if back == captured else "partially_refunded"
        assert restaurant.orders.refund_status(bill["id"]) == status
        if status == "refunded" and bill["promotions"] == "reserved":
            assert restaurant.promotions.state[bill["id"]] == "reversed"
