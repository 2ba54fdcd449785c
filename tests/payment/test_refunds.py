"""What goes back, to whom it is told, who may do it, and that two at once never give back a cent too much."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import models
from ordering_platform.runtime.identity import Caller
from tests.payment.conftest import CASHIER, KEY, Restaurant, at_once
from tests.payment.fakes import line

if TYPE_CHECKING:
    from ordering_platform.runtime.replies import Reply

MANAGER = Caller("staff", id="usr_manager", venue="ven_1", roles=frozenset({"waiter", "cashier", "manager"}))


def eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def told(reply: Reply) -> dict[str, Any]:
    assert isinstance(reply.body, bytes)
    found: dict[str, Any] = json.loads(reply.body)
    return found


@pytest.fixture
def dinner(restaurant: Restaurant) -> Restaurant:
    """A dinner of 100.00 that is paid by card."""
    restaurant.orders.add("ord_1", line("goose", 10_000))
    restaurant.check_out()
    return restaurant


def in_order(restaurant: Restaurant) -> None:
    """What must hold after every refund: our counters, the rows and the sandbox's own books agree."""
    for payment in restaurant.rows(models.payments):
        mine = [one for one in restaurant.rows(models.refunds) if one["payment_id"] == payment["id"]]
        back = sum(one["amount_minor"] for one in mine if one["status"] in {"succeeded", "completed"})
        pending = sum(one["amount_minor"] for one in mine if one["status"] in {"processing", "unknown"})
        tips = sum(one["tip_minor"] for one in mine if one["status"] != "failed")
        kept = ("refunded_minor", "refund_pending_minor", "tip_refunded_minor")
        assert [payment[name] for name in kept] == [back, pending, tips]
        if payment["method"] == "sandbox":
            books = [one for one in restaurant.rows(models.sandbox_refunds) if one["charge_id"] == payment["id"]]
            assert back == sum(one["amount_minor"] for one in books if one["status"] == "succeeded")


class TestWhatGoesBack:
    def test_all_that_is_left_with_the_tip(self, restaurant: Restaurant) -> None:
        restaurant.check_out(tip=eur(100), code="TEN")
        refund = told(restaurant.give_back())
        assert (refund["status"], refund["total"], refund["tip"]) == ("completed", eur(1000), eur(100))
        assert restaurant.orders.refund_status(restaurant.bill["id"]) == "refunded"
        assert restaurant.promotions.state[restaurant.bill["id"]] == "reversed"
        in_order(restaurant)
