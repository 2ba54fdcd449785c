"""Webhooks: signed, fresh, kept once, never believed, in whatever order they come."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.payment import models, webhooks
from ordering_platform.payment.errors import ProviderNotFound, WebhookInvalid
from ordering_platform.payment.providers.sandbox import SIGNATURE, Sandbox
from ordering_platform.payment.providers.signed import TOLERANCE, signature
from ordering_platform.runtime.identity import NOBODY
from ordering_platform.runtime.request import Request
from tests.payment.conftest import Killed, Restaurant, at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.payment.providers import Charge, Outcome
    from ordering_platform.runtime.config import Settings

SECRET = "whsec_of_the_tests"


def deliver(restaurant: Restaurant, headers: dict[str, str], body: bytes, provider: str = "sandbox") -> Any:
    path = f"/v1/webhooks/{provider}"
    request = Request("POST", path, path, headers, NOBODY, None, {}, body, None, "req_test", "127.0.0.1", {})
    return webhooks.receive(restaurant.till, provider, request)


def signed(body: bytes, age: float = 0, *, secrets: tuple[str, ...] = (SECRET,)) -> dict[str, str]:
    moment = int(time.time() - age)
    parts = [f"t={moment}", *(f"v1={signature(secret, moment, body)}" for secret in secrets)]
    return {SIGNATURE: ",".join(parts)}


def message(payment_id: str | None, kind: str = "charge.updated", event_id: str = "evt_1") -> bytes:
    return json.dumps({"id": event_id, "type": kind, "payment_id": payment_id}).encode()


def approved_elsewhere(restaurant: Restaurant) -> str:
    """Let a card holder approve in the app of their bank, so that only a webhook can tell."""
    restaurant.check_out(card={"token": "tok_3ds"})
    payment_id = str(restaurant.payment["id"])
    restaurant.sandbox().challenge(payment_id, approve=True)
    return payment_id


def make_due(restaurant: Restaurant) -> None:
    waits = models.webhook_inbox.c.next_try_at.is_not(None)
    restaurant.execute(sa.update(models.webhook_inbox).where(waits).values(next_try_at=sa.func.now()))


class TestSignature:
    def test_a_signed_message_is_taken(self, restaurant: Restaurant) -> None:
        headers, body = restaurant.sandbox().webhook(approved_elsewhere(restaurant))
        assert deliver(restaurant, headers, body) == {"received": True}
        assert restaurant.bill["status"] == "completed"

    @pytest.mark.parametrize("age", [0, TOLERANCE - 1, -(TOLERANCE - 2)])
    def test_it_may_be_some_minutes_old(self, restaurant: Restaurant, age: float) -> None:
        body = message(None)
        assert deliver(restaurant, signed(body, age), body)

    @pytest.mark.parametrize("age", [TOLERANCE + 1, -(TOLERANCE + 5)])
    def test_it_may_not_be_older_or_from_the_future(self, restaurant: Restaurant, age: float) -> None:
        body = message(None)
        with pytest.raises(WebhookInvalid):
            deliver(restaurant, signed(body, age), body)

    def test_one_good_signature_among_two_is_enough(self, restaurant: Restaurant) -> None:
        body = message(None)
        assert deliver(restaurant, signed(body, secrets=("the_next_secret", SECRET)), body)

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {SIGNATURE: ""},
            {SIGNATURE: "t=,v1="},
            {SIGNATURE: "t=9999999999999999999999,v1=00"},
            {SIGNATURE: f"t={int(time.time())},v1=" + "0" * 64},
            {SIGNATURE: f"t={int(time.time())},v1=é"},
            {SIGNATURE: "garbage"},
        ],
    )
    def test_anything_else_is_refused(self, restaurant: Restaurant, headers: dict[str, str]) -> None:
        with pytest.raises(WebhookInvalid):
            deliver(restaurant, headers, message(None))
        assert restaurant.rows(models.webhook_inbox) == []

    def test_one_more_space_in_the_body_breaks_it(self, restaurant: Restaurant) -> None:
        body = message(None)
        with pytest.raises(WebhookInvalid):
            deliver(restaurant, signed(body), body + b" ")

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"id": 1, "type": "a"}', b'{"id": "\\u0000", "type": "a"}', b"\xff"]
    )
    def test_a_signed_body_must_be_a_message(self, restaurant: Restaurant, body: bytes) -> None:
        with pytest.raises(WebhookInvalid):
            deliver(restaurant, signed(body), body)

    def test_without_a_secret_nothing_is_taken(self, settings: Settings) -> None:
        body = message(None)
        with pytest.raises(WebhookInvalid):
            Sandbox(replace(settings, sandbox_webhook_secret="")).read_webhook(signed(body, secrets=("",)), body)

    def test_a_provider_that_is_not_switched_on_has_no_door(self, restaurant: Restaurant) -> None:
        with pytest.raises(ProviderNotFound):
            deliver(restaurant, {}, b"{}", provider="stripe")


class TestOrder:
    def test_three_times_at_once_is_once(self, restaurant: Restaurant) -> None:
        headers, body = restaurant.sandbox().webhook(approved_elsewhere(restaurant))
        at_once(3, lambda _: deliver(restaurant, headers, body))
        assert len(restaurant.rows(models.webhook_inbox)) == 1
        assert [one["to_status"] for one in restaurant.rows(models.payment_events)].count("captured") == 1

    def test_a_message_that_comes_before_the_reply(
        self, restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest = Sandbox.create

        def quick(self: Sandbox, asked: Charge) -> Outcome:
            outcome = honest(self, asked)
            deliver(restaurant, *self.webhook(asked.payment_id))
            return outcome

        monkeypatch.setattr(Sandbox, "create", quick)
        reply = restaurant.check_out()
        assert isinstance(reply.body, bytes)
        assert json.loads(reply.body)["bill"]["status"] == "completed"
        assert [one["to_status"] for one in restaurant.rows(models.payment_events)].count("captured") == 1
        assert restaurant.orders.asked.count("mark_paid") == 1

    def test_a_late_message_does_not_undo_a_capture(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        headers, body = restaurant.sandbox().webhook(str(restaurant.payment["id"]), "charge.failed")
        deliver(restaurant, headers, body)
        assert restaurant.payment["status"] == "captured"

    def test_what_it_says_is_looked_up(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_3ds"})
        headers, body = restaurant.sandbox().webhook(str(restaurant.payment["id"]), "charge.captured")
        deliver(restaurant, headers, body)
        assert restaurant.payment["status"] == "requires_action"

    def test_a_message_about_an_unknown_payment_is_kept_and_tried_again(self, restaurant: Restaurant) -> None:
        headers, body = restaurant.sandbox().webhook("pay_unknown0")
        assert deliver(restaurant, headers, body) == {"received": True}
        [kept] = restaurant.rows(models.webhook_inbox)
        assert (kept["done_at"], kept["next_try_at"] is None) == (None, False)

    def test_a_kept_message_is_followed_when_it_fits(
        self, restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payment_id = approved_elsewhere(restaurant)
        monkeypatch.setattr(Sandbox, "look_up", lambda *_: None)
        deliver(restaurant, *restaurant.sandbox().webhook(payment_id))
        assert restaurant.payment["status"] == "requires_action"
        monkeypatch.undo()
        make_due(restaurant)
        webhooks.retry(restaurant.till)
        assert restaurant.bill["status"] == "completed"
        assert restaurant.rows(models.webhook_inbox)[0]["next_try_at"] is None

    def test_after_an_hour_a_message_is_left_alone(self, restaurant: Restaurant) -> None:
        deliver(restaurant, *restaurant.sandbox().webhook("pay_never0made"))
        long_ago = sa.func.now() - sa.text("interval '2 hours'")
        restaurant.execute(sa.update(models.webhook_inbox).values(received_at=long_ago, next_try_at=sa.func.now()))
        webhooks.retry(restaurant.till)
        assert restaurant.rows(models.webhook_inbox)[0]["next_try_at"] is None

    @pytest.mark.parametrize("payment_id", ["x", "' OR 1=1", "pay_" + "x" * 50])
    def test_a_message_about_no_payment_of_ours_is_kept_and_left_alone(
        self, restaurant: Restaurant, payment_id: str
    ) -> None:
        body = message(payment_id)
        assert deliver(restaurant, signed(body), body) == {"received": True}
        assert restaurant.rows(models.webhook_inbox)[0]["next_try_at"] is None

    def test_a_wrong_amount_never_pays(self, restaurant: Restaurant) -> None:
        payment_id = approved_elsewhere(restaurant)
        restaurant.execute(sa.update(models.sandbox_charges).values(captured_minor=999))
        deliver(restaurant, *restaurant.sandbox().webhook(payment_id))
        assert restaurant.payment["status"] == "unknown"
        assert not restaurant.orders.is_paid()

    def test_a_broken_message_does_not_stop_the_others(
        self, restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: Any) -> None:
            raise ZeroDivisionError

        payment_id = approved_elsewhere(restaurant)
        headers, body = restaurant.sandbox().webhook("pay_unknown0")
        deliver(restaurant, headers, body)
        with monkeypatch.context() as patch:
            patch.setattr(Sandbox, "look_up", broken)
            with pytest.raises(ZeroDivisionError):
                deliver(restaurant, *restaurant.sandbox().webhook(payment_id))
            make_due(restaurant)
            webhooks.retry(restaurant.till)
        make_due(restaurant)
        webhooks.retry(restaurant.till)
        assert restaurant.bill["status"] == "completed"

    def test_an_unknown_kind_is_thanked_for(self, restaurant: Restaurant) -> None:
        body = message(None, kind="weather.changed")
        assert deliver(restaurant, signed(body), body) == {"received": True}


class TestKilled:
    """Whoever follows a message may die at any point: it is kept first, and followed until it is done."""

    points = (
        "before provider.look_up",
        "after provider.look_up",
        "before order.mark_paid",
        "after order.mark_paid",
        "captured-completed",
    )

    @pytest.mark.parametrize("point", points)
    def test_a_message_is_followed_by_another_replica(
        self, restaurant: Restaurant, kill_at: Callable[[str], None], point: str
    ) -> None:
        headers, body = restaurant.sandbox().webhook(approved_elsewhere(restaurant))
        kill_at(point)
        with pytest.raises(Killed):
            deliver(restaurant, headers, body)
        # The provider got no answer and sends it again, to another replica.
        assert deliver(restaurant, headers, body) == {"received": True}
        make_due(restaurant)
        webhooks.retry(restaurant.till)
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        assert [one["to_status"] for one in restaurant.rows(models.payment_events)].count("captured") == 1
        [kept] = restaurant.rows(models.webhook_inbox)
        assert (kept["done_at"] is None, kept["next_try_at"]) == (False, None)

    @pytest.mark.parametrize("point", points)
    def test_whoever_retries_may_die_too(
        self, restaurant: Restaurant, kill_at: Callable[[str], None], point: str
    ) -> None:
        headers, body = restaurant.sandbox().webhook(approved_elsewhere(restaurant))
        kill_at("before provider.look_up")
        with pytest.raises(Killed):
            deliver(restaurant, headers, body)
        make_due(restaurant)
        kill_at(point)
        with pytest.raises(Killed):
            webhooks.retry(restaurant.till)
        make_due(restaurant)
        webhooks.retry(restaurant.till)
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        assert restaurant.rows(models.webhook_inbox)[0]["next_try_at"] is None

    def test_two_replicas_do_not_follow_one_message_at_once(self, restaurant: Restaurant) -> None:
        payment_id = approved_elsewhere(restaurant)
        body = message(payment_id)
        restaurant.execute(
            sa.insert(models.webhook_inbox).values(
                provider="sandbox", event_id="evt_1", kind="x", payment_id=payment_id, next_try_at=sa.func.now()
            )
        )
        at_once(4, lambda place: deliver(restaurant, signed(body), body) if place else webhooks.retry(restaurant.till))
        assert restaurant.bill["status"] == "completed"
        assert restaurant.orders.asked.count("mark_paid") == 1
