"""Stripe keeps the contract on the wire, before localstripe in a process of its own.

What localstripe lacks (idempotency keys, look-ups by time, limits of refunds) is added by the desk before it; a
charge that takes a moment, which localstripe makes at once, is one answer of the desk.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ordering_platform.payment import counter, holding, models, payment_schemas, webhooks
from ordering_platform.payment.errors import WebhookInvalid
from ordering_platform.payment.providers import Charge, Provider, Repayment, signed
from ordering_platform.payment.providers.stripe import SIGNATURE, Stripe
from ordering_platform.payment.till import terms_of
from ordering_platform.runtime.ids import new_id
from tests.payment.conftest import CASHIER, KEY, Killed, Restaurant, at_once
from tests.payment.provider_contract import Faults, HoldingContract
from tests.payment.test_paying import body, euros
from tests.support import localstripe
from tests.support.localstripe import INTENTS, Desk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ordering_platform.runtime.config import Settings

CREATE = f"POST {INTENTS}"
NEEDS_3DS = "4000002500003155"
VISA = {"token": "pm_card_visa"}
DECLINED = {"token": "pm_card_chargeCustomerFail"}


@pytest.fixture
def stripe(stripe_settings: Settings) -> Stripe:
    return Stripe(stripe_settings)


def of_desk(desk: Desk, payment_id: str) -> list[dict[str, Any]]:
    """Give what localstripe itself has under a payment of ours."""
    _, answer = localstripe.ask(desk.port, "GET", f"{INTENTS}?limit=100")
    assert not answer["has_more"]
    return [one for one in answer["data"] if one["metadata"].get("payment_id") == payment_id]


class BadDays(Faults):
    """Stripe misbehaves at the desk."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self.desk = desk
        self.settings = settings

    def declined(self) -> Mapping[str, Any]:
        return DECLINED

    def challenged(self) -> Mapping[str, Any]:
        return {"token": localstripe.payment_method(self.desk.port, NEEDS_3DS)}

    def answer(self, payment_id: str, *, approve: bool) -> None:
        [intent] = of_desk(self.desk, payment_id)
        localstripe.answer_challenge(self.desk.port, intent, approve=approve)

    def delayed(self) -> Mapping[str, Any]:
        self.desk.falsify_next(CREATE, status="processing")
        return VISA

    def let_time_pass(self) -> None:
        """The desk has said so only once."""

    def reply_lost(self) -> Mapping[str, Any]:
        self.desk.lose_next(CREATE)
        return VISA

    def refund_reply_lost(self) -> Mapping[str, Any]:
        self.desk.lose_next("POST /v1/refunds")
        return VISA

    def away(self, provider: Provider) -> tuple[Provider, Mapping[str, Any]]:
        del provider
        return Stripe(replace(self.settings, stripe_api_base="http://127.0.0.1:9")), VISA

    def falsify(self, payment_id: str, *, amount: int, currency: str) -> None:
        [intent] = of_desk(self.desk, payment_id)
        told = {**intent, "amount_received": amount, "currency": currency.lower()}
        self.desk.falsify_next(f"GET {INTENTS}", data=[told])


class TestStripeKeepsTheContract(HoldingContract):
    card: ClassVar[Mapping[str, Any] | None] = VISA

    @pytest.fixture
    def provider(self, stripe: Stripe) -> Stripe:
        return stripe

    @pytest.fixture
    def faults(self, desk: Desk, stripe_settings: Settings) -> BadDays:
        return BadDays(desk, stripe_settings)

    def signed(self, provider: Provider, body: bytes) -> Mapping[str, str]:
        del provider
        return {SIGNATURE: signed.header("whsec_of_stripe", int(time.time()), body)}


