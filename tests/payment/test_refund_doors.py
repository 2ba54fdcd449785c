"""The doors to refunds over HTTP: who may enter, what is refused with nothing set aside, what is promised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import models
from tests.payment.fakes import line
from tests.payment.refund_checks import eur
from tests.payment.test_doors import CHECKOUT, ORDERS, doors, running_doors

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant
    from tests.payment.test_doors import Doors

# The fixtures of the running service.
__all__ = ["doors", "running_doors"]

REASON: dict[str, Any] = {"reason": "cold soup"}


def paid(doors: Doors, **fields: Any) -> str:
    """Pay a dinner of 30.00 in three dishes, and give the address of its refunds."""
    ORDERS.add("ord_1", *[line(name, 1000) for name in ("goose", "wine", "cake")])
    told = doors.check_out(**{**CHECKOUT, **fields}).json
    return f"/v1/payments/{told['payment']['id']}/refunds"


@pytest.mark.parametrize("who", ["guest", "waiter"])
def test_only_cashiers_and_above_give_money_back(doors: Doors, restaurant: Restaurant, who: str) -> None:
    refunds = paid(doors)
    assert (doors(who, "POST", refunds, REASON).status, doors(who, "POST", refunds, REASON).code) == (
        403,
        "role_not_allowed",
    )
    assert restaurant.rows(models.refunds) == []
    assert doors("cashier", "POST", refunds, REASON).status == 201


@pytest.mark.parametrize(("who", "status"), [("guest", 403), ("kitchen", 403), ("waiter", 200), ("cashier", 200)])
def test_who_sees_refunds(doors: Doors, who: str, status: int) -> None:
    refunds = paid(doors)
    made = doors("cashier", "POST", refunds, REASON).json
    assert doors(who, "GET", refunds).status == status
    assert doors(who, "GET", f"/v1/refunds/{made['id']}").status == status


def test_another_house_finds_nothing(doors: Doors, restaurant: Restaurant) -> None:
    refunds = paid(doors)
    made = doors("cashier", "POST", refunds, REASON).json
    assert doors("owner", "POST", refunds, REASON, venue="ven_2").code == "payment_not_found"
    assert doors("owner", "GET", refunds, venue="ven_2").code == "payment_not_found"
    assert doors("owner", "GET", f"/v1/refunds/{made['id']}", venue="ven_2").code == "refund_not_found"
    assert doors("owner", "GET", "/v1/refunds/no-such-thing").code == "refund_not_found"
    assert len(restaurant.rows(models.refunds)) == 1


WRONG: list[tuple[str, dict[str, Any], int, str]] = [
    ("no reason", {"reason": ""}, 422, "validation_failed"),
    ("no word of a reason", {"amount": eur(1)}, 422, "validation_failed"),
    ("a reason without end", {"reason": "x" * 201}, 422, "validation_failed"),
    ("nothing", {**REASON, "amount": eur(0)}, 422, "validation_failed"),
    ("less than nothing", {**REASON, "amount": eur(-1)}, 422, "validation_failed"),
    ("half a cent", {**REASON, "amount": {"amount": 0.5, "currency": "EUR"}}, 422, "validation_failed"),
    ("a text", {**REASON, "amount": "10.00"}, 422, "validation_failed"),
    ("another currency", {**REASON, "amount": {"amount": 1, "currency": "USD"}}, 422, "currency_mismatch"),
    ("more than there is", {**REASON, "amount": eur(3001)}, 422, "refund_over_captured"),
    ("a tip nobody gave", {**REASON, "tip": eur(1)}, 422, "refund_over_tip"),
    ("a tip of words", {**REASON, "tip": "all"}, 422, "validation_failed"),
    ("a tip below nothing", {**REASON, "tip": eur(-1)}, 422, "validation_failed"),
    ("no lines", {**REASON, "lines": []}, 422, "validation_failed"),
    ("a line twice", {**REASON, "lines": [{"line_id": "ord_1_0"}] * 2}, 422, "validation_failed"),
    ("a line nobody ordered", {**REASON, "lines": [{"line_id": "lin_1"}]}, 422, "line_not_on_bill"),
    ("two of one dish", {**REASON, "lines": [{"line_id": "ord_1_0", "quantity": 2}]}, 422, "refund_over_line"),
    ("lines and an amount", {**REASON, "amount": eur(1), "lines": [{"line_id": "ord_1_0"}]}, 422, "validation_failed"),
    (
        "portions and an amount",
        {**REASON, "lines": [{"line_id": "ord_1_0", "quantity": 1, "amount": eur(1)}]},
        422,
        "validation_failed",
    ),
]


@pytest.mark.parametrize(("body", "status", "code"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_refused_sets_nothing_aside(
    doors: Doors, restaurant: Restaurant, body: dict[str, Any], status: int, code: str
) -> None:
    refunds = paid(doors)
    answer = doors("cashier", "POST", refunds, body)
    assert (answer.status, answer.code) == (status, code)
    assert restaurant.rows(models.refunds) == restaurant.rows(models.refunded_lines) == []
    assert restaurant.payment["refund_pending_minor"] == 0


def test_sixty_and_forty_and_then_nothing(doors: Doors) -> None:
    refunds = paid(doors)
    assert doors("cashier", "POST", refunds, {**REASON, "amount": eur(1800)}).json["status"] == "completed"
    over = doors("cashier", "POST", refunds, {**REASON, "amount": eur(1800)})
    assert (over.status, over.json["details"]["max"]) == (422, eur(1200))
    assert doors("cashier", "POST", refunds, {**REASON, "amount": eur(1200)}).status == 201
    twice = doors("cashier", "POST", refunds, {**REASON, "amount": eur(1200)})
    assert (twice.status, twice.code) == (409, "nothing_to_refund")


def test_the_payment_says_what_went_back(doors: Doors) -> None:
    refunds = paid(doors, tip=eur(200))
    doors("cashier", "POST", refunds, {**REASON, "lines": [{"line_id": "ord_1_1"}], "tip": True})
    payment = doors("guest", "GET", refunds.removesuffix("/refunds")).json
    assert (payment["captured"], payment["refunded"], payment["refund_pending"]) == (eur(3200), eur(1200), eur(0))


def test_refunds_are_listed_newest_first_and_page_by_page(doors: Doors) -> None:
    refunds = paid(doors)
    made = [doors("cashier", "POST", refunds, {**REASON, "amount": eur(100)}).json for _ in range(3)]
    first = doors("waiter", "GET", f"{refunds}?limit=2").json
    rest = doors("waiter", "GET", f"{refunds}?limit=2&after={first['next']}").json
    assert first["data"] + rest["data"] == made[::-1]
    assert doors("waiter", "GET", f"/v1/refunds/{made[0]['id']}").json == made[0]


def test_a_refusal_of_the_provider_is_replayed_to_the_letter(doors: Doors) -> None:
    refunds = paid(doors, card={"token": "tok_refund_fails"})
    key = {"Idempotency-Key": "key-of-the-cashier"}
    first, again = (doors("cashier", "POST", refunds, REASON, key) for _ in range(2))
    assert (first.status, first.code) == (again.status, again.code) == (409, "refund_failed")
    listed = doors("waiter", "GET", refunds).json["data"]
    assert [(one["status"], one["failure"]["code"]) for one in listed] == [("failed", "refund_failed")]
