"""Cash, terminal and sandbox keep the contract; the sandbox also does what its test cards say."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import sqlalchemy as sa

from ordering_platform.payment import models
from ordering_platform.payment.errors import ChallengeNotPending, ProviderNotFound
from ordering_platform.payment.providers import (
    Charge,
    Outcome,
    Provider,
    ProviderSilent,
    Repayment,
    signed,
    switched_on,
)
from ordering_platform.payment.providers.card_terminal import CardTerminal
from ordering_platform.payment.providers.cash import Cash
from ordering_platform.payment.providers.sandbox import SIGNATURE, Sandbox
from ordering_platform.runtime.config import ConfigInvalid
from ordering_platform.runtime.ids import new_id
from tests.payment.provider_contract import Faults, HoldingContract, ProviderContract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.database import Transactions
    from tests.payment.conftest import Restaurant


class TestCashKeepsTheContract(ProviderContract):
    @pytest.fixture
    def provider(self, settings: Settings) -> Cash:
        return Cash(settings)


class TestCardTerminalKeepsTheContract(ProviderContract):
    @pytest.fixture
    def provider(self, settings: Settings) -> CardTerminal:
        return CardTerminal(settings)


class BadDays(Faults):
    """The sandbox misbehaves by its cards; its books are changed behind its back."""

    def __init__(self, sandbox: Sandbox, db: Transactions) -> None:
        self.sandbox = sandbox
        self.db = db

    def declined(self) -> Mapping[str, Any]:
        return {"token": "tok_decline"}

    def challenged(self) -> Mapping[str, Any]:
        return {"token": "tok_3ds"}

    def answer(self, payment_id: str, *, approve: bool) -> None:
        self.sandbox.challenge(payment_id, approve=approve)

    def delayed(self) -> Mapping[str, Any]:
        return {"token": "tok_delay"}

    def let_time_pass(self) -> None:
        with self.db.transaction() as tx:
            for table in (models.sandbox_charges, models.sandbox_refunds):
                due = sa.update(table).where(table.c.settles_at.is_not(None))
                tx.execute(due.values(settles_at=sa.func.now()))

    def reply_lost(self) -> Mapping[str, Any]:
        return {"token": "tok_timeout"}

    def refund_reply_lost(self) -> Mapping[str, Any]:
        return {"token": "tok_refund_timeout"}

    def away(self, provider: Provider) -> tuple[Provider, Mapping[str, Any]]:
        return provider, {"token": "tok_unavailable"}

    def falsify(self, payment_id: str, *, amount: int, currency: str) -> None:
        mine = models.sandbox_charges.c.id == payment_id
        with self.db.transaction() as tx:
            tx.execute(sa.update(models.sandbox_charges).where(mine).values(captured_minor=amount, currency=currency))


class TestSandboxKeepsTheContract(HoldingContract):
    card: ClassVar[Mapping[str, Any] | None] = {"token": "tok_approve"}

    @pytest.fixture
    def provider(self, sandbox: Sandbox) -> Sandbox:
        return sandbox

    @pytest.fixture
    def faults(self, sandbox: Sandbox, db: Transactions) -> BadDays:
        return BadDays(sandbox, db)

    def signed(self, provider: Provider, body: bytes) -> Mapping[str, str]:
        del provider
        return {SIGNATURE: signed.header("whsec_of_the_tests", int(time.time()), body)}


@pytest.fixture
def sandbox(settings: Settings, db: Transactions) -> Sandbox:
    db.ping()
    return Sandbox(settings)


def charge(card: str) -> Charge:
    return Charge(new_id("pay"), 500, "EUR", {"token": card})


class TestCards:
    outcomes: ClassVar[dict[str, str]] = {
        "tok_approve": "captured",
        "tok_decline": "failed",
        "tok_3ds": "requires_action",
        "tok_delay": "processing",
    }

    @pytest.mark.parametrize(("card", "status"), outcomes.items())
    def test_a_card_does_what_it_says(self, sandbox: Sandbox, card: str, status: str) -> None:
        assert sandbox.create(charge(card)).status == status

    def test_a_delayed_charge_is_made_when_its_time_has_come(self, sandbox: Sandbox, db: Transactions) -> None:
        delayed = charge("tok_delay")
        sandbox.create(delayed)
        assert sandbox.look_up(delayed.payment_id) == replace(sandbox.create(delayed), status="processing")
        with db.transaction() as tx:
            tx.execute(sa.update(models.sandbox_charges).values(settles_at=sa.func.now()))
        found = sandbox.look_up(delayed.payment_id)
        assert found is not None
        assert found.status == "captured"

    def test_a_lost_answer_hides_a_charge(self, sandbox: Sandbox) -> None:
        lost = charge("tok_timeout")
        with pytest.raises(ProviderSilent):
            sandbox.create(lost)
        assert sandbox.create(lost).status == "captured"

    def test_only_a_waiting_charge_is_challenged(self, sandbox: Sandbox) -> None:
        asked = charge("tok_3ds")
        sandbox.create(asked)
        assert sandbox.challenge(asked.payment_id, approve=False).status == "failed"
        with pytest.raises(ChallengeNotPending):
            sandbox.challenge(asked.payment_id, approve=True)

    def test_a_charge_nobody_made_cannot_be_looked_up(self, sandbox: Sandbox) -> None:
        assert sandbox.look_up("pay_unknown") is None


@pytest.fixture
def clock(sandbox: Sandbox, db: Transactions) -> BadDays:
    return BadDays(sandbox, db)


def repayment(paid: Charge, amount: int = 500) -> Repayment:
    return Repayment(new_id("ref"), paid.payment_id, None, amount, paid.currency)


class TestRefundCards:
    """What the sandbox does with money on its way back is chosen by the card it came from."""

    ways: ClassVar[dict[str, tuple[str, str]]] = {
        "tok_approve": ("succeeded", "succeeded"),
        "tok_refund_fails": ("failed", "failed"),
        "tok_refund_fails_later": ("succeeded", "failed"),
        "tok_refund_delay": ("processing", "succeeded"),
    }

    @pytest.mark.parametrize(("card", "first", "last"), [(card, *way) for card, way in ways.items()])
    def test_a_refund_goes_the_way_of_its_card(
        self, sandbox: Sandbox, clock: BadDays, card: str, first: str, last: str
    ) -> None:
        paid = charge(card)
        sandbox.create(paid)
        back = repayment(paid)
        assert sandbox.refund(back).status == first
        found = sandbox.look_up_refund(back)
        assert found is not None
        assert found.status == first
        clock.let_time_pass()
        found = sandbox.look_up_refund(back)
        assert found is not None
        assert found.status == last
        assert sandbox.refund(back) == found

    def test_a_lost_answer_hides_a_refund(self, sandbox: Sandbox) -> None:
        paid = charge("tok_refund_timeout")
        sandbox.create(paid)
        back = repayment(paid)
        with pytest.raises(ProviderSilent):
            sandbox.refund(back)
        found = sandbox.look_up_refund(back)
        assert found is not None
        assert found.status == "succeeded"
        assert sandbox.refund(back) == found

    def test_a_refund_that_failed_leaves_room_for_another(self, sandbox: Sandbox, clock: BadDays) -> None:
        paid = charge("tok_refund_fails_later")
        sandbox.create(paid)
        first = repayment(paid)
        sandbox.refund(first)
        assert sandbox.refund(repayment(paid)).status == "failed"
        clock.let_time_pass()
        sandbox.look_up_refund(first)
        assert sandbox.refund(repayment(paid)).status == "succeeded"

    def test_a_message_about_a_refund_names_it(self, sandbox: Sandbox) -> None:
        back = new_id("ref")
        notice = sandbox.read_webhook(*sandbox.webhook(None, "refund.failed", refund_id=back))
        assert (notice.kind, notice.payment_id, notice.refund_id) == ("refund.failed", None, back)


class TestWrongCharges:
    """A provider that charges something else than it was asked never makes a bill paid."""

    @pytest.mark.parametrize("wrong", [{"amount": 999}, {"currency": "USD"}])
    def test_a_wrong_amount_or_currency_does_not_count(
        self, restaurant: Restaurant, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
    ) -> None:
        honest = Sandbox.create

        def careless(self: Sandbox, asked: Charge) -> Outcome:
            return replace(honest(self, asked), **wrong)

        monkeypatch.setattr(Sandbox, "create", careless)
        restaurant.check_out()
        assert restaurant.payment["status"] == "unknown"
        assert restaurant.bill["status"] == "paying"
        assert not restaurant.orders.is_paid()


class TestSwitching:
    def test_the_settings_name_the_ways_to_pay_and_their_order(self, settings: Settings) -> None:
        both = replace(settings, payment_providers=("sandbox", "cash"))
        assert list(switched_on(both)) == ["sandbox", "cash"]

    def test_a_plug_in_that_is_not_installed_is_named(self, settings: Settings) -> None:
        with pytest.raises(ConfigInvalid, match="bitcoin"):
            switched_on(replace(settings, payment_providers=("bitcoin",)))

    def test_cash_has_no_webhooks(self, settings: Settings) -> None:
        with pytest.raises(ProviderNotFound):
            Cash(settings).read_webhook({}, b"{}")
