"""Money that is held is taken once or let go once, whoever asks, whatever dies, and however long nobody comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.payment import checkout, counter, holding, models, paying, payment_schemas, schemas, webhooks
from ordering_platform.payment.errors import (
    CaptureNotPossible,
    CurrencyMismatch,
    HeldPaymentPending,
    HoldNotPossible,
    PaymentNotHeld,
)
from ordering_platform.payment.providers import Outcome, ProviderSilent
from ordering_platform.payment.providers.sandbox import Sandbox
from ordering_platform.runtime.errors import DomainError
from tests.payment.conftest import CASHIER, GUEST, KEY, Killed, Restaurant, at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.replies import Reply


def hold(restaurant: Restaurant, card: str = "tok_approve", **fields: Any) -> str:
    """Check out and only hold the money; gives the payment's id."""
    restaurant.check_out(KEY, capture="later", card={"token": card}, **fields)
    return str(restaurant.payment["id"])


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def taken(restaurant: Restaurant) -> list[int]:
    """What the sandbox has really taken, by its own books."""
    return [one["captured_minor"] for one in restaurant.charged]


def held_at_provider(restaurant: Restaurant) -> list[str]:
    return [one["status"] for one in restaurant.rows(models.sandbox_charges)]


class TestHolding:
    def test_nothing_is_taken_yet(self, restaurant: Restaurant) -> None:
        hold(restaurant)
        payment, bill = restaurant.payment, restaurant.bill
        assert (payment["status"], payment["authorized_minor"], payment["captured_minor"]) == ("authorized", 1000, 0)
        assert (bill["status"], bill["paid_minor"], bill["pending_minor"]) == ("paying", 0, 1000)
        assert taken(restaurant) == []
        assert not restaurant.orders.is_paid()

    def test_the_guest_is_told(self, restaurant: Restaurant) -> None:
        reply = restaurant.check_out(KEY, capture="later", card={"token": "tok_approve"})
        assert isinstance(reply.body, bytes)
        payment = json.loads(reply.body)["payment"]
        assert (payment["status"], payment["authorized"], payment["captured"]) == ("authorized", euros(1000), euros(0))

    @pytest.mark.parametrize("card", ["tok_3ds", "tok_delay", "tok_timeout"])
    def test_it_may_take_a_while(self, restaurant: Restaurant, card: str) -> None:
        payment_id = hold(restaurant, card)
        if card == "tok_3ds":
            counter.challenge(restaurant.till, GUEST, payment_id, approve=True)
        restaurant.execute(sa.update(models.sandbox_charges).values(settles_at=sa.func.now()))
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.payment["status"] == "authorized"
        assert taken(restaurant) == []

    def test_a_decline_holds_nothing(self, restaurant: Restaurant) -> None:
        assert restaurant.refused(capture="later", card={"token": "tok_decline"}).code == "payment_declined"

    def test_cash_cannot_be_held(self, restaurant: Restaurant) -> None:
        assert restaurant.refused(method="cash", capture="later").code == HoldNotPossible.code
        assert restaurant.rows(models.bills) == []

    @pytest.mark.parametrize("wrong", [999, 1001])
    def test_a_hold_of_another_amount_is_left_to_people(
        self, restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch, wrong: int
    ) -> None:
        monkeypatch.setattr(Sandbox, "create", lambda *_: Outcome("authorized", "sbx_1", wrong, "EUR"))
        hold(restaurant)
        assert (restaurant.payment["status"], restaurant.payment["authorized_minor"]) == ("unknown", 0)


