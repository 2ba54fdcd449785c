"""What promotion-service is asked about the orders of a bill."""

from __future__ import annotations

from typing import Any

import pytest

from ordering_platform.payment.quoting import question


def locked(*orders: tuple[str | None, bool | None]) -> dict[str, Any]:
    """Give orders as order-service holds them: whose each is, and whether it is their first."""
    told = [{"guest_id": guest, **({} if first is None else {"first": first})} for guest, first in orders]
    common = {"currency": "EUR", "currency_digits": 2, "time_zone": "Europe/Berlin", "table_id": "tbl_1"}
    return {**common, "session_id": "ses_1", "lines": [], "orders": told}


@pytest.mark.parametrize(
    ("orders", "payer", "whose", "first"),
    [
        pytest.param([("gst_a", True)], "gst_a", "gst_a", True, id="the guest's own first order"),
        pytest.param([("gst_a", True), ("gst_a", True)], "gst_a", "gst_a", True, id="both of them"),
        pytest.param([("gst_a", False)], "gst_a", "gst_a", False, id="a later order"),
        pytest.param(
            [("gst_a", False), ("gst_b", True)], "gst_b", "gst_b", True, id="others at the table do not count"
        ),
        pytest.param([("gst_a", True)], "gst_b", "gst_b", None, id="who pays for somebody else"),
        pytest.param([("gst_a", True)], None, "gst_a", True, id="staff charge the one guest who ordered"),
        pytest.param([("gst_a", True), ("gst_b", True)], None, None, None, id="staff charge several guests"),
        pytest.param([(None, True)], None, None, None, id="staff ordered"),
        pytest.param([("gst_a", None)], "gst_a", "gst_a", False, id="held by the release before"),
    ],
)
def test_a_promotion_is_used_by_who_pays_and_their_first_order_is_known(
    orders: list[tuple[str | None, bool | None]], payer: str | None, whose: str | None, first: bool | None
) -> None:
    asked = question(locked(*orders), "ven_1", [], payer)
    assert (asked["guest_id"], asked["first_order"]) == (whose, first)
