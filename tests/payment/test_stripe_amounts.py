"""Stripe counts a few currencies in its own way; the bill and the charge agree all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from ordering_platform.payment.providers import Charge, Repayment
from ordering_platform.payment.providers.stripe import Stripe, amounts
from ordering_platform.payment.till import terms_of
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.money import digits
from tests.payment.fakes import line
from tests.payment.test_paying import body

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings
    from tests.payment.conftest import Restaurant
    from tests.support.localstripe import Desk

CURRENCIES = sorted(one.code for one in Currency if one.exponent is not None and one.exponent <= 3)
VISA = {"token": "pm_card_visa"}


@pytest.fixture
def by_stripe(restaurant: Restaurant, stripe_settings: Settings) -> Restaurant:
    return restaurant.with_terms(providers=terms_of(stripe_settings).providers)


@pytest.mark.parametrize(
    ("currency", "iso", "stripe"),
    [
        ("EUR", 1250, 1250),
        ("JPY", 1250, 1250),
        ("KWD", 5120, 5120),
        ("TND", 5130, 5130),
        # ISO gives them no digits, Stripe wants two.
        ("ISK", 1250, 125000),
        ("UGX", 1250, 125000),
        # ISO gives it two, Stripe has none.
        ("MGA", 125000, 1250),
        # Babel prints no digits for them; ISO and Stripe count them.
        ("RSD", 1250, 1250),
        ("HUF", 125000, 125000),
    ],
)
def test_an_amount_there_and_back(currency: str, iso: int, stripe: int) -> None:
    assert amounts.to_stripe(iso, currency) == stripe
    assert amounts.from_stripe(stripe, currency) == iso


@pytest.mark.parametrize(
    ("currency", "step"), [("EUR", 1), ("JPY", 1), ("KWD", 10), ("BHD", 10), ("MGA", 100), ("ISK", 1), ("IQD", 10)]
)
def test_the_smallest_amount_a_charge_can_move_by(currency: str, step: int) -> None:
    assert amounts.step(currency) == step


@pytest.mark.parametrize(("amount", "currency"), [(5124, "KWD"), (150, "MGA")])
def test_between_two_steps_nothing_is_charged(amount: int, currency: str) -> None:
    with pytest.raises(ValueError, match=currency):
        amounts.to_stripe(amount, currency)


@given(st.sampled_from(CURRENCIES), st.integers(min_value=0, max_value=10**12))
def test_every_amount_at_a_step_survives_the_way(currency: str, steps: int) -> None:
    amount = steps * amounts.step(currency)
    assert amounts.from_stripe(amounts.to_stripe(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("currency", "total", "rounding", "charged"),
    [
        ("KWD", 5124, -4, 5120),
        ("KWD", 5125, 5, 5130),
        ("KWD", 5120, 0, 5120),
        ("JPY", 1250, 0, 1250),
        ("EUR", 1250, 0, 1250),
        ("ISK", 1250, 0, 125000),
    ],
)
def test_bill_and_charge_agree(
    by_stripe: Restaurant, desk: Desk, *, currency: str, total: int, rounding: int, charged: int
) -> None:
    by_stripe.orders.terms = {"currency": currency, "currency_digits": digits(currency)}
    by_stripe.orders.add("ord_1", line(gross=total))
    told: dict[str, Any] = body(by_stripe.check_out(method="stripe", card=VISA))
    assert told["bill"]["status"] == "completed"
    assert told["payment"]["amount"]["amount"] == total
    assert told["payment"]["rounding"]["amount"] == rounding
    assert told["payment"]["captured"]["amount"] == total + rounding
    [asked] = [one for one in desk.asked if one.is_for("POST /v1/payment_intents")]
    assert (int(asked.form["amount"]), asked.form["currency"]) == (charged, currency.lower())


@pytest.mark.parametrize(("amount", "status"), [(5120, "succeeded"), (5124, "failed"), (10, "succeeded")])
def test_what_goes_back_has_the_same_steps(stripe_settings: Settings, amount: int, status: str) -> None:
    stripe = Stripe(stripe_settings)
    charge = Charge(new_id("pay"), 5130, "KWD", VISA)
    reference = stripe.create(charge).reference
    assert stripe.refund(Repayment(new_id("ref"), charge.payment_id, reference, amount, "KWD")).status == status
