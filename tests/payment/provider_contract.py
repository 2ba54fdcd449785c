"""What every way to pay must do; a plug-in of another package subclasses this and names its provider."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment.errors import CardInvalid
from ordering_platform.payment.providers import Charge, Provider, Repayment
from ordering_platform.runtime.ids import new_id
from tests.payment.conftest import at_once

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProviderContract:
    """Give ``provider`` as a fixture and a ``card`` that it accepts."""

    card: Mapping[str, Any] | None = None

    def charge(self, amount: int = 1250) -> Charge:
        return Charge(new_id("pay"), amount, "EUR", self.card or {})

    def test_it_has_a_name_and_a_kind(self, provider: Provider) -> None:
        told = provider.described()
        assert told["id"] == provider.id
        assert told["name"]
        assert told["kind"] in {"counter", "online"}

    def test_its_card_is_accepted(self, provider: Provider) -> None:
        provider.check(self.card)

    def test_a_card_of_somebody_else_is_refused(self, provider: Provider) -> None:
        with pytest.raises(CardInvalid):
            provider.check({"token": "tok_of_another_provider"})

    def test_asking_twice_charges_once(self, provider: Provider) -> None:
        charge = self.charge()
        assert provider.create(charge) == provider.create(charge)

    def test_asking_at_once_charges_once(self, provider: Provider) -> None:
        charge = self.charge()
        first, *others = at_once(5, lambda _: provider.create(charge))
        assert all(one == first for one in others)

    def test_what_is_captured_is_what_was_asked(self, provider: Provider) -> None:
        charge = self.charge()
        outcome = provider.create(charge)
        if provider.kind == "online":
            assert (outcome.status, outcome.amount, outcome.currency) == ("captured", charge.amount, charge.currency)
        else:
            assert outcome.status == "processing"

    def test_a_charge_can_be_looked_up(self, provider: Provider) -> None:
        charge = self.charge()
        assert provider.create(charge) == provider.look_up(charge.payment_id)

    def test_a_cancelled_charge_stays_cancelled(self, provider: Provider) -> None:
        """Also when the order to charge arrives late: what was given up must never be charged."""
        charge = self.charge()
        cancelled = provider.cancel(charge.payment_id)
        assert cancelled.status == "failed"
        assert provider.cancel(charge.payment_id) == cancelled
        if provider.kind == "online":
            assert provider.create(charge).status == "failed"

    def test_a_captured_charge_is_not_cancelled(self, provider: Provider) -> None:
        charge = self.charge()
        outcome = provider.create(charge)
        if outcome.status == "captured":
            assert provider.cancel(charge.payment_id) == outcome

    def test_money_goes_back_once_for_each_refund_id(self, provider: Provider) -> None:
        back = self.paid(provider)
        first, *others = at_once(5, lambda _: provider.refund(back))
        assert first.status == "succeeded"
        assert all(one == first for one in others)
        assert provider.look_up_refund(back) == first

    def test_no_more_goes_back_than_was_captured(self, provider: Provider) -> None:
        """At the counter our own books alone know what was captured."""
        if provider.kind == "online":
            back = self.paid(provider)
            parts = [replace(back, refund_id=new_id("ref"), amount=750) for _ in range(4)]
            answers = at_once(4, lambda number: provider.refund(parts[number]).status)
            assert sorted(answers) == ["failed", "failed", "failed", "succeeded"]
            assert provider.refund(replace(back, refund_id=new_id("ref"), amount=500)).status == "succeeded"
            assert provider.refund(replace(back, refund_id=new_id("ref"), amount=1)).status == "failed"

    def test_a_refund_nobody_asked_for_cannot_be_looked_up(self, provider: Provider) -> None:
        if provider.kind == "online":
            assert provider.look_up_refund(self.paid(provider)) is None

    def paid(self, provider: Provider) -> Repayment:
        """Give the repayment, not asked for yet, of a charge that was captured."""
        charge = self.charge()
        outcome = provider.create(charge)
        return Repayment(new_id("ref"), charge.payment_id, outcome.reference, charge.amount, charge.currency)
