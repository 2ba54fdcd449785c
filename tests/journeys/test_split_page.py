"""Several phones at one table pay one bill, in a real browser each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import phone
from tests.support.guests import Seat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def friend(seat: Seat, browser: Browser) -> Iterator[Seat]:
    """Give another phone at the same table."""
    with phone(browser, seat.home) as held:
        yield Seat(held, seat.table, seat.home, seat.manager)


def begin(seat: Seat) -> None:
    """Order for 19.40 and make a bill for several of it."""
    seat.scan()
    seat.fill_cart()
    seat.send()
    seat.phone.tap("Pay", exact=True)
    seat.phone.tap("Split with others")
    expect(seat.page.get_by_role("heading", name="Split the bill")).to_be_visible()


def join(friend: Seat) -> None:
    """Open the shared bill from another phone."""
    friend.scan()
    friend.phone.tap(re.compile("orders|A[0-9]+|Orders"))
    friend.phone.tap(re.compile("^Split bill"))


def test_two_pay_a_half_each_and_the_order_is_paid(seat: Seat, friend: Seat) -> None:
    begin(seat)
    seat.phone.tap(re.compile("^Pay €9.70$"))
    expect(seat.page.get_by_role("article")).to_contain_text("Partly paid")
    join(friend)
    friend.phone.says("1 of 2 parts is free.")
    friend.phone.tap(re.compile("^Pay €9.70$"))
    expect(friend.page.get_by_role("article")).to_contain_text("Paid")
    expect(seat.page.get_by_role("article").get_by_text("Paid", exact=True)).to_be_visible(timeout=4_000)
    (stored,) = seat.sent()
    (bill,) = seat.manager.ask("GET", f"/v1/bills?session_id={stored['session_id']}")["data"]
    assert (bill["status"], [one["amount"]["amount"] for one in bill["payments"]]) == ("completed", [970, 970])


def test_each_takes_what_they_had_and_sees_what_the_other_has_taken(seat: Seat, friend: Seat) -> None:
    begin(seat)
    seat.phone.tap("What I had")
    seat.page.get_by_label(re.compile("^Tomato soup")).select_option("1")
    seat.phone.tap(re.compile("^Pay €6.50$"))
    expect(seat.page.get_by_role("article")).to_contain_text("Partly paid")
    join(friend)
    expect(friend.page.get_by_role("listitem").filter(has_text="Tomato soup").last).to_contain_text("taken")
    friend.phone.tap("All that is left")
    friend.phone.tap(re.compile("^Pay €12.90$"))
    expect(friend.page.get_by_role("article")).to_contain_text("Paid")


def test_who_changes_their_mind_pays_alone_after_all(seat: Seat) -> None:
    begin(seat)
    seat.phone.tap("Do not split after all")
    expect(seat.page.get_by_role("article")).to_contain_text("Not paid yet")
    seat.phone.tap("Pay", exact=True)
    seat.phone.tap(re.compile("^Pay €19.40$"))
    expect(seat.page.get_by_role("article")).to_contain_text("Paid")
