"""The day report: its figures are those of the receipts, to the cent, whatever the evening was like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.payment import models
from ordering_platform.payment.reports import day
from ordering_platform.runtime.identity import Caller
from tests.payment.fakes import line

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant

MANAGER = Caller("staff", id="usr_manager", venue="ven_1", roles=frozenset({"manager"}))


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def reported(restaurant: Restaurant) -> dict[str, Any]:
    return day.report(restaurant.till, MANAGER, None)


def test_an_empty_day_is_a_day_of_zeros(restaurant: Restaurant) -> None:
    told = reported(restaurant)
    assert (told["receipts"], told["first_receipt"], told["last_receipt"]) == (0, None, None)
    (only,) = told["currencies"]
    assert (only["bills"], only["total"], only["takings"]) == (0, euros(0), euros(0))
    assert only["items"] == []


def test_a_bill_with_two_tax_rates_a_discount_and_a_tip(restaurant: Restaurant) -> None:
    restaurant.orders.add("ord_2", line("soup", 1190), line("beer", 1070, 2, tax_ppm=70_000))
    restaurant.check_out(order_ids=["ord_2"], code="TEN", tip=euros(100))
    (only,) = reported(restaurant)["currencies"]
    assert {
        name: only[name]["amount"] for name in ("gross_sales", "discounts", "net_sales", "tax", "tips", "total")
    } == {
        "gross_sales": 2260,
        "discounts": 226,
        "net_sales": 2034,
        "tax": 234,
        "tips": 100,
        "total": 2134,
    }
    assert [(one["rate_ppm"], one["net"]["amount"], one["tax"]["amount"]) for one in only["taxes"]] == [
        (70_000, 900, 63),
        (190_000, 900, 171),
    ]
    assert [(one["name"], one["quantity"], one["net"]["amount"]) for one in only["items"]] == [
        ("beer", 2, 963),
        ("soup", 1, 1071),
    ]
    assert only["methods"] == [
        {
            "method": "sandbox",
            "payments": 1,
            "captured": euros(2134),
            "tips": euros(100),
            "refunds": 0,
            "refunded": euros(0),
        }
    ]
    assert only["promotions"] == [{"promotion_id": "prm_ten", "name": "TEN", "uses": 1, "amount": euros(226)}]
    assert restaurant.rows(models.receipts)[0]["number"] == 1
