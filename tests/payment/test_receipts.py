"""Receipts: numbers without gaps, each printed once, and the text stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import models
from ordering_platform.payment.receipts import issuing
from tests.payment.conftest import at_once

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant


def paid(restaurant: Restaurant, number: int = 1, **fields: Any) -> list[str]:
    """Pay this many orders, each on its own, and give the ids of the bills."""
    found = []
    for place in range(number):
        restaurant.orders.add(f"ord_{place}")
        restaurant.check_out(order_ids=[f"ord_{place}"], **fields)
        found.append(restaurant.bill["id"])
    return found


def numbers(restaurant: Restaurant) -> list[int]:
    return sorted(receipt["number"] for receipt in restaurant.rows(models.receipts))


def test_twenty_bills_at_once_have_the_numbers_from_1_to_20(restaurant: Restaurant) -> None:
    bills = paid(restaurant, 20)
    at_once(20, lambda place: issuing.issue_for(restaurant.till, bills[place]))
    assert numbers(restaurant) == list(range(1, 21))


def test_twenty_who_ask_for_one_receipt_at_once_see_one(restaurant: Restaurant) -> None:
    bill = paid(restaurant)[0]
    at_once(20, lambda _: issuing.issue_for(restaurant.till, bill))
    assert numbers(restaurant) == [1]


def test_sweepers_of_several_replicas_share_the_work(restaurant: Restaurant) -> None:
    paid(restaurant, 20)
    assert sum(at_once(5, lambda _: issuing.issue_due(restaurant.till))) == 20
    assert numbers(restaurant) == list(range(1, 21))
    assert restaurant.rows(models.receipts_due) == []