class TestTaking:
    def test_all_of_it(self, restaurant: Restaurant) -> None:
        shown = holding.capture(restaurant.till, CASHIER, hold(restaurant))
        assert (shown["status"], shown["captured"]) == ("captured", euros(1000))
        assert restaurant.bill["status"] == "completed"
        assert restaurant.orders.is_paid()
        assert taken(restaurant) == [1000]

    def test_a_part_of_it_leaves_the_rest_due(self, restaurant: Restaurant) -> None:
        shown = holding.capture(restaurant.till, CASHIER, hold(restaurant), euros(600))
        assert (shown["captured"], shown["amount"], shown["authorized"]) == (euros(600), euros(600), euros(600))
        bill = restaurant.bill
        assert (bill["status"], bill["paid_minor"], bill["pending_minor"]) == ("paying", 600, 0)
        assert taken(restaurant) == [600]
        pay_rest(restaurant)
        assert restaurant.bill["status"] == "completed"
        assert restaurant.orders.is_paid()

    @pytest.mark.parametrize(
        ("amount", "goods", "tip"),
        [(1150, 1000, 150), (1149, 1000, 149), (1000, 1000, 0), (999, 999, 0), (1, 1, 0)],
    )
    def test_the_tip_takes_what_the_bill_leaves(
        self, restaurant: Restaurant, amount: int, goods: int, tip: int
    ) -> None:
        holding.capture(restaurant.till, CASHIER, hold(restaurant, tip=euros(150)), euros(amount))
        payment = restaurant.payment
        assert (payment["captured_minor"], payment["amount_minor"], payment["tip_minor"]) == (amount, goods, tip)
        assert restaurant.bill["paid_minor"] == goods

    @pytest.mark.parametrize("amount", [0, 1001, 10**12])
    def test_never_nothing_and_never_more_than_is_held(self, restaurant: Restaurant, amount: int) -> None:
        payment_id = hold(restaurant)
        with pytest.raises(CaptureNotPossible):
            holding.capture(restaurant.till, CASHIER, payment_id, euros(amount))
        assert restaurant.payment["to_capture_minor"] is None

    def test_never_in_another_currency(self, restaurant: Restaurant) -> None:
        payment_id = hold(restaurant)
        with pytest.raises(CurrencyMismatch):
            holding.capture(restaurant.till, CASHIER, payment_id, {"amount": 100, "currency": "USD"})

    def test_the_same_once_more_changes_nothing(self, restaurant: Restaurant) -> None:
        payment_id = hold(restaurant)
        first = holding.capture(restaurant.till, CASHIER, payment_id, euros(600))
        assert holding.capture(restaurant.till, CASHIER, payment_id, euros(600)) == first
        with pytest.raises(PaymentNotHeld):
            holding.capture(restaurant.till, CASHIER, payment_id, euros(601))
        assert taken(restaurant) == [600]

    def test_what_was_never_held_is_not_taken(self, restaurant: Restaurant) -> None:
        restaurant.check_out(KEY, card={"token": "tok_3ds"})
        for decide in (holding.capture, holding.void):
            with pytest.raises(PaymentNotHeld):
                decide(restaurant.till, CASHIER, str(restaurant.payment["id"]))

    def test_a_hold_the_bank_has_let_go_is_not_taken(self, restaurant: Restaurant) -> None:
        payment_id = hold(restaurant, "tok_hold_lapses")
        restaurant.execute(sa.update(models.sandbox_charges).values(settles_at=sa.func.now()))
        with pytest.raises(PaymentNotHeld):
            holding.capture(restaurant.till, CASHIER, payment_id)
        assert (restaurant.payment["status"], restaurant.bill["status"]) == ("failed", "failed")
        assert restaurant.orders.is_free()


class TestLettingGo:
    def test_nothing_is_charged_and_the_orders_are_free(self, restaurant: Restaurant) -> None:
        shown = holding.void(restaurant.till, CASHIER, hold(restaurant, code="TEN"))
        assert (shown["status"], shown["failure"]["code"]) == ("failed", "payment_cancelled")
        assert held_at_provider(restaurant) == ["cancelled"]
        assert restaurant.bill["status"] == "failed"
        assert restaurant.orders.is_free()

    def test_the_same_once_more_changes_nothing(self, restaurant: Restaurant) -> None:
        payment_id = hold(restaurant)
        assert holding.void(restaurant.till, CASHIER, payment_id) == holding.void(restaurant.till, CASHIER, payment_id)
        with pytest.raises(PaymentNotHeld):
            holding.capture(restaurant.till, CASHIER, payment_id)

    def test_what_was_taken_is_not_let_go(self, restaurant: Restaurant) -> None:
        payment_id = hold(restaurant)
        holding.capture(restaurant.till, CASHIER, payment_id)
        with pytest.raises(PaymentNotHeld):
            holding.void(restaurant.till, CASHIER, payment_id)
        assert taken(restaurant) == [1000]

    def test_a_guest_does_not_cancel_a_bill_that_is_held(self, restaurant: Restaurant) -> None:
        hold(restaurant)
        with pytest.raises(HeldPaymentPending):
            counter.cancel(restaurant.till, GUEST, str(restaurant.bill["id"]))
        counter.cancel(restaurant.till, CASHIER, str(restaurant.bill["id"]))
        assert held_at_provider(restaurant) == ["cancelled"]


