"""A guest with a phone at a table of their own, and what they do most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import Phone, Staff, phone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.support.platform import Platform


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
