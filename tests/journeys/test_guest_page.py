"""What a guest meets behind the code on the table, in a real browser against the platform as it is installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import INSECURE, Phone, Staff, browser, free_table, manager, phone
from tests.support.platform import platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Route

    from tests.support.platform import Platform

__all__ = ["browser", "free_table", "manager", "platform"]

pytestmark = pytest.mark.browser


class Seat:
    """A guest with a phone at a table of their own."""

    def __init__(self, held: Phone, table: dict[str, Any], home: str, manager: Staff) -> None:
        self.phone, self.page, self.table, self.home, self.manager = held, held.page, table, home, manager

    def scan(self) -> None:
        self.page.goto(f"{self.home}/t/{self.table['code']}")
        expect(self.page.get_by_role("button", name="Add Tomato soup")).to_be_visible()

    def fill_cart(self) -> None:
        self.phone.tap("Add Lindenhof breakfast")
        self.page.get_by_label("fried").check()
        self.phone.tap("Add to order")
        self.phone.tap("Add Tomato soup")

    def send(self) -> None:
        self.phone.tap(re.compile("View order|item"))
        self.phone.tap("Send order")
        expect(self.page.get_by_role("article")).to_be_visible()

    def sent(self) -> list[Any]:
        return self.manager.orders(self.table["id"])


@pytest.fixture
def seat(
    browser: Browser, platform: Platform, manager: Staff, free_table: Callable[[], dict[str, Any]]
) -> Iterator[Seat]:
    with phone(browser, platform.url) as held:
        yield Seat(held, free_table(), platform.url, manager)


def test_a_guest_scans_orders_with_options_uses_a_code_pays_and_is_told(seat: Seat) -> None:
    seat.scan()
    seat.fill_cart()
    seat.phone.tap("View order")
    seat.phone.says("fried")
    seat.page.get_by_label("Note for the whole order").fill("Two spoons")
    seat.phone.tap("Send order")
    order = seat.page.get_by_role("article")
    expect(order).to_contain_text("Not paid yet")
    seat.phone.tap("Pay", exact=True)
    seat.page.get_by_label("Promotion code").fill("WELCOME10")
    seat.phone.tap("Apply")
    seat.phone.says("Welcome: 10 % off")
    seat.phone.tap(re.compile("^Pay €17.46$"))
    expect(order).to_contain_text("Paid")
    (stored,) = seat.sent()
    assert (stored["status"], stored["payment_status"], stored["note"]) == ("placed", "paid", "Two spoons")
    assert [item["quantity"] for item in stored["items"]] == [1, 1]


def test_the_kitchen_moves_on_and_the_phone_shows_it_by_itself(seat: Seat) -> None:
    seat.scan()
    seat.fill_cart()
    seat.send()
    (order,) = seat.sent()
    step = seat.page.locator("[aria-current=step]")
    expect(step).to_have_text("Sent")
    seat.manager.move(order["id"], "accepted", "preparing")
    expect(step).to_have_text("In the kitchen", timeout=4_000)
    seat.manager.move(order["id"], "ready")
    expect(step).to_have_text("Ready", timeout=4_000)


def test_cart_and_orders_survive_a_reload(seat: Seat) -> None:
    seat.scan()
    seat.fill_cart()
    seat.send()
    seat.page.go_back()
    seat.phone.tap("Add Tomato soup")
    seat.page.reload()
    expect(seat.page.get_by_role("button", name=re.compile("1 item"))).to_be_visible()
    seat.phone.tap(re.compile("A[0-9]+ · Sent"))
    expect(seat.page.get_by_role("article")).to_contain_text("Lindenhof breakfast")


def test_back_closes_a_sheet_and_keeps_the_cart(seat: Seat) -> None:
    seat.scan()
    seat.fill_cart()
    seat.phone.tap("View order")
    expect(seat.page.get_by_role("dialog")).to_be_visible()
    seat.page.go_back()
    expect(seat.page.get_by_role("dialog")).to_have_count(0)
    expect(seat.page.get_by_role("button", name=re.compile("View order"))).to_be_visible()


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
    seat.page.route("**/v1/orders/*/place", lambda route: (route.fetch(), route.abort()))
    with seat.page.expect_request("**/v1/orders/*/place"):
        seat.phone.tap("Send order")
    seat.page.goto("about:blank")
    seat.page.unroute("**/v1/orders/*/place")
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


def test_a_card_that_asks_its_holder_is_paid_after_the_answer(seat: Seat) -> None:
    seat.scan()
    seat.fill_cart()
    seat.send()
    seat.phone.tap("Pay", exact=True)
    seat.page.get_by_label("Test card").select_option("Asks for confirmation")
    seat.phone.tap(re.compile("^Pay €"))
    seat.phone.tap("Yes, pay")
    expect(seat.page.get_by_role("article")).to_contain_text("Paid")


def test_who_pays_at_the_counter_sees_when_it_is_done(seat: Seat) -> None:
    seat.scan()
    seat.fill_cart()
    seat.send()
    seat.phone.tap("Pay", exact=True)
    payments: list[str] = []

    def note(route: Route) -> None:
        answer = route.fetch()
        payments.append(answer.json()["payment"]["id"])
        route.fulfill(response=answer)

    seat.page.route("**/v1/checkout", note)
    seat.page.get_by_label("At the counter").check()
    seat.phone.tap(re.compile("at the counter"))
    seat.phone.says(re.compile("Please pay €19.40 at the counter"))
    seat.manager.ask("POST", f"/v1/payments/{payments[0]}/confirm")
    expect(seat.page.locator(".badge.good")).to_have_text("Paid", timeout=5_000)


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


def test_the_page_speaks_the_language_of_the_phone_and_switches(
    browser: Browser, platform: Platform, free_table: Callable[[], dict[str, Any]]
) -> None:
    with phone(browser, platform.url, "de-AT") as held:
        held.page.goto(f"{platform.url}/t/{free_table()['code']}")
        expect(held.page.get_by_role("button", name="Tomatensuppe dazu")).to_be_visible()
        held.page.get_by_role("button", name="Show this page in English").click()
        expect(held.page.get_by_role("button", name="Add Tomato soup")).to_be_visible()
        assert held.page.locator("html").get_attribute("lang") == "en"
        held.page.reload()
        expect(held.page.get_by_role("button", name="Add Tomato soup")).to_be_visible()


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


def test_two_phones_at_one_table_see_what_was_sent_and_not_each_others_carts(
    browser: Browser, platform: Platform, seat: Seat
) -> None:
    seat.scan()
    seat.fill_cart()
    with phone(browser, platform.url) as other:
        neighbour = Seat(other, seat.table, platform.url, seat.manager)
        neighbour.scan()
        expect(other.page.get_by_role("button", name=re.compile("item"))).to_have_count(0)
        seat.send()
        other.page.get_by_role("button", name="Orders").click(timeout=6_000)
        expect(other.page.get_by_role("article")).to_contain_text("another guest")


def test_everything_to_press_is_large_enough_and_has_a_name(seat: Seat) -> None:
    small = """() => [...document.querySelectorAll('button, a, input:not([type=radio]):not([type=checkbox]), select')]
        .filter(one => one.checkVisibility())
        .map(one => [one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent.trim() || 'NAMELESS',
                     one.getBoundingClientRect()])
        .filter(([name, box]) => name === 'NAMELESS' || Math.round(box.height) < 44 || Math.round(box.width) < 44)
        .map(([name, box]) => `${name}: ${box.width}x${box.height}`)"""
    seat.scan()
    assert seat.page.evaluate(small) == []
    seat.phone.tap("Add Lindenhof breakfast")
    expect(seat.page.get_by_role("dialog")).to_be_visible()
    assert seat.page.evaluate(small) == []
    seat.phone.tap("Add to order")
    seat.send()
    assert seat.page.evaluate(small) == []
    seat.phone.tap("Pay", exact=True)
    expect(seat.page.get_by_label("Test card")).to_be_visible()
    assert seat.page.evaluate(small) == []


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_the_phone(seat: Seat, width: int) -> None:
    seat.page.set_viewport_size({"width": width, "height": 568})
    seat.scan()
    seat.fill_cart()
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert seat.page.evaluate(wide) is False
    seat.send()
    assert seat.page.evaluate(wide) is False
    seat.phone.tap("Pay", exact=True)
    expect(seat.page.get_by_label("Test card")).to_be_visible()
    assert seat.page.evaluate(wide) is False
