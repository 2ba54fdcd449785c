"""What every way to pay must do; a plug-in of another package subclasses what fits and names its provider.

``ProviderContract`` is for all, ``OnlineContract`` for those that charge by themselves, ``HoldingContract`` for those
that can hold money first. The last two are given ``Faults``, which make the real service, or a stand-in on the wire,
behave badly: no method of the provider is replaced.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ordering_platform.payment.errors import CardInvalid, ProviderUnavailable, WebhookInvalid
from ordering_platform.payment.providers import Charge, Outcome, Provider, ProviderSilent, Repayment
from ordering_platform.runtime.ids import new_id
from tests.payment.conftest import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Faults:
    """How to make a service behave badly; each method gives what a charge needs to meet it."""

    def declined(self) -> Mapping[str, Any]:
        """Give a card that is declined."""
        raise NotImplementedError

    def challenged(self) -> Mapping[str, Any]:
        """Give a card whose holder is asked first."""
        raise NotImplementedError

    def answer(self, payment_id: str, *, approve: bool) -> None:
        """Answer as the card holder."""
        raise NotImplementedError

    def delayed(self) -> Mapping[str, Any]:
        """Give a card that takes a moment."""
        raise NotImplementedError

    def let_time_pass(self) -> None:
        """Let that moment pass."""
        raise NotImplementedError

    def reply_lost(self) -> Mapping[str, Any]:
        """Give a card whose charge is made, but the answer to it never comes."""
        raise NotImplementedError

    def refund_reply_lost(self) -> Mapping[str, Any]:
        """Give a card whose first refund is made, but the answer to it never comes."""
        raise NotImplementedError

    def away(self, provider: Provider) -> tuple[Provider, Mapping[str, Any]]:
        """Give the provider as it is when its service cannot be reached, and a card."""
        raise NotImplementedError

    def falsify(self, payment_id: str, *, amount: int, currency: str) -> None:
        """Let the service say that it has charged something else."""
        raise NotImplementedError


def silenced(ask: Callable[[], Any]) -> Any:
    """Give an answer, or the silence instead of it."""
    try:
        return ask()
    except ProviderSilent as silence:
        return silence


class ProviderContract:
    """Give ``provider`` as a fixture and a ``card`` that it accepts."""

    card: ClassVar[Mapping[str, Any] | None] = None

    def charge(self, amount: int = 1250, card: Mapping[str, Any] | None = None, **more: Any) -> Charge:
        return Charge(new_id("pay"), amount, "EUR", card or self.card or {}, **more)

    def paid(self, provider: Provider, card: Mapping[str, Any] | None = None) -> Repayment:
        """Give the repayment, not asked for yet, of a charge that was captured."""
        charge = self.charge(card=card)
        outcome = provider.create(charge)
        return Repayment(new_id("ref"), charge.payment_id, outcome.reference, charge.amount, charge.currency)

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

    @pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
    def test_its_step_is_at_least_the_smallest_unit(self, provider: Provider, currency: str) -> None:
        assert provider.step(currency, 1) >= 1

    def test_asking_twice_charges_once(self, provider: Provider) -> None:
        charge = self.charge()
        assert provider.create(charge) == provider.create(charge)

    def test_asking_at_once_charges_once(self, provider: Provider) -> None:
        """Whoever is told to wait is told the same as the others in the end."""
        charge = self.charge()
        answers = at_once(5, lambda _: silenced(lambda: provider.create(charge)))
        told = [one for one in answers if isinstance(one, Outcome)]
        assert told
        assert {*told, provider.create(charge)} == {told[0]}

    def test_a_charge_can_be_looked_up(self, provider: Provider) -> None:
        charge = self.charge()
        outcome = provider.create(charge)
        assert provider.look_up(charge.payment_id) == outcome
        assert provider.look_up(charge.payment_id, outcome.reference) == outcome

    def test_a_cancelled_charge_stays_cancelled(self, provider: Provider) -> None:
        cancelled = provider.cancel(new_id("pay"))
        assert cancelled.status == "failed"

    def test_cancelling_twice_is_cancelling_once(self, provider: Provider) -> None:
        charge = self.charge()
        assert provider.cancel(charge.payment_id) == provider.cancel(charge.payment_id)

    def test_money_goes_back_once_for_each_refund_id(self, provider: Provider) -> None:
        back = self.paid(provider)
        answers = at_once(5, lambda _: silenced(lambda: provider.refund(back)))
        first = provider.refund(back)
        assert first.status == "succeeded"
        assert all(one == first for one in answers if not isinstance(one, ProviderSilent))
        assert provider.look_up_refund(back) == first


class OnlineContract(ProviderContract):
    """Give ``faults`` as well; ``signed`` writes a webhook as the service would send it."""

    def signed(self, provider: Provider, body: bytes) -> Mapping[str, str]:
        """Give the headers of a message with this body."""
        raise NotImplementedError

    def test_what_is_captured_is_what_was_asked(self, provider: Provider) -> None:
        charge = self.charge()
        outcome = provider.create(charge)
        assert (outcome.status, outcome.amount, outcome.currency) == ("captured", charge.amount, charge.currency)

    def test_a_charge_nobody_made_cannot_be_looked_up(self, provider: Provider) -> None:
        assert provider.look_up(new_id("pay")) is None

    def test_what_was_given_up_is_not_charged_when_it_arrives_late(self, provider: Provider) -> None:
        charge = self.charge()
        provider.cancel(charge.payment_id)
        assert provider.create(charge).status == "failed"
        found = provider.look_up(charge.payment_id)
        assert found is not None
        assert found.status == "failed"

    def test_of_charging_and_cancelling_at_once_one_wins(self, provider: Provider) -> None:
        charge = self.charge()
        acts = (lambda: provider.create(charge), lambda: provider.cancel(charge.payment_id))
        at_once(4, lambda place: silenced(acts[place % 2]))
        told = {provider.create(charge).status, provider.cancel(charge.payment_id).status}
        assert told in ({"captured"}, {"failed"})

    def test_a_captured_charge_is_not_cancelled(self, provider: Provider) -> None:
        charge = self.charge()
        outcome = provider.create(charge)
        assert provider.cancel(charge.payment_id) == outcome
        assert provider.cancel(charge.payment_id, outcome.reference) == outcome

    def test_a_decline_is_definite_and_says_why(self, provider: Provider, faults: Faults) -> None:
        charge = self.charge(card=faults.declined())
        outcome = provider.create(charge)
        assert outcome.status == "failed"
        assert outcome.code
        assert provider.create(charge) == outcome
        assert provider.look_up(charge.payment_id) == outcome

    @pytest.mark.parametrize(("approve", "status"), [(True, "captured"), (False, "failed")])
    def test_a_card_holder_is_asked(self, provider: Provider, faults: Faults, approve: bool, status: str) -> None:
        charge = self.charge(card=faults.challenged())
        outcome = provider.create(charge)
        assert outcome.status == "requires_action"
        assert outcome.next_action
        assert provider.create(charge) == outcome
        faults.answer(charge.payment_id, approve=approve)
        found = provider.look_up(charge.payment_id)
        assert found is not None
        assert found.status == status

    def test_a_question_nobody_answers_is_taken_back(self, provider: Provider, faults: Faults) -> None:
        charge = self.charge(card=faults.challenged())
        provider.create(charge)
        assert provider.cancel(charge.payment_id).status == "failed"

    def test_a_charge_may_take_a_moment(self, provider: Provider, faults: Faults) -> None:
        charge = self.charge(card=faults.delayed())
        assert provider.create(charge).status == "processing"
        faults.let_time_pass()
        found = provider.look_up(charge.payment_id)
        assert found is not None
        assert (found.status, found.amount) == ("captured", charge.amount)

    def test_a_lost_answer_is_silence_and_no_decline(self, provider: Provider, faults: Faults) -> None:
        charge = self.charge(card=faults.reply_lost())
        with pytest.raises(ProviderSilent):
            provider.create(charge)
        found = provider.look_up(charge.payment_id)
        assert found is not None
        assert found.status == "captured"
        assert provider.create(charge) == found

    def test_a_lost_answer_to_a_refund_is_no_second_refund(self, provider: Provider, faults: Faults) -> None:
        back = self.paid(provider, faults.refund_reply_lost())
        with pytest.raises(ProviderSilent):
            provider.refund(back)
        found = provider.look_up_refund(back)
        assert found is not None
        assert found.status == "succeeded"
        assert provider.refund(back) == found

    def test_where_nothing_was_sent_nothing_was_charged(self, provider: Provider, faults: Faults) -> None:
        elsewhere, card = faults.away(provider)
        charge = self.charge(card=card)
        with pytest.raises(ProviderUnavailable):
            elsewhere.create(charge)
        assert provider.look_up(charge.payment_id) is None

    @pytest.mark.parametrize(("amount", "currency"), [(1249, "EUR"), (1251, "EUR"), (1250, "USD")])
    def test_a_wrong_charge_is_told_as_it_is(
        self, provider: Provider, faults: Faults, amount: int, currency: str
    ) -> None:
        """The platform compares; a provider must not say what we would like to hear."""
        charge = self.charge()
        provider.create(charge)
        faults.falsify(charge.payment_id, amount=amount, currency=currency)
        found = provider.look_up(charge.payment_id)
        assert found is not None
        assert (found.amount, found.currency) == (amount, currency)

    def test_no_more_goes_back_than_was_captured(self, provider: Provider) -> None:
        back = self.paid(provider)
        parts = [replace(back, refund_id=new_id("ref"), amount=750) for _ in range(4)]
        answers = at_once(4, lambda place: provider.refund(parts[place]).status)
        assert sorted(answers) == ["failed", "failed", "failed", "succeeded"]
        assert provider.refund(replace(back, refund_id=new_id("ref"), amount=500)).status == "succeeded"
        assert provider.refund(replace(back, refund_id=new_id("ref"), amount=1)).status == "failed"

    def test_money_goes_back_in_the_currency_it_came_in(self, provider: Provider) -> None:
        assert provider.refund(replace(self.paid(provider), currency="USD")).status == "failed"

    def test_a_refund_nobody_asked_for_cannot_be_looked_up(self, provider: Provider) -> None:
        assert provider.look_up_refund(self.paid(provider)) is None

    def test_nothing_goes_back_of_what_was_never_charged(self, provider: Provider) -> None:
        never = Repayment(new_id("ref"), new_id("pay"), None, 100, "EUR")
        assert provider.refund(never).status == "failed"

    def test_a_message_is_read_only_where_it_is_signed(self, provider: Provider) -> None:
        body = b'{"id": "evt_1", "type": "something.new", "data": {"object": {}}}'
        headers = self.signed(provider, body)
        notice = provider.read_webhook(headers, body)
        assert (notice.event_id, notice.kind, notice.payment_id) == ("evt_1", "something.new", None)
        for spoiled in (({}, body), (headers, body + b" ")):
            with pytest.raises(WebhookInvalid):
                provider.read_webhook(*spoiled)


class HoldingContract(OnlineContract):
    """For providers that hold money first."""

    def held(self, provider: Provider) -> Charge:
        charge = self.charge(capture_later=True)
        outcome = provider.create(charge)
        assert (outcome.status, outcome.amount) == ("authorized", charge.amount)
        return charge

    def test_it_says_that_it_holds(self, provider: Provider) -> None:
        assert provider.holds

    def test_what_is_held_is_found_as_held(self, provider: Provider) -> None:
        charge = self.held(provider)
        assert provider.create(charge) == provider.look_up(charge.payment_id)

    @pytest.mark.parametrize("amount", [1250, 1000, 1])
    def test_up_to_what_is_held_is_taken_once(self, provider: Provider, amount: int) -> None:
        charge = self.held(provider)
        outcome = provider.capture(charge.payment_id, amount)
        assert (outcome.status, outcome.amount, outcome.currency) == ("captured", amount, "EUR")
        assert provider.capture(charge.payment_id, amount, outcome.reference) == outcome
        assert provider.capture(charge.payment_id, 2).amount == amount
        assert provider.look_up(charge.payment_id) == outcome

    def test_more_than_is_held_is_not_taken(self, provider: Provider) -> None:
        charge = self.held(provider)
        assert provider.capture(charge.payment_id, 1251).status == "authorized"

    def test_what_was_let_go_is_not_taken(self, provider: Provider) -> None:
        charge = self.held(provider)
        assert provider.cancel(charge.payment_id).status == "failed"
        assert provider.capture(charge.payment_id, 1250).status == "failed"

    def test_of_taking_and_letting_go_at_once_one_wins(self, provider: Provider) -> None:
        charge = self.held(provider)
        acts = (lambda: provider.capture(charge.payment_id, 1250), lambda: provider.cancel(charge.payment_id))
        at_once(4, lambda place: silenced(acts[place % 2]))
        told = {provider.capture(charge.payment_id, 1250).status, provider.cancel(charge.payment_id).status}
        assert told in ({"captured"}, {"failed"})

    def test_no_more_goes_back_than_was_taken(self, provider: Provider) -> None:
        charge = self.held(provider)
        outcome = provider.capture(charge.payment_id, 1000)
        back = Repayment(new_id("ref"), charge.payment_id, outcome.reference, 1001, "EUR")
        assert provider.refund(back).status == "failed"
        assert provider.refund(replace(back, refund_id=new_id("ref"), amount=1000)).status == "succeeded"

    def test_what_was_never_held_is_not_taken(self, provider: Provider) -> None:
        assert provider.capture(new_id("pay"), 1).status == "failed"
