"""The day report: its figures are those of the receipts, to the cent, whatever the evening was like."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordering_platform.payment import models
from ordering_platform.payment.receipts import showing
from ordering_platform.payment.reports import day, flat
from ordering_platform.runtime.errors import DomainError, ServiceUnavailable
from ordering_platform.runtime.identity import Caller
from tests.payment.fakes import line
from tests.support.statements import watched

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant

MANAGER = Caller("staff", id="usr_manager", venue="ven_1", roles=frozenset({"manager"}))


def euros(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def reported(restaurant: Restaurant, which: str | None = None) -> dict[str, Any]:
    return day.report(restaurant.till, MANAGER, which)


def amounts(of: dict[str, Any], *names: str) -> list[int]:
    return [of[name]["amount"] for name in names]


def receipts(restaurant: Restaurant) -> list[dict[str, Any]]:
    """Give every receipt of the evening as its guest sees it."""
    done = [bill["id"] for bill in restaurant.rows(models.bills) if bill["completed_at"]]
    with restaurant.till.db.read() as tx:
        return [showing.of_bill(tx, bill_id) for bill_id in done]


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


def test_tax_on_top_a_service_charge_and_coins(restaurant: Restaurant) -> None:
    restaurant.orders.venue |= {"cash_step_minor": 5}
    restaurant.orders.terms |= {"tax_included": False, "service_charge_bps": 1250}
    restaurant.orders.add("ord_2", line("steak", 3603, tax_ppm=88_750))
    restaurant.check_out(order_ids=["ord_2"], method="cash", card=None, tip=euros(540))
    restaurant.confirm()
    (only,) = reported(restaurant)["currencies"]
    assert amounts(only, "net_sales", "service_charge", "tax", "tax_on_top") == [3603, 450, 360, 360]
    assert amounts(only, "tips", "rounding", "total", "average_bill") == [540, 2, 4955, 4415]


def test_a_refund_is_taken_off_what_came_in_and_off_its_tax(restaurant: Restaurant) -> None:
    restaurant.orders.add("ord_2", line("soup", 1190), line("beer", 1070, tax_ppm=70_000))
    restaurant.check_out(order_ids=["ord_2"], tip=euros(100))
    restaurant.give_back(lines=[{"line_id": "ord_2_1"}], tip=True)
    (only,) = reported(restaurant)["currencies"]
    assert amounts(only, "total", "refunds", "refunded_tips", "takings") == [2360, 1170, 100, 1190]
    assert only["refund_count"] == 1
    assert [amounts(one, "tax", "refunded_tax") for one in only["taxes"]] == [[70, 70], [190, 0]]
    assert [(one["payments"], one["refunds"], one["refunded"]["amount"]) for one in only["methods"]] == [(1, 1, 1170)]


def test_what_several_guests_paid_stands_by_their_ways_to_pay(restaurant: Restaurant) -> None:
    restaurant.split(3334, 3333, 3333, gross=10_000)
    restaurant.orders.add("ord_2")
    restaurant.check_out(order_ids=["ord_2"], method="cash", card=None)
    restaurant.confirm()
    (only,) = reported(restaurant)["currencies"]
    assert [(one["method"], one["payments"], one["captured"]["amount"]) for one in only["methods"]] == [
        ("cash", 1, 1000),
        ("sandbox", 3, 10_000),
    ]
    assert [(one["table"], one["bills"], one["total"]["amount"]) for one in only["tables"]] == [("Table 1", 2, 11_000)]


def test_a_dish_that_was_renamed_is_one_dish_under_its_last_name(restaurant: Restaurant) -> None:
    for place, name in enumerate(("soup", "consommé")):
        restaurant.orders.add(f"ord_{place}", line(name, menu_item_id="itm_1"))
        restaurant.check_out(order_ids=[f"ord_{place}"])
    (only,) = reported(restaurant)["currencies"]
    assert [(one["name"], one["quantity"]) for one in only["items"]] == [("consommé", 2)]


def test_rehearsals_open_bills_and_other_venues_do_not_count(restaurant: Restaurant) -> None:
    restaurant.orders.add("ord_1", rehearsal=True)
    restaurant.check_out()
    for place, venue in ((2, "ven_1"), (3, "ven_2")):
        restaurant.orders.add(f"ord_{place}")
        way: dict[str, Any] = {"method": "cash", "card": None} if place == 2 else {}
        restaurant.check_out(order_ids=[f"ord_{place}"], **way)
        restaurant.execute(
            sa.update(models.bills).where(models.bills.c.id == restaurant.bill["id"]).values(venue_id=venue)
        )
    told = reported(restaurant)
    assert (told["receipts"], told["currencies"][0]["bills"]) == (0, 0)


@pytest.mark.parametrize(
    ("which", "begins", "ends", "hours"),
    [
        ("2026-11-23", "2026-11-23T03:00Z", "2026-11-24T03:00Z", 24),
        ("2026-03-28", "2026-03-28T03:00Z", "2026-03-29T02:00Z", 23),
        ("2026-10-24", "2026-10-24T02:00Z", "2026-10-25T03:00Z", 25),
    ],
)
def test_a_day_lasts_as_long_as_the_clock_on_the_wall_says(
    restaurant: Restaurant, which: str, begins: str, ends: str, hours: int
) -> None:
    told = reported(restaurant, which)
    assert (told["begins_at"], told["ends_at"]) == (datetime.fromisoformat(begins), datetime.fromisoformat(ends))
    assert (told["ends_at"] - told["begins_at"]).total_seconds() == hours * 3600


def test_the_hour_that_comes_twice_is_two_hours(restaurant: Restaurant) -> None:
    for place, moment in enumerate(("2026-10-25T00:30Z", "2026-10-25T01:30Z", "2026-10-25T02:59Z")):
        restaurant.orders.add(f"ord_{place}")
        restaurant.check_out(order_ids=[f"ord_{place}"])
        bill = models.bills.c.id == restaurant.bill["id"]
        restaurant.execute(sa.update(models.bills).where(bill).values(completed_at=datetime.fromisoformat(moment)))
    (only,) = reported(restaurant, "2026-10-24")["currencies"]
    assert [(one["begins_at"], one["bills"]) for one in only["hours"]] == [
        ("2026-10-25T00:00:00Z", 1),
        ("2026-10-25T01:00:00Z", 1),
        ("2026-10-25T02:00:00Z", 1),
    ]
    assert reported(restaurant, "2026-10-25")["receipts"] == 0


def test_an_hour_of_a_zone_with_half_hours_is_one_of_its_clock(restaurant: Restaurant) -> None:
    restaurant.orders.venue |= {"time_zone": "Asia/Kolkata"}
    restaurant.check_out()
    restaurant.execute(sa.update(models.bills).values(completed_at=datetime(2026, 11, 23, 13, 45, tzinfo=UTC)))
    (only,) = reported(restaurant, "2026-11-23")["currencies"]
    assert [one["begins_at"] for one in only["hours"]] == ["2026-11-23T13:30:00Z"]


def test_the_floor_says_what_was_taken_back_and_what_is_unpaid(restaurant: Restaurant) -> None:
    named = {"table": "T1", "currency": "EUR", "reason": None}
    restaurant.orders.sums = [
        {"kind": "voided", "currency": "EUR", "orders": 2, "total_minor": 900},
        {"kind": "unpaid", "currency": "EUR", "orders": 1, "total_minor": 400},
        {"kind": "paid", "currency": "EUR", "orders": 5, "total_minor": 5000},
    ]
    restaurant.orders.named = [
        {**named, "kind": "voided", "number": "A3", "status": "cancelled", "total_minor": 900, "reason": "burnt"},
        {**named, "kind": "unpaid", "number": "A7", "status": "served", "total_minor": 400},
    ]
    (only,) = reported(restaurant)["currencies"]
    assert (only["orders"], only["voided"]["orders"], only["voided"]["amount"]) == (6, 2, euros(900))
    assert [(one["number"], one["reason"]) for one in only["voided"]["data"]] == [("A3", "burnt")]
    assert [(one["number"], one["amount"]) for one in only["unpaid"]["data"]] == [("A7", euros(400))]


def test_while_order_service_is_away_there_is_no_report_that_says_less(restaurant: Restaurant) -> None:
    restaurant.orders.leave()
    with pytest.raises(ServiceUnavailable):
        reported(restaurant)


def test_a_report_costs_as_many_statements_for_twenty_bills_as_for_one(restaurant: Restaurant) -> None:
    costs = []
    for number in (1, 20):
        for place in range(number):
            restaurant.orders.add(f"ord_{number}_{place}")
            restaurant.check_out(order_ids=[f"ord_{number}_{place}"])
        with watched(restaurant.till.db.engine) as sent:
            reported(restaurant)
        costs.append(len(sent))
    assert costs == [3, 3]


DISHES = st.lists(
    st.tuples(st.integers(10, 5000), st.sampled_from([0, 70_000, 88_750, 190_000])), min_size=1, max_size=4
)
GUESTS = st.fixed_dictionaries(
    {
        "dishes": DISHES,
        "code": st.sampled_from([None, "TEN", "FREE"]),
        "tip": st.integers(0, 300),
        "cash": st.booleans(),
        "back": st.one_of(st.none(), st.integers(1, 3000)),
    }
)
REFUSED = {"refund_over_captured", "nothing_to_refund", "refund_too_small"}
HOUSES = st.fixed_dictionaries(
    {
        "tax_included": st.booleans(),
        "service_charge_bps": st.sampled_from([0, 1250]),
        "tax_rounding": st.sampled_from(["per_rate", "per_line"]),
    }
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(house=HOUSES, step=st.sampled_from([1, 5]), evening=st.lists(GUESTS, min_size=1, max_size=5))
def test_the_report_is_the_sum_of_the_receipts(
    restaurant: Restaurant, house: dict[str, Any], step: int, evening: list[dict[str, Any]]
) -> None:
    restaurant.start_over()
    restaurant.orders.terms |= house
    restaurant.orders.venue |= {"cash_step_minor": step}
    for place, guest in enumerate(evening):
        eat_pay_and_complain(restaurant, f"ord_{place}x", guest)
    told = reported(restaurant)
    (only,) = told["currencies"]
    printed = receipts(restaurant)
    given_back = [credit for one in printed for credit in one["credits"]]

    def total(name: str, of: list[dict[str, Any]] = printed) -> int:
        return sum(one[name]["amount"] for one in of)

    assert told["receipts"] == len(printed) + len(given_back)
    assert only["bills"] == len(printed)
    pairs = {"gross_sales": "subtotal", "discounts": "discount"}
    for name in ("gross_sales", "discounts", "service_charge", "tax", "tip", "rounding", "total"):
        said = only[{"tip": "tips"}.get(name, name)]["amount"]
        assert said == total(pairs.get(name, name)), name
    assert only["refunds"]["amount"] == total("total", given_back)
    assert only["total"]["amount"] == sum(
        amounts(only, "net_sales", "service_charge", "tax_on_top", "tips", "rounding")
    )
    captured = sum(one["captured_minor"] for one in restaurant.rows(models.payments))
    refunded = sum(one["refunded_minor"] for one in restaurant.rows(models.payments))
    assert amounts(only, "total", "refunds", "takings") == [captured, refunded, captured - refunded]
    for section, name, of in (
        ("methods", "captured", "total"),
        ("methods", "refunded", "refunds"),
        ("methods", "tips", "tips"),
        ("hours", "total", "total"),
        ("tables", "total", "total"),
        ("items", "net", "net_sales"),
        ("items", "discount", "discounts"),
        ("promotions", "amount", "discounts"),
        ("taxes", "tax", "tax"),
    ):
        assert sum(one[name]["amount"] for one in only[section]) == only[of]["amount"], (section, name)
    assert sum(one["refunded_tax"]["amount"] for one in only["taxes"]) == total("tax", given_back)


def eat_pay_and_complain(restaurant: Restaurant, order: str, guest: dict[str, Any]) -> None:
    """Order, pay in one's own way, and get something back where that is allowed."""
    dishes = [line(f"dish{n}", gross, tax_ppm=ppm) for n, (gross, ppm) in enumerate(guest["dishes"])]
    restaurant.orders.add(order, *dishes)
    way: dict[str, Any] = {"method": "cash", "card": None} if guest["cash"] else {}
    tip = min(guest["tip"], sum(gross for gross, _ in guest["dishes"]))
    restaurant.check_out(order_ids=[order], code=guest["code"], tip=euros(tip), **way)
    if restaurant.payment["status"] == "processing":
        restaurant.confirm()
    if guest["back"] is not None:
        try:
            restaurant.give_back(amount=euros(guest["back"]))
        except DomainError as refusal:
            assert refusal.code in REFUSED  # noqa: PT017  nothing was paid, less, or it comes to no coin


