"""A card terminal is confirmed by staff, who keep the number on its slip with the payment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ordering_platform.payment import counter
from ordering_platform.payment.errors import PaymentMethodUnknown, PaymentNotPending
from ordering_platform.payment.till import terms_of
from tests.payment.conftest import CASHIER, Restaurant, at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings


@pytest.fixture
def restaurant(restaurant: Restaurant, settings: Settings) -> Restaurant:
    providers = terms_of(replace(settings, payment_providers=("cash", "card_terminal", "sandbox"))).providers
    return restaurant.with_terms(providers=providers)


def test_it_is_offered_only_where_it_is_switched_on(restaurant: Restaurant, settings: Settings) -> None:
    plain = restaurant.with_terms(providers=terms_of(settings).providers)
    assert plain.refused(method="card_terminal").code == PaymentMethodUnknown.code


def test_the_slip_is_kept_with_the_payment(restaurant: Restaurant) -> None:
    restaurant.check_out(method="card_terminal")
    assert restaurant.payment["status"] == "processing"
    shown = counter.confirm(restaurant.till, CASHIER, str(restaurant.payment["id"]), "slip 004711")
    assert (shown["status"], shown["reference"]) == ("captured", "slip 004711")
    assert restaurant.bill["status"] == "completed"
    assert restaurant.payment["confirmed_by"] == CASHIER.id


def test_it_may_be_confirmed_without_a_slip(restaurant: Restaurant) -> None:
    restaurant.check_out(method="card_terminal")
    shown = counter.confirm(restaurant.till, CASHIER, str(restaurant.payment["id"]))
    assert (shown["status"], shown["reference"]) == ("captured", None)


def test_two_cashiers_at_once_leave_one_slip(restaurant: Restaurant) -> None:
    restaurant.check_out(method="card_terminal")
    payment_id = str(restaurant.payment["id"])
    answers = at_once(2, lambda place: counter.confirm(restaurant.till, CASHIER, payment_id, f"slip {place}"))
    assert len({one["reference"] for one in answers}) == 1
    assert restaurant.orders.asked.count("mark_paid") == 1


def test_its_charge_has_no_coins_to_round_to(restaurant: Restaurant) -> None:
    restaurant.orders.venue["cash_step_minor"] = 5
    restaurant.check_out(method="card_terminal")
    assert restaurant.payment["rounding_minor"] == 0


def test_a_bill_that_was_cancelled_is_not_confirmed(restaurant: Restaurant) -> None:
    restaurant.check_out(method="card_terminal")
    counter.cancel(restaurant.till, CASHIER, str(restaurant.bill["id"]))
    with pytest.raises(PaymentNotPending):
        counter.confirm(restaurant.till, CASHIER, str(restaurant.payment["id"]), "slip 1")
