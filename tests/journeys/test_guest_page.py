"""What a guest meets behind the code on the table, in a real browser against the platform as it is installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import phone
from tests.support.calls import call
from tests.support.guests import Seat

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Route

    from tests.support.platform import Platform

pytestmark = pytest.mark.browser


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
    link = order.get_by_role("link", name="Receipt")
    receipt = call(f"{seat.home}{link.get_attribute('href')}", headers={"Accept": "text/html"})
    assert "Welcome: 10 % off" in receipt.body.decode()
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
    seat.page.get_by_label("At the counter", exact=True).check()
    seat.phone.tap(re.compile("at the counter"))
    seat.phone.says(re.compile("Please pay €19.40 at the counter"))
    seat.manager.ask("POST", f"/v1/payments/{payments[0]}/confirm")
    expect(seat.page.locator(".badge.good")).to_have_text("Paid", timeout=5_000)


def test_the_page_speaks_the_language_of_the_phone_and_switches(
    browser: Browser, platform: Platform, free_table: Callable[[], dict[str, Any]]
) -> None:
    with phone(browser, platform.url, "de-AT") as held:
        held.page.goto(f"{platform.url}/t/{free_table()['code']}")
        expect(held.page.get_by_role("button", name="Tomatensuppe dazu")).to_be_visible()
        held.page.get_by_role("button", name="English").click()
        expect(held.page.get_by_role("button", name="Add Tomato soup")).to_be_visible()
        assert held.page.locator("html").get_attribute("lang") == "en"
        held.page.reload()
        expect(held.page.get_by_role("button", name="Add Tomato soup")).to_be_visible()


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


def test_a_tip_is_given_by_choice_and_follows_the_price(seat: Seat) -> None:
    seat.scan()
    seat.fill_cart()
    seat.send()
    seat.phone.tap("Pay", exact=True)
    chips = seat.page.get_by_role("group", name="Tip").get_by_role("button")
    expect(chips).to_have_text(["No tip", "5 %", "10 %", "15 %"])
    assert [chip.get_attribute("aria-pressed") for chip in chips.all()] == ["false"] * 4
    seat.phone.tap("10 %")
    seat.phone.tap(re.compile("^Pay €21.34$"))
    expect(seat.page.get_by_role("article")).to_contain_text("Paid")
    (stored,) = seat.sent()
    (bill,) = seat.manager.ask("GET", f"/v1/bills?session_id={stored['session_id']}")["data"]
    assert bill["payments"][0]["tip"] == {"amount": 194, "currency": "EUR"}