class TestTable:
    def rows(self, restaurant: Restaurant) -> list[dict[str, str]]:
        written = flat.table(reported(restaurant))
        assert written.startswith(b"\xef\xbb\xbfdate,section,key,name,count,amount,currency\r\n")
        return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))

    def test_each_figure_is_a_row(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_2", line("soup", 1190), line("beer", 1070, 2, tax_ppm=70_000))
        restaurant.check_out(order_ids=["ord_2"], code="TEN", tip=euros(100))
        found = {
            (one["section"], one["key"]): (one["name"], one["count"], one["amount"]) for one in self.rows(restaurant)
        }
        assert found["summary", "bills"] == ("", "1", "")
        assert found["summary", "total"] == ("", "", "21.34")
        assert found["taxes.tax", "190000"] == ("19 %", "", "1.71")
        assert found["items.net", "itm_beer"] == ("beer", "2", "9.63")
        assert found["methods.captured", "sandbox"] == ("", "1", "21.34")
        assert found["promotions.amount", "prm_ten"] == ("TEN", "1", "2.26")

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '"; DROP', "a,b\nc", "plain"])
    def test_a_spreadsheet_runs_nothing_people_wrote(self, restaurant: Restaurant, name: str) -> None:
        restaurant.orders.add("ord_2", line(name))
        restaurant.check_out(order_ids=["ord_2"])
        (written,) = {one["name"] for one in self.rows(restaurant) if one["section"] == "items.net"}
        assert written.removeprefix("'") == name
        assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))

    def test_an_amount_below_zero_stays_a_number(self, restaurant: Restaurant) -> None:
        restaurant.orders.venue |= {"cash_step_minor": 5}
        restaurant.orders.add("ord_2", line("soup", 1002))
        restaurant.check_out(order_ids=["ord_2"], method="cash", card=None)
        restaurant.confirm()
        assert ("rounding", "-0.02") in {(one["key"], one["amount"]) for one in self.rows(restaurant)}
