"""What the guest has agreed to: another total or another version of an order holds nothing and charges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import checkout, models, schemas
from ordering_platform.payment.states import BILL_ENDS
from ordering_platform.runtime.errors import DomainError, ValidationFailed
from tests.payment.fakes import VERSION

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant

KEY = "key-of-the-guest"


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def untouched(restaurant: Restaurant) -> None:
    """Nothing is held, reserved or charged."""
    assert restaurant.orders.is_free()
    assert restaurant.promotions.used("TEN") == 0
    assert (restaurant.charged, restaurant.rows(models.payments)) == ([], [])
    assert {one["status"] for one in restaurant.rows(models.bills)} <= set(BILL_ENDS)


@pytest.mark.parametrize(
    ("agreed", "code"),
    [
        ({"expected_total": euros(901)}, "price_changed"),
        ({"order_versions": {"ord_1": VERSION + 1}}, "order_changed"),
        ({"order_versions": {"ord_1": VERSION + 1}, "expected_total": euros(1)}, "order_changed"),
    ],
)
def test_what_is_not_as_agreed_reserves_nothing(restaurant: Restaurant, agreed: dict[str, Any], code: str) -> None:
    refusal = restaurant.refused(KEY, code="TEN", **agreed)
    assert (refusal.status, refusal.code) == (409, code)
    untouched(restaurant)
    assert restaurant.check_out(KEY, code="TEN", **agreed).status == 409
    assert restaurant.check_out(code="TEN").status == 201


@pytest.mark.parametrize("versions", [{"ord_1": VERSION}, {}, {"ord_2": 99}])
def test_what_is_as_agreed_is_paid(restaurant: Restaurant, versions: dict[str, int]) -> None:
    assert restaurant.check_out(code="TEN", order_versions=versions, expected_total=euros(900)).status == 201


def test_a_bill_of_several_payments_is_agreed_to_in_the_same_way(restaurant: Restaurant) -> None:
    wish = {"order_ids": ["ord_1"], "order_versions": {"ord_1": VERSION + 1}}
    request = restaurant.request(wish, schema=schemas.NewBill, path="/v1/bills")
    with pytest.raises(DomainError) as caught:
        checkout.open_bill(restaurant.till, request)
    assert caught.value.code == "order_changed"
    untouched(restaurant)


@pytest.mark.parametrize(
    "versions", [None, [], "2", {"ord_1": 0}, {"ord_1": "1"}, {"ord_1": True}, {"ord_1": 2**53}, {"ord_1": 1.0}]
)
def test_versions_are_whole_numbers_by_order(restaurant: Restaurant, versions: Any) -> None:
    with pytest.raises(ValidationFailed) as caught:
        restaurant.check_out(order_versions=versions)
    assert [one.pointer for one in caught.value.errors] == ["/order_versions"]
    assert restaurant.rows(models.bills) == []
