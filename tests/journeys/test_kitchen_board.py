"""What a cook meets on the board in the kitchen, in a real browser on a wide screen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.boards import Board
from tests.support.browser import Staff, tablet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator

    from tests.support.platform import Platform

pytestmark = pytest.mark.browser


class Kitchen(Board):
    """A cook before the board, and guests who send orders to it."""

    def sold_out_now(self) -> list[str]:
        menu = self.ask("GET", "/v1/menu?language=en")
        return [one["name"] for part in menu["categories"] for one in part["items"] if one["sold_out"]]

    def ticket(self, order: Any) -> Locator:
        return self.page.get_by_role("article", name=re.compile(f"^{order['number']}, "))

    def column(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=re.compile(f"^{name} "))


@pytest.fixture
def kitchen(
    browser: Browser, platform: Platform, manager: Staff, free_table: Callable[[], dict[str, Any]]
) -> Iterator[Kitchen]:
    with tablet(browser, platform.url) as held:
        yield Kitchen(held, platform, free_table(), manager)


def test_an_order_appears_by_itself_and_goes_from_new_to_ready(kitchen: Kitchen) -> None:
    kitchen.enter("kitchen", "kitchen")
    order = kitchen.order(note="No basil, please")
    ticket = kitchen.ticket(order)
    expect(ticket).to_be_visible(timeout=4_000)
    expect(ticket).to_contain_text("No basil, please")
    expect(ticket).to_contain_text(re.compile("2.*Tomatensuppe"))
    expect(kitchen.column("New").get_by_role("article", name=re.compile(order["number"]))).to_be_visible()
    ticket.get_by_role("button", name="Start").click()
    expect(kitchen.column("Preparing").get_by_role("article", name=re.compile(order["number"]))).to_be_visible()
    ticket.get_by_role("button", name="Ready").click()
    expect(kitchen.column("Ready").get_by_role("article", name=re.compile(order["number"]))).to_be_visible()
    # Serving is for those who carry it out.
    expect(ticket.get_by_role("button", name="Served")).to_have_count(0)
    (stored,) = kitchen.manager.orders(kitchen.table["id"])
    assert stored["status"] == "ready"


def test_a_wrong_tap_is_taken_back(kitchen: Kitchen) -> None:
    order = kitchen.order()
    kitchen.enter("kitchen", "kitchen")
    kitchen.ticket(order).get_by_role("button", name="Start").click()
    kitchen.board.says(f"{order['number']} is preparing now.")
    kitchen.board.tap("Undo")
    expect(kitchen.column("New").get_by_role("article", name=re.compile(order["number"]))).to_be_visible()
    kitchen.ticket(order).get_by_role("button", name="Start").click()
    expect(kitchen.page.get_by_role("button", name="Undo")).to_be_visible()
    kitchen.page.keyboard.press("Backspace")
    expect(kitchen.column("New").get_by_role("article", name=re.compile(order["number"]))).to_be_visible()


def test_what_was_served_too_early_is_recalled(kitchen: Kitchen) -> None:
    order = kitchen.order()
    kitchen.manager.move(order["id"], "accepted", "preparing", "ready", "served")
    kitchen.enter("kitchen", "waiter")
    kitchen.page.keyboard.press("r")
    entry = kitchen.page.get_by_role("listitem").filter(has_text=f"{order['number']}, ")
    entry.get_by_role("button", name="Back to ready").click()
    expect(kitchen.column("Ready").get_by_role("article", name=re.compile(order["number"]))).to_be_visible()


def test_a_dish_is_sold_out_from_the_ticket_in_two_taps(kitchen: Kitchen) -> None:
    order = kitchen.order()
    kitchen.enter("kitchen", "kitchen")
    ticket = kitchen.ticket(order)
    ticket.get_by_role("button", name="More").click()
    ticket.get_by_role("button", name="Sold out: Tomatensuppe").click()
    expect(ticket.get_by_role("button", name="Back on the menu: Tomatensuppe")).to_be_visible()
    assert kitchen.sold_out_now() == ["Tomato soup"]
    ticket.get_by_role("button", name="Back on the menu: Tomatensuppe").click()
    expect(ticket.get_by_role("button", name="Sold out: Tomatensuppe")).to_be_visible()
    assert kitchen.sold_out_now() == []


def test_a_board_without_a_connection_says_how_old_it_is(kitchen: Kitchen) -> None:
    order = kitchen.order()
    kitchen.enter("kitchen", "kitchen")
    expect(kitchen.ticket(order)).to_be_visible()
    kitchen.board.expected.append("ERR_INTERNET_DISCONNECTED|Failed to load resource|ERR_FAILED")
    kitchen.page.context.set_offline(True)
    kitchen.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    kitchen.board.says(re.compile("^No connection since"))
    expect(kitchen.ticket(order)).to_be_visible()
    kitchen.page.context.set_offline(False)
    kitchen.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(kitchen.page.get_by_text(re.compile("^No connection since"))).to_have_count(0)


def test_a_wrong_password_says_so_and_keeps_the_address(kitchen: Kitchen) -> None:
    kitchen.board.expected.append("401")
    kitchen.page.goto(f"{kitchen.platform.url}/staff/kitchen")
    kitchen.page.get_by_label("E-mail").fill(kitchen.platform.email("kitchen"))
    kitchen.page.get_by_label("Password", exact=True).fill("not this one at all")
    kitchen.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(kitchen.page.get_by_role("alert")).to_be_visible()
    expect(kitchen.page.get_by_label("E-mail")).to_have_value(kitchen.platform.email("kitchen"))


def test_the_board_speaks_german(kitchen: Kitchen) -> None:
    kitchen.order()
    kitchen.enter("kitchen", "kitchen")
    kitchen.board.tap("Deutsch")
    expect(kitchen.page.get_by_role("heading", name="Küche")).to_be_visible()
    kitchen.page.reload()
    expect(kitchen.page.get_by_role("heading", name="Küche")).to_be_visible()
