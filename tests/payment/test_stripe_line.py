"""On the line to Stripe every fault is told as what it means for money, nothing waits for ever, nothing leaks."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import eventlet
import pytest

from ordering_platform.payment import providers
from ordering_platform.payment.errors import ProviderUnavailable
from ordering_platform.payment.providers import Charge, ProviderSilent, switched_on
from ordering_platform.payment.providers.stripe import Stripe
from ordering_platform.runtime import config
from ordering_platform.runtime.config import ConfigInvalid
from ordering_platform.runtime.ids import new_id
from tests.payment.conftest import at_once
from tests.support import localstripe
from tests.support.localstripe import INTENTS, Desk

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings

CREATE = f"POST {INTENTS}"
NEEDED = {
    "DATABASE_URL": "postgresql:///x",
    "AMQP_URL": "amqp://x",
    "JWKS_URL": "http://x",
    "PUBLIC_URL": "http://x",
}


@pytest.fixture
def stripe(stripe_settings: Settings) -> Stripe:
    return Stripe(stripe_settings)


def charge() -> Charge:
    return Charge(new_id("pay"), 1250, "EUR", {"token": "pm_card_visa"})


class TestFaults:
    @pytest.mark.parametrize("status", [429, 401, 403])
    def test_turned_away_at_the_door_is_not_charged(self, stripe: Stripe, desk: Desk, status: int) -> None:
        desk.answer_next(CREATE, status)
        with pytest.raises(ProviderUnavailable):
            stripe.create(charge())

    @pytest.mark.parametrize("status", [500, 502, 503, 409])
    def test_a_fault_of_stripe_leaves_it_open(self, stripe: Stripe, desk: Desk, status: int) -> None:
        desk.answer_next(CREATE, status)
        with pytest.raises(ProviderSilent):
            stripe.create(charge())

    def test_a_refused_request_is_definite_and_says_why(self, stripe: Stripe, desk: Desk) -> None:
        desk.answer_next(CREATE, 400, {"type": "invalid_request_error", "code": "amount_too_small"})
        outcome = stripe.create(charge())
        assert (outcome.status, outcome.code) == ("failed", "amount_too_small")

    def test_an_unknown_card_is_definite(self, stripe: Stripe) -> None:
        outcome = stripe.create(replace(charge(), card={"token": "pm_nobody"}))
        assert outcome.status == "failed"

    def test_an_answer_that_is_no_json_leaves_it_open(self, stripe: Stripe, desk: Desk) -> None:
        desk.faults.append(localstripe.Fault(CREATE, lambda *_: (200, b"<html>Gateway</html>")))
        with pytest.raises(ProviderSilent):
            stripe.create(charge())

    def test_nothing_is_sent_twice_by_itself(self, stripe: Stripe, desk: Desk) -> None:
        desk.lose_next(CREATE)
        with pytest.raises(ProviderSilent):
            stripe.create(charge())
        assert desk.count(CREATE) == 1


class TestWaiting:
    def test_a_silent_stripe_is_left_after_the_time_of_a_call(self, stripe_settings: Settings, desk: Desk) -> None:
        stripe = Stripe(replace(stripe_settings, rpc_timeout=0.2))
        with desk.open, pytest.raises(ProviderSilent):
            stripe.create(charge())

    def test_who_waits_for_stripe_holds_nobody_up(self, stripe: Stripe, desk: Desk) -> None:
        """All requests are at the desk before the first is answered."""
        with desk.open:
            waiting = [eventlet.spawn(stripe.create, charge()) for _ in range(10)]
            while desk.count(CREATE) < len(waiting):
                eventlet.sleep(0)
        assert {one.wait().status for one in waiting} == {"captured"}

    def test_connections_are_kept(self, stripe: Stripe, desk: Desk) -> None:
        for _ in range(5):
            stripe.create(charge())
        assert len({one.head.get("connection", "keep-alive") for one in desk.asked}) == 1
        assert at_once(3, lambda _: stripe.create(charge()).status) == ["captured"] * 3


class TestSecrets:
    def test_both_are_missed_together(self) -> None:
        with pytest.raises(ConfigInvalid) as caught:
            config.load({**NEEDED, "ORDERING_PAYMENT_PROVIDERS": "cash,stripe"})
        told = str(caught.value)
        assert "ORDERING_STRIPE_SECRET_KEY is missing" in told
        assert "ORDERING_STRIPE_WEBHOOK_SECRET is missing" in told

    def test_they_are_missed_along_with_all_else(self) -> None:
        with pytest.raises(ConfigInvalid, match=r"(?s)DATABASE_URL is missing.*ORDERING_STRIPE_SECRET_KEY is missing"):
            config.load({"ORDERING_PAYMENT_PROVIDERS": "stripe"})

    def test_nobody_else_needs_them(self) -> None:
        assert config.load({**NEEDED, "ORDERING_PAYMENT_PROVIDERS": "cash,sandbox"}).stripe_secret_key == ""

    def test_they_are_never_shown(self, stripe_settings: Settings) -> None:
        shown = {one["name"]: one["value"] for one in config.shown(stripe_settings, {})}
        assert shown["ORDERING_STRIPE_SECRET_KEY"] == shown["ORDERING_STRIPE_WEBHOOK_SECRET"] == "********"

    def test_they_are_never_logged(self, stripe: Stripe, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            stripe.create(charge())
            for status in (401, 500):
                desk.answer_next(CREATE, status, {"message": f"Invalid API Key provided: {localstripe.KEY}"})
                with pytest.raises((ProviderUnavailable, ProviderSilent)):
                    stripe.create(charge())
        ours = [one for one in caplog.records if one.name.startswith("ordering")]
        assert ours
        assert not any(localstripe.KEY in one.getMessage() for one in ours)


def test_without_its_extra_it_says_what_to_install(stripe_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.startswith(f"{providers.__name__}.stripe")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "stripe", None)
    with pytest.raises(ConfigInvalid, match=r"install ordering-platform\[stripe\]"):
        switched_on(stripe_settings)
