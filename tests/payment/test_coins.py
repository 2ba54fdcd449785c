"""Where the smallest coin is five cents, cash is paid in fives; the bill itself stays exact to the cent."""

from __future__ import annotations

from typing import Any

import pytest

from ordering_platform.payment import checkout, counter, schemas
from tests.payment.conftest import CASHIER, KEY, Restaurant
from tests.payment.fakes import line
from tests.payment.test_paying import body, euros, pay


@pytest.fixture
def fives(restaurant: Restaurant) -> Restaurant:
    restaurant.orders.venue["cash_step_minor"] = 5
    restaurant.orders.add("ord_1", line(gross=1002))
    return restaurant


def quoted(restaurant: Restaurant, **fields: Any) -> int:
    asked = restaurant.request({"order_ids": ["ord_1"], **fields}, schema=schemas.QuoteQuestion)
    return int(checkout.quote(restaurant.till, asked)["total"]["amount"])


def test_cash_is_rounded_and_says_so(fives: Restaurant) -> None:
    told = body(fives.check_out(method="cash", expected_total=euros(1000)))
    assert (told["bill"]["total"], told["bill"]["quote"]["rounding"]) == (euros(1002), euros(-2))
    assert [told["payment"][name] for name in ("amount", "rounding", "total")] == [euros(1002), euros(-2), euros(1000)]
    confirmed = counter.confirm(fives.till, CASHIER, told["payment"]["id"])
    assert (confirmed["status"], confirmed["captured"]) == ("captured", euros(1000))
    assert fives.bill["status"] == "completed"


def test_a_card_is_charged_to_the_cent(fives: Restaurant) -> None:
    fives.check_out(KEY)
    assert [one["amount_minor"] for one in fives.charged] == [1002]
    assert fives.payment["rounding_minor"] == 0


def test_each_payer_of_a_bill_pays_in_coins_that_exist(fives: Restaurant) -> None:
    asked = fives.request({"order_ids": ["ord_1"]}, schema=schemas.NewBill, path="/v1/bills")
    bill_id = body(checkout.open_bill(fives.till, asked))["id"]
    for _ in range(3):
        told = body(pay(fives, bill_id, method="cash", amount=euros(334)))
        assert (told["rounding"], told["total"]) == (euros(1), euros(335))
        counter.confirm(fives.till, CASHIER, told["id"])
    assert fives.bill["status"] == "completed"


def test_the_price_asked_for_a_way_to_pay_is_the_price_paid(fives: Restaurant) -> None:
    assert quoted(fives, method="cash") == 1000
    assert quoted(fives, method="sandbox") == quoted(fives) == 1002
