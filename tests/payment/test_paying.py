"""A bill that is paid by payments of its own: set aside first, never more than the bill."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import checkout, counter, models, paying, schemas
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.identity import Caller
from tests.payment.conftest import CASHIER, GUEST, Restaurant, at_once
from tests.payment.fakes import line

if TYPE_CHECKING:
    from ordering_platform.runtime.replies import Reply


def body(reply: Reply) -> Any:
    assert isinstance(reply.body, bytes)
    return json.loads(reply.body)


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def bill_id(restaurant: Restaurant) -> str:
    """Give a bill of 100.00 that nobody has paid anything of."""
    restaurant.orders.add("ord_1", line(gross=10_000))
    asked = restaurant.request({"order_ids": ["ord_1"]}, schema=schemas.NewBill, path="/v1/bills")
    told = body(checkout.open_bill(restaurant.till, asked))
    assert (told["status"], told["due"], told["payments"]) == ("paying", euros(10_000), [])
    return str(told["id"])


def pay(
    restaurant: Restaurant, bill_id: str, key: str | None = None, *, caller: Caller = GUEST, **fields: Any
) -> Reply:
    sent = {"method": "sandbox", **fields}
    if sent["method"] == "sandbox":
        sent.setdefault("card", {"token": "tok_approve"})
    asked = restaurant.request(
        sent,
        key=key,
        caller=caller,
        schema=schemas.NewPayment,
        path=f"/v1/bills/{bill_id}/payments",
        route="/v1/bills/<bill_id>/payments",
    )
    return paying.pay(restaurant.till, asked, bill_id)


def refused(restaurant: Restaurant, bill_id: str, key: str | None = None, **fields: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        pay(restaurant, bill_id, key, **fields)
    return caught.value


def test_one_payment_pays_all_that_is_due(restaurant: Restaurant, bill_id: str) -> None:
    told = body(pay(restaurant, bill_id))
    assert (told["status"], told["amount"]) == ("captured", euros(10_000))
    assert restaurant.bill["status"] == "completed"
    assert restaurant.orders.is_paid()


def test_three_payments_complete_it_with_the_last_cent(restaurant: Restaurant, bill_id: str) -> None:
    for amount in (3334, 3333):
        pay(restaurant, bill_id, amount=euros(amount))
        assert restaurant.bill["status"] == "paying"
        assert not restaurant.orders.is_paid()
    assert body(pay(restaurant, bill_id))["amount"] == euros(3333)
    assert restaurant.bill["status"] == "completed"
    assert sum(one["amount_minor"] for one in restaurant.charged) == 10_000


def test_cash_and_card_share_a_bill(restaurant: Restaurant, bill_id: str) -> None:
    cash = body(pay(restaurant, bill_id, method="cash", amount=euros(4000)))
    assert cash["status"] == "processing"
    pay(restaurant, bill_id)
    assert restaurant.bill["status"] == "paying"
    counter.confirm(restaurant.till, CASHIER, cash["id"])
    assert restaurant.bill["status"] == "completed"
    assert restaurant.bill["paid_minor"] == 10_000


def test_every_payment_brings_its_own_tip(restaurant: Restaurant, bill_id: str) -> None:
    pay(restaurant, bill_id, amount=euros(5000), tip=euros(500))
    pay(restaurant, bill_id)
    assert [one["amount_minor"] for one in restaurant.charged] == [5500, 5000]
    assert restaurant.bill["paid_minor"] == restaurant.bill["total_minor"] == 10_000


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": {"amount": 10_001, "currency": "EUR"}}, "amount_over_due"),
        ({"amount": {"amount": 1, "currency": "USD"}}, "currency_mismatch"),
        ({"tip": {"amount": 10_001, "currency": "EUR"}}, "tip_too_large"),
        ({"method": "free"}, "payment_method_unknown"),
    ],
)
def test_what_does_not_fit_sets_nothing_aside(
    restaurant: Restaurant, bill_id: str, fields: dict[str, Any], code: str
) -> None:
    assert refused(restaurant, bill_id, **fields).code == code
    assert restaurant.rows(models.payments) == []
    assert restaurant.bill["pending_minor"] == 0


def test_what_somebody_else_is_paying_is_not_due(restaurant: Restaurant, bill_id: str) -> None:
    pay(restaurant, bill_id, card={"token": "tok_3ds"})
    assert refused(restaurant, bill_id).code == "nothing_due"


def test_two_payers_of_the_last_share_at_once(restaurant: Restaurant, bill_id: str) -> None:
    pay(restaurant, bill_id, amount=euros(6667))
    answers = at_once(2, lambda _: pay(restaurant, bill_id, amount=euros(3333)))
    assert sorted(getattr(one, "code", "paid") for one in answers) in (
        ["nothing_due", "paid"],
        ["bill_closed", "paid"],
        ["amount_over_due", "paid"],
    )
    assert restaurant.bill["paid_minor"] == 10_000


def test_a_decline_leaves_the_bill_open_for_another_card(restaurant: Restaurant, bill_id: str) -> None:
    refusal = refused(restaurant, bill_id, "key-of-the-guest", card={"token": "tok_decline"})
    assert (refusal.status, refusal.code) == (402, "payment_declined")
    again = pay(restaurant, bill_id, "key-of-the-guest", card={"token": "tok_decline"})
    assert again.status == 402
    assert restaurant.bill["status"] == "paying"
    assert body(pay(restaurant, bill_id))["status"] == "captured"


def test_a_repeat_gets_the_same_bytes_and_pays_once(restaurant: Restaurant, bill_id: str) -> None:
    first = pay(restaurant, bill_id, "key-of-the-guest", amount=euros(100))
    again = pay(restaurant, bill_id, "key-of-the-guest", amount=euros(100))
    assert first.body == again.body
    assert refused(restaurant, bill_id, "key-of-the-guest", amount=euros(99)).code == "idempotency_key_reused"
    assert restaurant.bill["paid_minor"] == 100


def test_twenty_identical_payments_at_once_are_one(restaurant: Restaurant, bill_id: str) -> None:
    answers = at_once(20, lambda _: pay(restaurant, bill_id, "key-of-the-guest", amount=euros(100)))
    assert {one.code for one in answers if isinstance(one, DomainError)} <= {"idempotency_in_progress"}
    assert restaurant.bill["paid_minor"] == 100
    assert len(restaurant.charged) == 1


def test_a_bill_nobody_pays_is_given_up(restaurant: Restaurant, bill_id: str) -> None:
    assert bill_id
    restaurant.age(601)
    restaurant.sweep()
    assert restaurant.bill["status"] == "failed"
    assert restaurant.orders.is_free()


def test_a_bill_that_is_partly_paid_is_neither_given_up_nor_cancelled(restaurant: Restaurant, bill_id: str) -> None:
    pay(restaurant, bill_id, amount=euros(100))
    restaurant.age(601)
    restaurant.sweep()
    assert restaurant.bill["status"] == "paying"
    with pytest.raises(DomainError) as caught:
        counter.cancel(restaurant.till, CASHIER, bill_id)
    assert caught.value.code == "bill_partly_paid"


def test_a_stranger_cannot_pay_it(restaurant: Restaurant, bill_id: str) -> None:
    stranger = Caller("guest", id="gst_9", venue="ven_1", session="ses_9")
    assert refused(restaurant, bill_id, caller=stranger).code == "bill_not_found"


def test_a_payment_whose_driver_died_is_asked_for_by_the_sweeper(restaurant: Restaurant, bill_id: str) -> None:
    pay(restaurant, bill_id, card={"token": "tok_timeout"})
    assert restaurant.payment["status"] == "unknown"
    restaurant.make_due()
    restaurant.sweep()
    assert restaurant.payment["status"] == "captured"
    assert restaurant.bill["status"] == "completed"
    assert len(restaurant.charged) == 1
