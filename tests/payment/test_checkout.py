"""Checkout as a guest meets it: one call, one charge, one answer for each key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ordering_platform.payment import checkout, models, saga, schemas
from ordering_platform.runtime.errors import DeadlineExceeded, DomainError
from ordering_platform.runtime.idempotency import REPLAYED
from ordering_platform.runtime.identity import Caller
from ordering_platform.runtime.replies import Reply
from tests.payment.conftest import CASHIER, Restaurant, at_once


def body(reply: Reply) -> Any:
    assert isinstance(reply.body, bytes)
    return json.loads(reply.body)


def replayed(reply: Reply) -> bool:
    return (REPLAYED, "true") in reply.headers


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


class TestPaying:
    def test_a_checkout_charges_once_and_completes(self, restaurant: Restaurant) -> None:
        reply = restaurant.check_out()
        told = body(reply)
        assert reply.status == 201
        assert told["bill"]["status"] == "completed"
        assert told["bill"]["paid"] == told["bill"]["total"] == euros(1000)
        assert told["payment"]["status"] == "captured"
        assert restaurant.orders.is_paid()
        assert [one["amount_minor"] for one in restaurant.charged] == [1000]

    def test_every_move_of_a_payment_leaves_an_event(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        moves = [(one["from_status"], one["to_status"], one["actor"]) for one in restaurant.rows(models.payment_events)]
        assert moves == [("created", "processing", "gst_1"), ("processing", "captured", "gst_1")]

    def test_a_code_is_reserved_confirmed_and_recorded(self, restaurant: Restaurant) -> None:
        told = body(restaurant.check_out(code="TEN"))
        assert told["bill"]["total"] == euros(900)
        [shown] = told["bill"]["discounts"]
        assert (shown["promotion_id"], shown["code"], shown["amount"]) == ("prm_ten", "TEN", euros(100))
        assert list(restaurant.promotions.state.values()) == ["confirmed"]
        [kept] = restaurant.rows(models.bill_discounts)
        assert (kept["amount_minor"], kept["shares"]) == (100, {"ord_1_0": 100})

    def test_a_tip_is_charged_with_the_bill_but_is_no_part_of_it(self, restaurant: Restaurant) -> None:
        told = body(restaurant.check_out(tip=euros(150)))
        assert told["bill"]["quote"]["total"] == euros(1150)
        assert told["bill"]["total"] == told["bill"]["paid"] == euros(1000)
        assert told["payment"]["total"] == euros(1150)
        assert [one["amount_minor"] for one in restaurant.charged] == [1150]

    def test_a_total_of_nothing_is_paid_without_a_provider(self, restaurant: Restaurant) -> None:
        told = body(restaurant.check_out(code="FREE"))
        assert told["bill"]["status"] == "completed"
        assert told["bill"]["total"] == euros(0)
        assert told["payment"]["status"] == "captured"
        assert restaurant.rows(models.sandbox_charges) == []
        assert restaurant.orders.is_paid()

    def test_all_unpaid_orders_of_the_table_are_paid_together(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_2")
        request = restaurant.request({"session": True, "method": "sandbox", "card": {"token": "tok_approve"}})
        told = body(checkout.open_bill(restaurant.till, request))
        assert told["bill"]["order_ids"] == ["ord_1", "ord_2"]
        assert told["bill"]["total"] == euros(2000)

    def test_a_rehearsal_is_marked_on_its_bill(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", rehearsal=True)
        assert body(restaurant.check_out())["bill"]["rehearsal"] is True

    def test_staff_pay_for_a_guest_by_naming_the_orders(self, restaurant: Restaurant) -> None:
        told = body(restaurant.check_out(caller=CASHIER))
        assert told["bill"]["session_id"] == "ses_1"


class TestKeys:
    def test_a_repeat_gets_the_same_bytes(self, restaurant: Restaurant) -> None:
        first = restaurant.check_out("key-of-the-guest")
        again = restaurant.check_out("key-of-the-guest")
        assert (first.status, first.body) == (again.status, again.body)
        assert not replayed(first)
        assert replayed(again)
        assert len(restaurant.charged) == 1

    def test_the_same_key_for_something_else_is_refused(self, restaurant: Restaurant) -> None:
        restaurant.check_out("key-of-the-guest")
        assert restaurant.refused("key-of-the-guest", tip=euros(1)).code == "idempotency_key_reused"

    def test_a_key_belongs_to_its_caller(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", session="ses_1")
        restaurant.check_out("one-key-for-both")
        restaurant.orders.add("ord_1", session="ses_2")
        other = Caller("guest", id="gst_2", venue="ven_1", session="ses_2")
        assert restaurant.check_out("one-key-for-both", caller=other).status == 201

    @pytest.mark.parametrize("number", [20, 50])
    def test_identical_checkouts_at_once_charge_once(self, restaurant: Restaurant, number: int) -> None:
        answers = at_once(number, lambda _: restaurant.check_out("key-of-the-guest"))
        replies = [one for one in answers if isinstance(one, Reply)]
        refusals = [one for one in answers if isinstance(one, DomainError)]
        assert replies
        assert len({bytes(one.body) for one in replies if isinstance(one.body, bytes)}) == 1
        assert {one.code for one in refusals} <= {"idempotency_in_progress"}
        assert all(one.retry_after for one in refusals)
        assert len(restaurant.charged) == 1

    def test_two_keys_at_once_pay_once(self, restaurant: Restaurant) -> None:
        answers = at_once(2, lambda _: restaurant.check_out())
        assert sorted(getattr(one, "code", "paid") for one in answers) in (
            ["order_locked", "paid"],
            ["order_already_paid", "paid"],
        )
        assert len(restaurant.charged) == 1

    def test_a_refusal_is_given_again_under_its_key(self, restaurant: Restaurant) -> None:
        first = restaurant.refused("key-of-the-guest", card={"token": "tok_decline"})
        again = restaurant.check_out("key-of-the-guest", card={"token": "tok_decline"})
        assert first.status == again.status == 402
        assert body(again)["code"] == "payment_declined"
        assert replayed(again)

    def test_a_key_is_forgotten_after_a_day_and_the_order_stays_paid(self, restaurant: Restaurant) -> None:
        restaurant.check_out("key-of-yesterday")
        restaurant.age(25 * 3600)
        saga.forget_keys(restaurant.till)
        assert restaurant.refused("key-of-yesterday").code == "order_already_paid"
        assert len(restaurant.charged) == 1


class TestRefusals:
    def test_a_decline_frees_the_order_and_the_use_and_a_new_key_may_pay(self, restaurant: Restaurant) -> None:
        refusal = restaurant.refused(code="TEN", card={"token": "tok_decline"})
        assert (refusal.status, refusal.code) == (402, "payment_declined")
        assert restaurant.orders.is_free()
        assert restaurant.promotions.used("TEN") == 0
        assert (restaurant.bill["status"], restaurant.payment["status"]) == ("failed", "failed")
        assert body(restaurant.check_out(code="TEN"))["bill"]["status"] == "completed"

    def test_another_total_than_agreed_reserves_nothing(self, restaurant: Restaurant) -> None:
        refusal = restaurant.refused(expected_total=euros(999))
        assert (refusal.status, refusal.code) == (409, "price_changed")
        assert refusal.details["quote"]["total"] == euros(1000)
        assert restaurant.orders.is_free()
        assert restaurant.rows(models.payments) == []

    def test_the_agreed_total_is_charged(self, restaurant: Restaurant) -> None:
        assert restaurant.check_out(expected_total=euros(1000)).status == 201

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"code": "NOPE"}, "code_not_found"),
            ({"tip": {"amount": 100, "currency": "USD"}}, "currency_mismatch"),
            ({"tip": {"amount": 1001, "currency": "EUR"}}, "tip_too_large"),
            ({"expected_total": {"amount": 1000, "currency": "USD"}}, "currency_mismatch"),
        ],
    )
    def test_what_is_refused_leaves_the_order_free(
        self, restaurant: Restaurant, fields: dict[str, Any], code: str
    ) -> None:
        refusal = restaurant.refused(**fields)
        assert (refusal.status, refusal.code) == (422, code)
        assert restaurant.orders.is_free()
        assert restaurant.bill["status"] == "failed"
        assert restaurant.charged == []

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"method": "free"}, "payment_method_unknown"),
            ({"card": {"token": "tok_stolen"}}, "card_invalid"),
            ({"method": "cash", "card": {"token": "tok_approve"}}, "card_invalid"),
        ],
    )
    def test_an_unusable_method_is_refused_before_a_bill_is_made(
        self, restaurant: Restaurant, fields: dict[str, Any], code: str
    ) -> None:
        assert restaurant.refused(**fields).code == code
        assert restaurant.rows(models.bills) == []

    def test_an_exhausted_code_refuses_the_rest(self, restaurant: Restaurant) -> None:
        restaurant.promotions.limits["TEN"] = 3
        for number in range(10):
            restaurant.orders.add(f"ord_{number}")

        def check_out(number: int) -> Reply:
            return restaurant.check_out(order_ids=[f"ord_{number}"], code="TEN")

        answers = at_once(10, check_out)
        assert sum(isinstance(one, Reply) for one in answers) == 3
        assert restaurant.promotions.used("TEN") == 3
        assert len(restaurant.charged) == 3

    def test_a_foreign_order_is_not_found(self, restaurant: Restaurant) -> None:
        stranger = Caller("guest", id="gst_9", venue="ven_1", session="ses_9")
        assert restaurant.refused(caller=stranger).code == "order_not_found"


class TestPeersAway:
    def test_a_code_without_promotion_service_is_refused_and_may_be_repeated(self, restaurant: Restaurant) -> None:
        restaurant.promotions.leave()
        assert restaurant.refused("key-of-the-guest", code="TEN").status == 503
        assert restaurant.orders.is_free()
        restaurant.promotions.come_back()
        restaurant.make_due()
        restaurant.sweep()
        told = body(restaurant.check_out("key-of-the-guest", code="TEN"))
        assert told["bill"]["total"] == euros(900)
        assert len(restaurant.charged) == 1

    def test_without_a_code_the_checkout_goes_on_and_says_so(self, restaurant: Restaurant) -> None:
        restaurant.promotions.automatic = 50
        restaurant.promotions.leave()
        told = body(restaurant.check_out())
        assert told["bill"]["status"] == "completed"
        assert told["bill"]["total"] == euros(1000)
        assert told["bill"]["quote"]["promotions"]["rejected"][0]["reason"] == "promotions_unavailable"

    def test_a_guest_who_agreed_to_the_discounted_total_is_asked_again(self, restaurant: Restaurant) -> None:
        restaurant.promotions.leave()
        assert restaurant.refused(expected_total=euros(500)).code == "price_changed"

    def test_a_lost_answer_of_promotion_service_is_released_in_the_end(self, restaurant: Restaurant) -> None:
        restaurant.promotions.automatic = 50
        restaurant.promotions.leave(DeadlineExceeded())
        told = body(restaurant.check_out())
        assert told["bill"]["status"] == "captured"
        restaurant.promotions.come_back()
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        assert list(restaurant.promotions.state.values()) == ["released"]

    def test_order_service_away_answers_503_and_holds_nothing(self, restaurant: Restaurant) -> None:
        restaurant.orders.leave()
        assert restaurant.refused("key-of-the-guest").status == 503
        restaurant.orders.come_back()
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "failed"
        assert restaurant.check_out("key-of-the-guest").status == 201
        assert len(restaurant.charged) == 1

    def test_a_paid_bill_is_settled_when_order_service_comes_back(self, restaurant: Restaurant) -> None:
        restaurant.orders.fail_next("mark_paid", times=2)
        told = body(restaurant.check_out())
        assert (told["bill"]["status"], told["payment"]["status"]) == ("captured", "captured")
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "captured"
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        assert restaurant.orders.is_paid()


class TestQuote:
    def test_a_quote_has_the_total_of_the_checkout_and_holds_nothing(self, restaurant: Restaurant) -> None:
        asked = restaurant.request({"order_ids": ["ord_1"], "code": "TEN"}, schema=schemas.QuoteQuestion)
        quoted = checkout.quote(restaurant.till, asked)
        assert quoted["total"] == euros(900)
        assert restaurant.orders.is_free()
        assert restaurant.promotions.used("TEN") == 0
        paid = body(restaurant.check_out(code="TEN"))
        assert paid["bill"]["quote"]["hash"] == quoted["hash"]

    def test_a_code_cannot_be_quoted_while_promotion_service_is_away(self, restaurant: Restaurant) -> None:
        restaurant.promotions.leave()
        asked = restaurant.request({"order_ids": ["ord_1"], "code": "TEN"}, schema=schemas.QuoteQuestion)
        with pytest.raises(DomainError) as caught:
            checkout.quote(restaurant.till, asked)
        assert caught.value.status == 503