class TestTogether:
    def test_of_taking_and_letting_go_at_once_one_wins(self, restaurant: Restaurant) -> None:
        def decide(place: int) -> Any:
            verb = holding.void if place % 2 else holding.capture
            return verb(restaurant.till, CASHIER, str(restaurant.payment["id"]))

        for _ in range(5):
            restaurant.start_over()
            hold(restaurant)
            answers = at_once(8, decide)
            refused = {place % 2 for place, one in enumerate(answers) if isinstance(one, DomainError)}
            assert len(refused) == 1, "either all captures are refused, or all voids"
            captured = refused == {1}
            assert {one.code for one in answers if isinstance(one, DomainError)} == {PaymentNotHeld.code}
            assert taken(restaurant) == ([1000] if captured else [])
            assert restaurant.payment["status"] == ("captured" if captured else "failed")

    def test_of_two_amounts_at_once_one_is_taken(self, restaurant: Restaurant) -> None:
        payment_id = hold(restaurant)
        answers = at_once(
            6, lambda n: holding.capture(restaurant.till, CASHIER, payment_id, euros(600 if n % 2 else 400))
        )
        assert sum(isinstance(one, DomainError) for one in answers) == 3
        assert taken(restaurant) in ([600], [400])
        assert restaurant.bill["paid_minor"] == restaurant.payment["captured_minor"] == taken(restaurant)[0]


class TestTime:
    def test_a_hold_outlives_the_patience_for_unfinished_payments(self, restaurant: Restaurant) -> None:
        hold(restaurant)
        restaurant.age(3 * 3600)
        restaurant.sweep()
        assert restaurant.payment["status"] == "authorized"

    def test_nobody_decides_about_it_for_a_day(self, restaurant: Restaurant) -> None:
        hold(restaurant)
        restaurant.age(25 * 3600)
        restaurant.sweep()
        assert held_at_provider(restaurant) == ["cancelled"]
        assert (restaurant.payment["status"], restaurant.bill["status"]) == ("failed", "failed")
        assert restaurant.payment["failure"]["code"] == "payment_expired"
        assert restaurant.orders.is_free()

    def test_a_hold_waits_without_being_asked_about_all_the_time(self, restaurant: Restaurant) -> None:
        hold(restaurant)
        restaurant.age(1)
        restaurant.sweep()
        with restaurant.till.db.read() as tx:
            pause = tx.execute(sa.select(models.bills.c.next_run_at - sa.func.now())).scalar_one()
        assert pause.total_seconds() > 300

    def test_a_bank_that_let_it_go_is_noticed(self, restaurant: Restaurant) -> None:
        hold(restaurant, "tok_hold_lapses")
        restaurant.execute(sa.update(models.sandbox_charges).values(settles_at=sa.func.now()))
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.payment["failure"]["code"] == "payment_expired"
        assert restaurant.orders.is_free()

    def test_a_capture_elsewhere_is_noticed(self, restaurant: Restaurant) -> None:
        """In the provider's own dashboard, for example."""
        payment_id = hold(restaurant)
        restaurant.sandbox().capture(payment_id, 1000)
        headers, body = restaurant.sandbox().webhook(payment_id)
        request = restaurant.request({}, headers=headers, raw_body=body, schema=payment_schemas.Capture)
        webhooks.receive(restaurant.till, "sandbox", request)
        assert restaurant.bill["status"] == "completed"

    def test_a_capture_of_another_amount_elsewhere_is_left_to_people(self, restaurant: Restaurant) -> None:
        payment_id = hold(restaurant)
        restaurant.sandbox().capture(payment_id, 999)
        restaurant.make_due()
        restaurant.sweep()
        assert (restaurant.payment["status"], restaurant.bill["paid_minor"]) == ("authorized", 0)


