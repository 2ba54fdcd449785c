"""The Idempotency-Key of a checkout over HTTP: what one is, whose it is, and what it keeps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import models
from tests.payment.conftest import at_once
from tests.payment.test_doors import CHECKOUT, ORDERS, doors, running_doors

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant
    from tests.payment.test_doors import Doors

__all__ = ["doors", "running_doors"]

KEY = "key-of-the-guest"


def keyed(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}


@pytest.mark.parametrize("key", ["", "seven-7", "x" * 256, '"seven-7"', "a key with\ta tab"])
def test_a_key_of_the_wrong_form_is_refused_before_anything_happens(
    doors: Doors, restaurant: Restaurant, key: str
) -> None:
    assert doors.check_out(headers=keyed(key)).status == 400
    assert restaurant.rows(models.bills) == []


def test_a_quoted_key_is_the_bare_one(doors: Doors, restaurant: Restaurant) -> None:
    first = doors.check_out(headers=keyed(KEY))
    again = doors.check_out(headers=keyed(f'"{KEY}"'))
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(restaurant.charged) == 1


def test_twenty_at_once_are_one_and_the_rest_are_told_when_to_ask_again(doors: Doors, restaurant: Restaurant) -> None:
    answers = at_once(20, lambda _: doors.check_out(headers=keyed(KEY)))
    assert set(Counter(one.status for one in answers)) <= {201, 409}
    assert all(one.headers["retry-after"] for one in answers if one.status == 409)
    later = doors.check_out(headers=keyed(KEY))
    assert {one.body for one in answers if one.status == 201} == {later.body}
    assert later.headers["idempotency-replayed"] == "true"
    assert len(restaurant.charged) == 1


def test_a_refused_body_keeps_nothing_and_the_mended_one_is_carried_out(doors: Doors, restaurant: Restaurant) -> None:
    for broken in (b'{"order_ids": [', b"[]"):
        sent = {**keyed(KEY), "Content-Type": "application/json"}
        assert doors("guest", "POST", "/v1/checkout", broken, sent).status in {400, 422}
    assert doors.check_out(headers=keyed(KEY), tip={"amount": -1, "currency": "EUR"}).status == 422
    assert restaurant.rows(models.bills) == []
    assert doors.check_out(headers=keyed(KEY)).status == 201


def test_who_may_not_enter_keeps_nothing(doors: Doors, restaurant: Restaurant) -> None:
    assert doors.check_out("", headers=keyed(KEY)).status == 401
    assert doors.check_out("kitchen", headers=keyed(KEY)).status == 403
    assert restaurant.rows(models.bills) == []


@pytest.mark.parametrize(
    ("other", "claims"),
    [("/v1/checkout", {"sub": "gst_2", "session": "ses_2"}), ("/v1/bills", {})],
    ids=["another guest", "another route"],
)
def test_a_key_is_one_guests_on_one_route(
    doors: Doors, restaurant: Restaurant, other: str, claims: dict[str, Any]
) -> None:
    ORDERS.add("ord_2", session=claims.get("session", "ses_1"), guest_id=claims.get("sub", "gst_1"))
    assert doors.check_out(headers=keyed(KEY)).status == 201
    body = {**CHECKOUT, "order_ids": ["ord_2"]} if other == "/v1/checkout" else {"order_ids": ["ord_2"]}
    answer = doors("guest", "POST", other, body, keyed(KEY), **claims)
    assert answer.status == 201
    assert "idempotency-replayed" not in answer.headers
    assert len(restaurant.rows(models.bills)) == 2


def test_another_amount_under_the_same_key_is_refused(doors: Doors, restaurant: Restaurant) -> None:
    assert doors.check_out(headers=keyed(KEY)).status == 201
    refused = doors.check_out(headers=keyed(KEY), tip={"amount": 1, "currency": "EUR"})
    assert (refused.status, refused.json["code"]) == (422, "idempotency_key_reused")
    assert len(restaurant.charged) == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"card": {"token": "tok_decline"}}, 402),
        ({"order_ids": ["ord_missing"]}, 404),
        ({"expected_total": {"amount": 1, "currency": "EUR"}}, 409),
        ({"code": "NOPE"}, 422),
    ],
)
def test_a_business_refusal_is_kept(doors: Doors, restaurant: Restaurant, fields: dict[str, Any], status: int) -> None:
    first = doors.check_out(headers=keyed(KEY), **fields)
    again = doors.check_out(headers=keyed(KEY), **fields)
    assert (first.status, again.status, again.json["code"]) == (status, status, first.json["code"])
    assert again.headers["idempotency-replayed"] == "true"
    assert (len(restaurant.rows(models.bills)), restaurant.charged) == (1, [])
