"""What people decide: staff confirm cash, card holders answer, bills are cancelled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import counter, models, reading
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.identity import Caller
from tests.payment.conftest import CASHIER, GUEST, Restaurant, at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.replies import Reply

STRANGER = Caller("guest", id="gst_9", venue="ven_1", session="ses_9")
OTHER_VENUE = Caller("staff", id="usr_9", venue="ven_9", roles=frozenset({"waiter", "cashier"}))


def body(reply: Reply) -> Any:
    assert isinstance(reply.body, bytes)
    return json.loads(reply.body)


@pytest.fixture
def cash(restaurant: Restaurant) -> str:
    """Give the id of a payment that waits for staff."""
    told = body(restaurant.check_out(method="cash", code="TEN"))
    assert (told["bill"]["status"], told["payment"]["status"]) == ("paying", "processing")
    return str(told["payment"]["id"])


class TestCash:
    def test_it_waits_for_staff_however_long_that_takes(self, restaurant: Restaurant, cash: str) -> None:
        assert cash
        assert restaurant.bill["next_run_at"] is None
        assert restaurant.sweep() == 0
        assert not restaurant.orders.is_paid()
        assert not restaurant.orders.is_free()

    def test_confirming_completes_the_bill(self, restaurant: Restaurant, cash: str) -> None:
        told = counter.confirm(restaurant.till, CASHIER, cash)
        assert told["status"] == "captured"
        assert restaurant.bill["status"] == "completed"
        assert restaurant.payment["confirmed_by"] == CASHIER.id
        assert restaurant.orders.is_paid()
        assert list(restaurant.promotions.state.values()) == ["confirmed"]

    def test_confirming_twice_changes_nothing(self, restaurant: Restaurant, cash: str) -> None:
        first = counter.confirm(restaurant.till, CASHIER, cash)
        assert counter.confirm(restaurant.till, CASHIER, cash) == first
        assert restaurant.orders.asked.count("mark_paid") == 1

    def test_ten_cashiers_at_once_confirm_once(self, restaurant: Restaurant, cash: str) -> None:
        answers = at_once(10, lambda _: counter.confirm(restaurant.till, CASHIER, cash))
        assert {one["status"] for one in answers} == {"captured"}
        events = [one["to_status"] for one in restaurant.rows(models.payment_events)]
        assert events == ["processing", "captured"]

    def test_a_confirmed_bill_is_settled_later_when_order_service_is_away(
        self, restaurant: Restaurant, cash: str
    ) -> None:
        restaurant.orders.leave()
        assert counter.confirm(restaurant.till, CASHIER, cash)["status"] == "captured"
        assert restaurant.bill["status"] == "captured"
        restaurant.orders.come_back()
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"

    def test_the_first_answer_is_replayed_after_the_confirmation(self, restaurant: Restaurant) -> None:
        first = restaurant.check_out("key-of-the-guest", method="cash")
        counter.confirm(restaurant.till, CASHIER, str(restaurant.payment["id"]))
        assert restaurant.check_out("key-of-the-guest", method="cash").body == first.body

    def test_an_online_payment_is_not_confirmed_by_staff(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_3ds"})
        with pytest.raises(DomainError) as caught:
            counter.confirm(restaurant.till, CASHIER, str(restaurant.payment["id"]))
        assert caught.value.code == "payment_not_at_counter"

    @pytest.mark.parametrize("caller", [OTHER_VENUE, STRANGER])
    def test_a_foreign_payment_is_not_found(self, restaurant: Restaurant, cash: str, caller: Caller) -> None:
        with pytest.raises(DomainError) as caught:
            counter.confirm(restaurant.till, caller, cash)
        assert caught.value.code == "payment_not_found"

    def test_it_expires_where_the_venue_wants_that(self, restaurant: Restaurant) -> None:
        strict = restaurant.with_terms(counter_expiry=300.0)
        strict.check_out(method="cash")
        strict.age(301)
        strict.sweep()
        assert (strict.bill["status"], strict.payment["failure"]["code"]) == ("failed", "payment_expired")
        assert strict.orders.is_free()

    def test_it_does_not_expire_before_its_time(self, restaurant: Restaurant) -> None:
        strict = restaurant.with_terms(counter_expiry=300.0)
        strict.check_out(method="cash")
        strict.age(200)
        strict.sweep()
        assert strict.bill["status"] == "paying"
        assert strict.bill["next_run_at"] is not None


class TestChallenge:
    @pytest.fixture
    def asked(self, restaurant: Restaurant) -> str:
        told = body(restaurant.check_out(card={"token": "tok_3ds"}))
        assert told["payment"]["status"] == "requires_action"
        payment_id = str(told["payment"]["id"])
        assert told["payment"]["next_action"] == {
            "type": "challenge",
            "url": f"/v1/payments/{payment_id}/challenge",
        }
        return payment_id

    def test_a_card_holder_who_agrees_pays(self, restaurant: Restaurant, asked: str) -> None:
        assert counter.challenge(restaurant.till, GUEST, asked, approve=True)["status"] == "captured"
        assert restaurant.bill["status"] == "completed"
        assert len(restaurant.charged) == 1

    def test_a_card_holder_who_refuses_frees_the_order(self, restaurant: Restaurant, asked: str) -> None:
        told = counter.challenge(restaurant.till, GUEST, asked, approve=False)
        assert (told["status"], told["failure"]["code"]) == ("failed", "payment_declined")
        assert restaurant.bill["status"] == "failed"
        assert restaurant.orders.is_free()

    def test_an_answer_counts_once(self, restaurant: Restaurant, asked: str) -> None:
        counter.challenge(restaurant.till, GUEST, asked, approve=True)
        with pytest.raises(DomainError) as caught:
            counter.challenge(restaurant.till, GUEST, asked, approve=False)
        assert caught.value.code == "challenge_not_pending"

    def test_nobody_else_may_answer(self, restaurant: Restaurant, asked: str) -> None:
        with pytest.raises(DomainError) as caught:
            counter.challenge(restaurant.till, STRANGER, asked, approve=True)
        assert caught.value.code == "payment_not_found"


class TestCancel:
    def test_staff_cancel_a_payment_at_the_counter(self, restaurant: Restaurant, cash: str) -> None:
        told = counter.cancel(restaurant.till, CASHIER, str(restaurant.bill["id"]))
        assert (told["status"], told["failure"]["code"]) == ("failed", "payment_cancelled")
        assert restaurant.orders.is_free()
        assert restaurant.promotions.used("TEN") == 0
        with pytest.raises(DomainError) as caught:
            counter.confirm(restaurant.till, CASHIER, cash)
        assert caught.value.code == "payment_not_pending"

    def test_guests_ask_staff_for_that(self, restaurant: Restaurant, cash: str) -> None:
        assert cash
        with pytest.raises(DomainError) as caught:
            counter.cancel(restaurant.till, GUEST, str(restaurant.bill["id"]))
        assert caught.value.code == "counter_payment_pending"

    def test_guests_cancel_a_card_payment_they_have_not_finished(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_3ds"})
        told = counter.cancel(restaurant.till, GUEST, str(restaurant.bill["id"]))
        assert told["status"] == "failed"
        assert counter.cancel(restaurant.till, GUEST, str(restaurant.bill["id"])) == told
        assert restaurant.orders.is_free()
        assert restaurant.check_out().status == 201

    def test_a_charge_that_was_made_meanwhile_wins(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_3ds"})
        restaurant.sandbox().challenge(str(restaurant.payment["id"]), approve=True)
        with pytest.raises(DomainError) as caught:
            counter.cancel(restaurant.till, GUEST, str(restaurant.bill["id"]))
        assert caught.value.code == "bill_closed"
        assert restaurant.bill["status"] == "completed"
        assert restaurant.orders.is_paid()

    def test_a_paid_bill_cannot_be_cancelled(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        with pytest.raises(DomainError) as caught:
            counter.cancel(restaurant.till, CASHIER, str(restaurant.bill["id"]))
        assert caught.value.code == "bill_closed"

    def test_confirming_and_cancelling_at_once_agree_in_the_end(self, restaurant: Restaurant, cash: str) -> None:
        bill_id = str(restaurant.bill["id"])

        def either(place: int) -> Any:
            if place % 2:
                return counter.cancel(restaurant.till, CASHIER, bill_id)
            return counter.confirm(restaurant.till, CASHIER, cash)

        at_once(8, either)
        restaurant.make_due()
        restaurant.sweep()
        paid = restaurant.payment["status"] == "captured"
        assert restaurant.bill["status"] == ("completed" if paid else "failed")
        assert restaurant.orders.is_paid() is paid
        assert restaurant.orders.is_free() is not paid

    @pytest.mark.parametrize("caller", [OTHER_VENUE, STRANGER])
    def test_a_foreign_bill_is_not_found(self, restaurant: Restaurant, cash: str, caller: Caller) -> None:
        assert cash
        for look in (counter.cancel, reading.show_bill):
            with pytest.raises(DomainError) as caught:
                look(restaurant.till, caller, str(restaurant.bill["id"]))
            assert caught.value.code == "bill_not_found"
