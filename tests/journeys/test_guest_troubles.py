"""What a guest reads when something goes wrong, and that neither order nor money is lost or made twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import INSECURE, phone
from tests.support.guests import Seat

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Route

    from tests.support.browser import Staff
    from tests.support.platform import Platform

pytestmark = pytest.mark.browser


def test_a_lost_answer_makes_no_second_order(seat: Seat) -> None:
    seat.phone.expected.append("ERR_FAILED")
    lost: list[int] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(1)
        route.fetch()
        route.abort()

    seat.page.route(
        "**/v1/orders", lambda route: lose_first(route) if route.request.method == "POST" else route.continue_()
    )
    seat.scan()
    seat.fill_cart()
    seat.send()
    assert lost
    assert len(seat.sent()) == 1


def test_a_page_closed_while_it_sent_finishes_when_it_is_opened_again_and_only_once(seat: Seat) -> None:
    seat.phone.expected.append("ERR_FAILED")
    seat.scan()
    seat.fill_cart()
    seat.phone.tap("View order")
    # The kitchen hears of it, the page never does.
    seat.page.route("**/v1/orders/*/place", lambda route: route.fetch())
    with seat.page.expect_request("**/v1/orders/*/place"):
        seat.phone.tap("Send order")
    seat.page.goto("about:blank")
    seat.page.unroute_all(behavior="ignoreErrors")
    seat.page.goto(f"{seat.home}/t/{seat.table['code']}")
    expect(seat.page.get_by_role("article")).to_contain_text("Not paid yet")
    assert [order["status"] for order in seat.sent()] == ["placed"]
    seat.page.go_back()
    expect(seat.page.get_by_role("button", name=re.compile("View order"))).to_have_count(0)


def test_a_price_that_rose_meanwhile_is_shown_before_anything_is_sent(seat: Seat) -> None:
    seat.phone.expected.append("409")
    seat.scan()
    seat.phone.tap("Add Potato soup")
    item = next(
        one
        for category in seat.manager.ask("GET", "/v1/menu?language=en")["categories"]
        for one in category["items"]
        if one["name"] == "Potato soup"
    )
    seat.manager.ask("PATCH", f"/v1/menu/items/{item['id']}", {"price": {"amount": 750, "currency": "EUR"}})
    try:
        seat.phone.tap("View order")
        seat.phone.tap("Send order")
        seat.phone.says("A price has changed. Nothing was sent or charged.")
        expect(seat.page.get_by_role("dialog")).to_contain_text("€6.90")
        expect(seat.page.get_by_role("dialog")).to_contain_text("€7.50")
        assert seat.sent() == []
        seat.phone.tap("Send order")
        expect(seat.page.get_by_role("article")).to_contain_text("€7.50")
    finally:
        seat.manager.ask("PATCH", f"/v1/menu/items/{item['id']}", {"price": item["price"]})


def test_a_dish_that_sold_out_meanwhile_is_named_and_can_be_removed(seat: Seat) -> None:
    seat.phone.expected.append("409|422")
    seat.scan()
    seat.phone.tap("Add Bruschetta")
    seat.phone.tap("Add Tomato soup")
    item = next(
        one
        for category in seat.manager.ask("GET", "/v1/menu?language=en")["categories"]
        for one in category["items"]
        if one["name"] == "Bruschetta"
    )
    seat.manager.ask("POST", f"/v1/menu/items/{item['id']}/sold-out", {"sold_out": True})
    try:
        seat.phone.tap("View order")
        seat.phone.tap("Send order")
        expect(seat.page.get_by_role("dialog")).to_contain_text("Sold out")
        expect(seat.page.get_by_role("button", name="Send order")).to_be_disabled()
        assert seat.sent() == []
        seat.phone.tap("Remove Bruschetta")
        seat.phone.tap("Send order")
        expect(seat.page.get_by_role("article")).to_contain_text("Tomato soup")
    finally:
        seat.manager.ask("POST", f"/v1/menu/items/{item['id']}/sold-out", {"sold_out": False})


def test_a_declined_card_says_so_and_another_one_pays(seat: Seat) -> None:
    seat.phone.expected.append("402")
    seat.scan()
    seat.fill_cart()
    seat.send()
    seat.phone.tap("Pay", exact=True)
    seat.page.get_by_label("Test card").select_option("Declined")
    seat.phone.tap(re.compile("^Pay €"))
    seat.phone.says("The card was declined and nothing was charged.")
    seat.page.get_by_label("Test card").select_option("Approved")
    seat.phone.tap(re.compile("^Pay €"))
    expect(seat.page.get_by_role("article")).to_contain_text("Paid")


def test_a_code_that_does_not_apply_says_why_and_costs_nothing(seat: Seat) -> None:
    seat.scan()
    seat.phone.tap("Add Tomato soup")
    seat.send()
    seat.phone.tap("Pay", exact=True)
    for code, words in (("NONSENSE", "We do not know this code"), ("LUNCH5", re.compile("Add €[0-9.]+ more"))):
        seat.page.get_by_label("Promotion code").fill(code)
        seat.phone.tap("Apply")
        seat.phone.says(words)
        seat.phone.tap(f"Remove code {code}")
    expect(seat.page.get_by_role("button", name="Pay €6.50")).to_be_enabled()


def test_a_visit_that_staff_closed_says_so_and_a_new_one_keeps_the_cart(seat: Seat) -> None:
    seat.phone.expected.append("410")
    seat.scan()
    seat.fill_cart()
    table = next(one for one in seat.manager.ask("GET", "/v1/tables")["data"] if one["id"] == seat.table["id"])
    seat.manager.ask("POST", f"/v1/table-sessions/{table['session_id']}/close", {})
    seat.phone.says("This visit has ended")
    seat.phone.tap("Begin a new visit")
    seat.send()
    assert len(seat.sent()) == 1


def test_the_platform_being_away_is_said_and_the_same_key_is_tried_again(seat: Seat) -> None:
    seat.phone.expected.append("503")
    keys: list[str] = []

    def away(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) < 3:
            route.fulfill(status=503, json={"code": "service_unavailable", "detail": "away", "status": 503})
        else:
            route.continue_()

    seat.page.route("**/v1/orders", lambda route: away(route) if route.request.method == "POST" else route.continue_())
    seat.scan()
    seat.fill_cart()
    seat.phone.tap("View order")
    seat.phone.tap("Send order")
    seat.phone.says("Still sending.")
    expect(seat.page.get_by_role("article")).to_be_visible()
    assert len(set(keys)) == 1
    assert len(seat.sent()) == 1


def test_an_unknown_code_and_a_retired_one_get_a_polite_page(seat: Seat) -> None:
    seat.phone.expected += ["404", "410"]
    seat.page.goto(f"{seat.home}/t/nonsense")
    expect(seat.page.get_by_role("heading")).to_have_text("No table has this code")
    seat.manager.ask("POST", f"/v1/tables/{seat.table['id']}/rotate")
    seat.page.goto(f"{seat.home}/t/{seat.table['code']}")
    expect(seat.page.get_by_role("heading")).to_have_text("This code is no longer in use")


def test_everything_works_where_the_browser_sees_no_secure_origin(
    browser: Browser, platform: Platform, manager: Staff, free_table: Callable[[], dict[str, Any]]
) -> None:
    home = platform.url.replace("127.0.0.1", INSECURE)
    with phone(browser, home) as held:
        seat = Seat(held, free_table(), home, manager)
        seat.scan()
        assert held.page.evaluate("isSecureContext") is False
        seat.fill_cart()
        seat.send()
        held.tap("Pay", exact=True)
        held.tap(re.compile("^Pay €"))
        expect(held.page.get_by_role("article")).to_contain_text("Paid")