class TestFaults:
    def test_a_lost_answer_is_asked_for_again(self, restaurant: Restaurant) -> None:
        hold(restaurant, "tok_timeout")
        restaurant.make_due()
        restaurant.sweep()
        shown = holding.capture(restaurant.till, CASHIER, str(restaurant.payment["id"]), euros(700))
        assert shown["status"] == "authorized"
        assert taken(restaurant) == [700]
        restaurant.make_due()
        restaurant.sweep()
        assert (restaurant.payment["status"], restaurant.bill["paid_minor"]) == ("captured", 700)

    def test_a_provider_that_is_silent_is_asked_until_it_answers(
        self, restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def silent(*_: Any) -> Outcome:
            raise ProviderSilent

        payment_id = hold(restaurant)
        for name in ("capture", "look_up", "cancel"):
            monkeypatch.setattr(Sandbox, name, silent)
        assert holding.void(restaurant.till, CASHIER, payment_id)["status"] == "authorized"
        restaurant.make_due()
        restaurant.sweep()
        monkeypatch.undo()
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.payment["status"] == "failed"
        assert restaurant.orders.is_free()

    @pytest.mark.parametrize(
        ("point", "decide"),
        [
            ("before provider.capture", holding.capture),
            ("after provider.capture", holding.capture),
            ("before provider.cancel", holding.void),
            ("after provider.cancel", holding.void),
            ("paying-captured", holding.capture),
        ],
    )
    def test_who_decided_may_die(
        self, restaurant: Restaurant, kill_at: Callable[[str], None], point: str, decide: Callable[..., Any]
    ) -> None:
        payment_id = hold(restaurant)
        kill_at(point)
        try:
            decide(restaurant.till, CASHIER, payment_id)
        except Killed:
            restaurant.make_due()
            restaurant.sweep()
        assert restaurant.payment["status"] == ("captured" if decide is holding.capture else "failed")
        assert taken(restaurant) == ([1000] if decide is holding.capture else [])

    def test_the_sweeper_is_woken_by_a_decision(self, restaurant: Restaurant, kill_at: Callable[[str], None]) -> None:
        payment_id = hold(restaurant)
        kill_at("before provider.capture")
        with pytest.raises(Killed):
            holding.capture(restaurant.till, CASHIER, payment_id)
        with restaurant.till.db.read() as tx:
            pause = tx.execute(sa.select(models.bills.c.next_run_at - sa.func.now())).scalar_one()
        assert pause.total_seconds() <= restaurant.till.terms.lease

    def test_who_decided_is_written_down(self, restaurant: Restaurant) -> None:
        holding.capture(restaurant.till, CASHIER, hold(restaurant), euros(300))
        steps = [(one["to_status"], one["actor"], one["details"]) for one in restaurant.rows(models.payment_events)]
        assert steps == [
            ("processing", GUEST.id, {}),
            ("authorized", GUEST.id, {}),
            ("authorized", CASHIER.id, {"to_capture": 300}),
            ("captured", CASHIER.id, {}),
        ]


def test_a_payment_on_an_open_bill_may_be_held_too(restaurant: Restaurant) -> None:
    reply = pay_rest(restaurant, open_bill(restaurant), capture="later", amount=euros(400))
    assert isinstance(reply.body, bytes)
    held = json.loads(reply.body)
    assert (held["status"], restaurant.bill["pending_minor"]) == ("authorized", 400)
    pay_rest(restaurant)
    assert restaurant.bill["status"] == "paying"
    holding.capture(restaurant.till, CASHIER, held["id"])
    assert restaurant.bill["status"] == "completed"


def open_bill(restaurant: Restaurant) -> str:
    checkout.open_bill(restaurant.till, restaurant.request({"order_ids": ["ord_1"]}, schema=schemas.NewBill))
    return str(restaurant.bill["id"])


def pay_rest(restaurant: Restaurant, bill_id: str | None = None, **fields: Any) -> Reply:
    """Pay what is due on a bill."""
    bill_id = bill_id or str(restaurant.bill["id"])
    wish = {"method": "sandbox", "card": {"token": "tok_approve"}, **fields}
    path = f"/v1/bills/{bill_id}/payments"
    return paying.pay(restaurant.till, restaurant.request(wish, schema=schemas.NewPayment, path=path), bill_id)
