"""What a waiter and a cashier meet on the board of the tables, in a real browser on a wide screen."""

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


class Room(Board):
    """Somebody before the board of the tables."""

    @property
    def seat(self) -> Locator:
        """The card of the guest's table."""
        return self.page.get_by_role("article", name=f"Table {self.table['name']}", exact=True)

    def tap(self, name: str) -> None:
        self.seat.get_by_role("button", name=re.compile(f"^{name}")).click()


@pytest.fixture
def room(
    browser: Browser, platform: Platform, manager: Staff, free_table: Callable[[], dict[str, Any]]
) -> Iterator[Room]:
    with tablet(browser, platform.url) as held:
        yield Room(held, platform, free_table(), manager)


def test_a_guest_pays_at_the_counter_and_the_cashier_says_so(room: Room) -> None:
    room.enter("floor", "cashier")
    order = room.order()
    expect(room.seat).to_contain_text("Waits for the kitchen", timeout=4_000)
    room.ask("POST", "/v1/checkout", {"order_ids": [order["id"]], "method": "cash"}, key="counter-" + order["id"])
    expect(room.seat).to_contain_text("Pays at the counter", timeout=4_000)
    room.tap("€13.00 is in the drawer")
    expect(room.seat.get_by_text(re.compile("^Owes"))).to_have_count(0)
    (stored,) = room.manager.orders(room.table["id"])
    assert stored["payment_status"] == "paid"


def test_staff_bill_a_table_that_has_no_phone_to_pay_with(room: Room) -> None:
    room.order()
    room.enter("floor", "cashier")
    expect(room.seat).to_contain_text("Owes €13.00")
    room.tap("Bill: cash")
    room.tap("€13.00 is in the drawer")
    expect(room.seat.get_by_text(re.compile("^Owes"))).to_have_count(0)
    (stored,) = room.manager.orders(room.table["id"])
    assert stored["payment_status"] == "paid"


def test_a_waiter_is_told_who_confirms_money(room: Room) -> None:
    order = room.order()
    room.ask("POST", "/v1/checkout", {"order_ids": [order["id"]], "method": "cash"}, key="waiter-" + order["id"])
    room.enter("floor", "waiter")
    expect(room.seat).to_contain_text("a cashier confirms it")
    expect(room.seat.get_by_role("button", name=re.compile("drawer"))).to_have_count(0)


def test_a_call_is_seen_answered_and_done(room: Room) -> None:
    room.enter("floor", "waiter")
    room.ask("POST", "/v1/staff-calls", {"kind": "water", "note": "two glasses"})
    expect(room.seat).to_contain_text("Asks for water", timeout=4_000)
    expect(room.seat).to_contain_text("two glasses")
    room.tap("I am coming")
    room.tap("Done")
    expect(room.seat.get_by_text("Asks for water")).to_have_count(0)
    (answered,) = [
        one
        for one in room.manager.ask("GET", "/v1/staff-calls?status=resolved")["data"]
        if one["table"]["id"] == room.table["id"]
    ]
    assert answered["acknowledged_at"] is not None


def test_what_is_ready_is_served_and_a_paid_party_leaves(room: Room) -> None:
    order = room.order()
    room.manager.move(order["id"], "accepted", "preparing", "ready")
    room.enter("floor", "cashier")
    room.tap(f"Serve {order['number']}")
    room.tap("Bill: cash")
    room.tap("€13.00 is in the drawer")
    room.tap("End the visit")
    expect(room.seat).to_contain_text("Free")


def test_a_cook_is_sent_to_the_kitchen(room: Room) -> None:
    room.page.goto(f"{room.platform.url}/staff/floor")
    room.page.get_by_label("E-mail").fill(room.platform.email("kitchen"))
    room.page.get_by_label("Password", exact=True).fill(room.platform.password("kitchen"))
    room.page.get_by_role("button", name="Sign in", exact=True).click()
    room.board.says(re.compile("^This board is for those who serve"))
    room.page.get_by_role("link", name="Kitchen").click()
    expect(room.page.get_by_role("button", name="Recall")).to_be_visible()
