"""The doors to payments under way: cashiers take, let go and confirm with a slip; messages are bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment.providers.sandbox import SIGNATURE
from tests.payment import test_doors

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant
    from tests.payment.test_doors import Doors

# The same doors as there.
running_doors, doors = test_doors.running_doors, test_doors.doors


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


@pytest.fixture
def held(doors: Doors) -> str:
    """Hold the money of an order; gives the address of the payment."""
    told = doors.check_out(capture="later").json
    assert (told["payment"]["status"], told["bill"]["status"]) == ("authorized", "paying")
    assert told["payment"]["authorized"] == euros(1000)
    return f"/v1/payments/{told['payment']['id']}"


class TestHolding:
    @pytest.mark.parametrize("verb", ["capture", "void"])
    @pytest.mark.parametrize("who", ["guest", "kitchen", "waiter"])
    def test_only_cashiers_decide(self, doors: Doors, restaurant: Restaurant, held: str, who: str, verb: str) -> None:
        assert doors(who, "POST", f"{held}/{verb}").code == "role_not_allowed"
        assert doors("", "POST", f"{held}/{verb}").status == 401
        assert restaurant.payment["to_capture_minor"] is None

    @pytest.mark.parametrize("verb", ["capture", "void"])
    def test_a_payment_of_another_venue_is_not_found(self, doors: Doors, held: str, verb: str) -> None:
        assert doors("owner", "POST", f"{held}/{verb}", venue="ven_2").code == "payment_not_found"

    def test_a_cashier_takes_a_part(self, doors: Doors, held: str) -> None:
        taken = doors("cashier", "POST", f"{held}/capture", {"amount": euros(600)})
        assert (taken.json["status"], taken.json["captured"]) == ("captured", euros(600))
        bill = doors("guest", "GET", f"/v1/bills/{taken.json['bill_id']}").json
        assert (bill["status"], bill["paid"], bill["due"]) == ("paying", euros(600), euros(400))

    def test_a_cashier_takes_all_without_saying_how_much(self, doors: Doors, held: str) -> None:
        assert doors("cashier", "POST", f"{held}/capture").json["captured"] == euros(1000)

    def test_a_cashier_lets_go(self, doors: Doors, held: str) -> None:
        assert doors("cashier", "POST", f"{held}/void").json["status"] == "failed"
        assert doors("cashier", "POST", f"{held}/capture").code == "payment_not_held"

    @pytest.mark.parametrize(
        ("amount", "status", "code"),
        [
            (euros(0), 422, "capture_not_possible"),
            (euros(1001), 422, "capture_not_possible"),
            ({"amount": 500, "currency": "USD"}, 422, "currency_mismatch"),
            ({"amount": -1, "currency": "EUR"}, 422, "validation_failed"),
            ({"amount": "500", "currency": "EUR"}, 422, "validation_failed"),
        ],
    )
    def test_an_amount_that_does_not_fit_is_refused(
        self, doors: Doors, held: str, amount: dict[str, Any], status: int, code: str
    ) -> None:
        refusal = doors("cashier", "POST", f"{held}/capture", {"amount": amount})
        assert (refusal.status, refusal.code) == (status, code)

    def test_cash_is_not_held(self, doors: Doors) -> None:
        refusal = doors.check_out(method="cash", card=None, capture="later")
        assert (refusal.status, refusal.code) == (422, "hold_not_possible")

    def test_a_guest_does_not_cancel_what_is_held(self, doors: Doors, held: str) -> None:
        bill_id = doors("guest", "GET", held).json["bill_id"]
        assert doors("guest", "POST", f"/v1/bills/{bill_id}/cancel").code == "held_payment_pending"


class TestSlips:
    @pytest.mark.parametrize(("body", "reference"), [(None, None), ({}, None), ({"reference": "slip 7"}, "slip 7")])
    def test_a_confirmation_may_carry_one(
        self, doors: Doors, body: dict[str, Any] | None, reference: str | None
    ) -> None:
        payment_id = doors.check_out(method="cash", card=None).json["payment"]["id"]
        confirmed = doors("cashier", "POST", f"/v1/payments/{payment_id}/confirm", body).json
        assert (confirmed["status"], confirmed["reference"]) == ("captured", reference)

    def test_a_slip_is_no_novel(self, doors: Doors) -> None:
        payment_id = doors.check_out(method="cash", card=None).json["payment"]["id"]
        refusal = doors("cashier", "POST", f"/v1/payments/{payment_id}/confirm", {"reference": "x" * 101})
        assert (refusal.status, refusal.code) == (422, "validation_failed")


def test_a_huge_message_of_a_provider_is_refused_unread(doors: Doors, restaurant: Restaurant) -> None:
    headers, _ = restaurant.sandbox().webhook(None)
    answer = doors("", "POST", "/v1/webhooks/sandbox", b"x" * 70_000, {SIGNATURE: headers[SIGNATURE]})
    assert answer.status == 413


def test_a_message_of_a_stranger_says_bad_request(doors: Doors) -> None:
    answer = doors("", "POST", "/v1/webhooks/sandbox", b"{}", {SIGNATURE: "t=1,v1=00"})
    assert (answer.status, answer.code) == (400, "webhook_invalid")