class TestKeys:
    def test_a_charge_carries_our_id_as_key_and_as_metadata(self, stripe: Stripe, desk: Desk) -> None:
        charge = Charge(new_id("pay"), 1250, "EUR", VISA)
        stripe.create(charge)
        [asked] = [one for one in desk.asked if one.is_for(CREATE)]
        assert asked.head["idempotency-key"] == charge.payment_id
        assert asked.form["metadata[payment_id]"] == charge.payment_id
        assert (asked.form["amount"], asked.form["currency"]) == ("1250", "eur")

    def test_a_refund_carries_its_own(self, stripe: Stripe, desk: Desk) -> None:
        charge = Charge(new_id("pay"), 1250, "EUR", VISA)
        back = Repayment(new_id("ref"), charge.payment_id, stripe.create(charge).reference, 1250, "EUR")
        stripe.refund(back)
        [asked] = [one for one in desk.asked if one.is_for("POST /v1/refunds")]
        assert (asked.head["idempotency-key"], asked.form["metadata[refund_id]"]) == (back.refund_id, back.refund_id)

    def test_looking_up_never_charges(self, stripe: Stripe, desk: Desk) -> None:
        charge = Charge(new_id("pay"), 1250, "EUR", VISA)
        outcome = stripe.create(charge)
        desk.asked.clear()
        stripe.look_up(charge.payment_id)
        stripe.look_up(charge.payment_id, outcome.reference)
        assert {one.method for one in desk.asked} == {"GET"}
        assert len(desk.asked) == 2

    def test_no_other_card_is_tried_on_a_charge_that_was_declined(self, stripe: Stripe, desk: Desk) -> None:
        """Who has its secret could otherwise pay after we have said that it failed."""
        charge = Charge(new_id("pay"), 1250, "EUR", DECLINED)
        stripe.create(charge)
        assert [one["status"] for one in of_desk(desk, charge.payment_id)] == ["canceled"]

    def test_a_cancellation_before_its_charge_leaves_nothing_that_can_be_paid(self, stripe: Stripe, desk: Desk) -> None:
        charge = Charge(new_id("pay"), 1250, "EUR", VISA)
        stripe.cancel(charge.payment_id)
        stripe.create(charge)
        assert [one["status"] for one in of_desk(desk, charge.payment_id)] == ["canceled"]


@pytest.fixture
def restaurant(restaurant: Restaurant, stripe_settings: Settings) -> Restaurant:
    return restaurant.with_terms(providers=terms_of(stripe_settings).providers)


