"""What is sent twice happens once, and what is paid is what the house asks for, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks import refusals
from tests.attacks.party import sit_down

if TYPE_CHECKING:
    from tests.attacks.knocking import Knocker
    from tests.attacks.party import Party
    from tests.attacks.rows import Rows
    from tests.attacks.world import Restaurant


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(party: Party, rows: Rows) -> None:
    key = {"Idempotency-Key": "one-key-for-one-order"}
    body = {"items": [party.dish()]}
    first = party.ask("POST", "/v1/orders", body, headers=key)
    with rows.unchanged():
        again = party.ask("POST", "/v1/orders", body, headers=key)
        quoted = party.ask("POST", "/v1/orders", body, headers={"Idempotency-Key": '"one-key-for-one-order"'})
        other = party.ask("POST", "/v1/orders", {"items": [party.dish(quantity=2)]}, headers=key)
    assert first.status == 201
    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, first.body, "true")
    assert quoted.body == first.body
    refusals.check(other, "/v1/orders", 422, "idempotency_key_reused")


def test_a_key_belongs_to_who_sent_it(party: Party, knocker: Knocker, home: Restaurant) -> None:
    other = sit_down(knocker, home)
    key = {"Idempotency-Key": "a key two guests have"}
    body = {"items": [party.dish()]}
    mine, theirs = (one.ask("POST", "/v1/orders", body, headers=key) for one in (party, other))
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json["id"] != theirs.json["id"]
    assert "idempotency-replayed" not in theirs.headers


@pytest.mark.parametrize("key", ["8letters", "x" * 255, "~!@#$%^&*()_+{}|:<>?", '"in quotes"'])
def test_any_printable_key_of_8_to_255_characters_will_do(party: Party, key: str) -> None:
    body = {"items": [party.dish()]}
    assert party.ask("POST", "/v1/orders", body, headers={"Idempotency-Key": key}).status == 201


def test_the_amount_and_the_method_are_the_houses(party: Party, rows: Rows) -> None:
    order = {"order_ids": [party.sent()["id"]]}
    amount = {"amount": {"amount": 1, "currency": "EUR"}}
    with rows.unchanged():
        faults = party.refused("POST", "/v1/checkout", {**order, **amount, "method": "cash"}, 422, "validation_failed")
        assert faults == [("/amount", "unknown")]
        for method in ("free", "CASH", "../cash", "sand"):
            party.refused("POST", "/v1/checkout", {**order, "method": method}, 422, "payment_method_unknown")


def test_what_is_paid_is_not_paid_again(party: Party) -> None:
    order = {"order_ids": [party.sent()["id"]], "method": "sandbox", "card": {"token": "tok_approve"}}
    assert party.done("POST", "/v1/checkout", order)["payment"]["status"] == "captured"
    party.refused("POST", "/v1/checkout", order, 409, "order_already_paid")


def test_a_payment_is_no_larger_than_the_bill_and_in_its_currency(party: Party, rows: Rows) -> None:
    bill = party.done("POST", "/v1/bills", {"order_ids": [party.sent()["id"]]})
    path, due = f"/v1/bills/{bill['id']}/payments", bill["due"]["amount"]
    for amount, code in (
        ({"amount": due + 1, "currency": "EUR"}, "amount_over_due"),
        ({"amount": due, "currency": "USD"}, "currency_mismatch"),
    ):
        with rows.unchanged(but=("payments.idempotency_keys",)):
            party.refused("POST", path, {"method": "cash", "amount": amount}, 422, code)
    assert party.done("GET", f"/v1/bills/{bill['id']}")["due"]["amount"] == due


def test_codes_cannot_be_guessed(party: Party) -> None:
    """The sixth wrong one is not looked at any more, and neither is a right one."""
    right = party.house.thing("/v1/promotions/<promotion_id>/codes")
    for number in range(5):
        party.refused("POST", "/v1/promotions/validate", {"code": f"GUESS{number}"}, 422, "code_not_found")
    party.refused("POST", "/v1/promotions/validate", {"code": right}, 429, "rate_limited")


def test_a_code_that_does_not_exist_ends_the_checkout(party: Party) -> None:
    order = {"order_ids": [party.sent()["id"]]}
    party.refused("POST", "/v1/checkout", {**order, "method": "cash", "code": "NOWHERE"}, 422, "code_not_found")
    quote = party.done("POST", "/v1/checkout/quote", order)
    assert (quote["total"]["amount"], quote["discount"]["amount"]) == (650, 0)