def check_out(restaurant: Restaurant, card: Mapping[str, Any] = VISA, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = body(restaurant.check_out(KEY, method="stripe", card=dict(card), **fields))
    return told


def taken(restaurant: Restaurant, desk: Desk) -> list[int]:
    """Give what Stripe has taken for the payments of this restaurant."""
    made = [one for payment in restaurant.rows(models.payments) for one in of_desk(desk, str(payment["id"]))]
    return [one["amount"] for one in made if one["status"] == "succeeded"]


class TestPaying:
    def test_a_guest_pays(self, restaurant: Restaurant, desk: Desk) -> None:
        told = check_out(restaurant)
        assert (told["payment"]["status"], told["bill"]["status"]) == ("captured", "completed")
        assert taken(restaurant, desk) == [1000]

    def test_a_decline_is_told(self, restaurant: Restaurant, desk: Desk) -> None:
        refusal = restaurant.refused(KEY, method="stripe", card=DECLINED)
        assert (refusal.code, refusal.details) == ("payment_declined", {"reason": "card_declined"})
        assert restaurant.orders.is_free()
        assert taken(restaurant, desk) == []

    def test_a_card_of_the_sandbox_is_refused_before_anything_is_kept(self, restaurant: Restaurant) -> None:
        assert restaurant.refused(method="stripe", card={"token": "tok_approve"}).code == "card_invalid"
        assert restaurant.rows(models.bills) == []

    def test_a_bank_asks_the_card_holder(self, restaurant: Restaurant, desk: Desk) -> None:
        card = {"token": localstripe.payment_method(desk.port, NEEDS_3DS)}
        payment = check_out(restaurant, card)["payment"]
        assert (payment["status"], payment["next_action"]["type"]) == ("requires_action", "stripe")
        [intent] = of_desk(desk, payment["id"])
        assert payment["next_action"]["client_secret"] == intent["client_secret"]
        localstripe.answer_challenge(desk.port, intent, approve=True)
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"

    def test_a_lost_answer_costs_one_charge(self, restaurant: Restaurant, desk: Desk) -> None:
        desk.lose_next(CREATE)
        assert check_out(restaurant)["payment"]["status"] == "unknown"
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        assert taken(restaurant, desk) == [1000]

    def test_after_a_minute_it_is_looked_for_and_not_charged_again(self, restaurant: Restaurant, desk: Desk) -> None:
        desk.lose_next(CREATE)
        check_out(restaurant)
        restaurant.age(90)
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        assert desk.count(CREATE) == 1

    def test_a_provider_that_is_away_refuses_the_checkout(
        self, restaurant: Restaurant, stripe_settings: Settings
    ) -> None:
        nowhere = replace(stripe_settings, stripe_api_base="http://127.0.0.1:9")
        away = restaurant.with_terms(providers=terms_of(nowhere).providers)
        assert away.refused(method="stripe", card=VISA).code == "provider_unavailable"
        assert restaurant.orders.is_free()

    @pytest.mark.parametrize("fields", [{"amount_received": 999}, {"amount_received": 1001}, {"currency": "usd"}])
    def test_a_wrong_charge_never_pays(self, restaurant: Restaurant, desk: Desk, fields: dict[str, Any]) -> None:
        desk.falsify_next(CREATE, **fields)
        assert check_out(restaurant)["payment"]["status"] == "unknown"
        assert not restaurant.orders.is_paid()

    @pytest.mark.parametrize("point", ["before provider.create", "after provider.create", "paying-captured"])
    def test_a_driver_may_die(
        self, restaurant: Restaurant, desk: Desk, kill_at: Callable[[str], None], point: str
    ) -> None:
        kill_at(point)
        with pytest.raises(Killed):
            check_out(restaurant)
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        assert taken(restaurant, desk) == [1000]

    def test_many_guests_at_once_are_charged_once_each(self, restaurant: Restaurant, desk: Desk) -> None:
        for number in range(8):
            restaurant.orders.add(f"ord_{number}")
        at_once(8, lambda n: restaurant.check_out(order_ids=[f"ord_{n}"], method="stripe", card=VISA))
        assert {one["status"] for one in restaurant.rows(models.bills)} == {"completed"}
        assert len(taken(restaurant, desk)) == 8


class TestHolding:
    def test_money_is_held_and_a_part_of_it_taken(self, restaurant: Restaurant, desk: Desk) -> None:
        payment = check_out(restaurant, capture="later")["payment"]
        assert (payment["status"], payment["authorized"]) == ("authorized", euros(1000))
        [asked] = [one for one in desk.asked if one.is_for(CREATE)]
        assert asked.form["capture_method"] == "manual"
        shown = holding.capture(restaurant.till, CASHIER, payment["id"], euros(600))
        assert (shown["status"], shown["captured"]) == ("captured", euros(600))
        assert restaurant.bill["paid_minor"] == 600

    def test_money_is_held_and_let_go(self, restaurant: Restaurant, desk: Desk) -> None:
        payment = check_out(restaurant, capture="later")["payment"]
        assert holding.void(restaurant.till, CASHIER, payment["id"])["status"] == "failed"
        assert [one["status"] for one in of_desk(desk, payment["id"])] == ["canceled"]
        assert restaurant.orders.is_free()

    def test_a_lost_answer_to_a_capture_is_no_second_one(self, restaurant: Restaurant, desk: Desk) -> None:
        payment = check_out(restaurant, capture="later")["payment"]
        desk.lose_next(f"{CREATE}/{payment['reference']}/capture")
        assert holding.capture(restaurant.till, CASHIER, payment["id"], euros(600))["status"] == "authorized"
        restaurant.make_due()
        restaurant.sweep()
        assert (restaurant.payment["status"], restaurant.payment["captured_minor"]) == ("captured", 600)

    def test_a_bill_that_is_cancelled_lets_the_hold_go(self, restaurant: Restaurant, desk: Desk) -> None:
        payment = check_out(restaurant, capture="later")["payment"]
        counter.cancel(restaurant.till, CASHIER, str(restaurant.bill["id"]))
        assert [one["status"] for one in of_desk(desk, payment["id"])] == ["canceled"]


def deliver(restaurant: Restaurant, raw: bytes, signature: str | None = None) -> dict[str, Any]:
    signature = signature or signed.header("whsec_of_stripe", int(time.time()), raw)
    request = restaurant.request({}, headers={SIGNATURE: signature}, raw_body=raw, schema=payment_schemas.Capture)
    return webhooks.receive(restaurant.till, "stripe", request)


def event(kind: str, about: dict[str, Any], event_id: str = "evt_1") -> bytes:
    return json.dumps({"id": event_id, "type": kind, "data": {"object": about}}).encode()


class TestMessages:
    def test_what_a_message_says_is_looked_up(self, restaurant: Restaurant, desk: Desk) -> None:
        card = {"token": localstripe.payment_method(desk.port, NEEDS_3DS)}
        payment = check_out(restaurant, card)["payment"]
        about = {"object": "payment_intent", "status": "succeeded", "metadata": {"payment_id": payment["id"]}}
        deliver(restaurant, event("payment_intent.succeeded", about))
        assert restaurant.payment["status"] == "requires_action"
        [intent] = of_desk(desk, payment["id"])
        localstripe.answer_challenge(desk.port, intent, approve=True)
        deliver(restaurant, event("payment_intent.succeeded", about, "evt_2"))
        assert restaurant.bill["status"] == "completed"

    def test_an_old_failure_does_not_undo_a_capture(self, restaurant: Restaurant) -> None:
        payment = check_out(restaurant)["payment"]
        deliver(restaurant, event("payment_intent.payment_failed", {"metadata": {"payment_id": payment["id"]}}))
        assert restaurant.payment["status"] == "captured"

    @pytest.mark.parametrize(
        "about", [{}, {"metadata": None}, {"metadata": {}}, {"metadata": {"payment_id": 7}}, {"metadata": {"a": "b"}}]
    )
    def test_a_message_about_nothing_of_ours_is_thanked_for(
        self, restaurant: Restaurant, about: dict[str, Any]
    ) -> None:
        assert deliver(restaurant, event("charge.dispute.created", about)) == {"received": True}
        assert [one["next_try_at"] for one in restaurant.rows(models.webhook_inbox)] == [None]

    @pytest.mark.parametrize(
        "raw", [b"", b"[]", b"{}", b'{"id": 1}', b'{"id": "e", "type": "t"}', b'{"id": "e", "type": "t", "data": []}']
    )
    def test_a_signed_body_must_be_an_event(self, restaurant: Restaurant, raw: bytes) -> None:
        with pytest.raises(WebhookInvalid):
            deliver(restaurant, raw)

    def test_a_signature_of_the_sandbox_is_none_of_stripe(self, restaurant: Restaurant) -> None:
        raw = event("payment_intent.succeeded", {})
        with pytest.raises(WebhookInvalid):
            deliver(restaurant, raw, signed.header("whsec_of_the_tests", int(time.time()), raw))

    def test_a_message_about_a_refund_names_it(self, stripe: Stripe) -> None:
        raw = event("refund.failed", {"object": "refund", "metadata": {"refund_id": "ref_1"}})
        notice = stripe.read_webhook({SIGNATURE: signed.header("whsec_of_stripe", int(time.time()), raw)}, raw)
        assert (notice.payment_id, notice.refund_id) == (None, "ref_1")

    def test_a_message_of_localstripe_itself_is_taken(self, restaurant: Restaurant, desk: Desk) -> None:
        """It signs as Stripe does; the whole way from its process to our inbox."""
        with localstripe.listening(desk.port, "whsec_of_stripe") as messages:
            payment = check_out(restaurant)["payment"]
            ours = (one for one in iter(messages.get, None) if payment["id"].encode() in one[1])
            head, raw = next(ours)
        assert deliver(restaurant, raw, head["stripe-signature"]) == {"received": True}
        [kept] = restaurant.rows(models.webhook_inbox)
        assert (kept["kind"], kept["payment_id"]) == ("payment_intent.succeeded", payment["id"])
        assert kept["done_at"] is not None
