"""A party pays: everybody for their own dishes at the same moment, and the table ends by itself at zero."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.client import Client, Problem
from tests.support.crowds import at_once
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.platform import Platform

GUESTS = 6
CARD = {"method": "sandbox", "card": {"token": "tok_approve"}}


@pytest.fixture
def owner(platform: Platform) -> Iterator[Client]:
    """Give the owner of a house where visits end with the last payment."""
    owner = Client(platform.url).as_staff(platform.email("owner"), platform.password("owner"))
    owner.patch("/v1/venue", {"session_closing": "paid"})
    yield owner
    owner.patch("/v1/venue", {"session_closing": "idle"})
    owner.close()


def sent(guest: Client) -> str:
    """Order two plain dishes."""
    menu = guest.get("/v1/menu", language="en")
    dishes = [dish for category in menu["categories"] for dish in category["items"]]
    plain = [dish for dish in dishes if not dish["option_groups"] and dish["available"]][:2]
    items = [{"menu_item_id": dish["id"], "quantity": 1} for dish in plain]
    order = guest.post("/v1/orders", {"items": items})
    guest.post(f"/v1/orders/{order['id']}/place")
    return str(order["id"])


def refused(work: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        work()
    return caught.value.status, caught.value.code


def test_everybody_pays_their_own_at_once_and_the_table_ends(platform: Platform, owner: Client) -> None:
    table = owner.post("/v1/tables", {"name": "Long table"})
    owner.post("/v1/table-sessions", {"table_id": table["id"]})
    guests = [Client(platform.url).as_guest(table["code"]) for _ in range(GUESTS)]
    orders = [sent(guest) for guest in guests]
    bill = guests[0].post("/v1/bills", {"session": True})
    assert sorted(bill["order_ids"]) == sorted(orders)
    path = f"/v1/bills/{bill['id']}"
    shared, *own = bill["split"]["lines"]

    def pay(place: int) -> Any:
        """Pay a part of the first dish, which all share, and two of the others or one."""
        lines = [{"line_id": shared["line_id"], "part": place + 1, "of": GUESTS}]
        lines += [{"line_id": line["line_id"]} for line in own[place::GUESTS]]
        tip = {"amount": 10 * place, "currency": bill["currency"]}
        return guests[place].post(f"{path}/payments", {**CARD, "lines": lines, "tip": tip})

    first = pay(0)
    states = {order["payment_status"] for order in owner.get("/v1/orders", limit=100)["data"] if order["id"] in orders}
    assert states == {"partially_paid"}
    taken = {**CARD, "lines": [{"line_id": shared["line_id"], "part": 1, "of": GUESTS}]}
    assert refused(lambda: guests[1].post(f"{path}/payments", taken)) == (409, "share_taken")
    answers = at_once([partial(pay, place) for place in range(1, GUESTS)])
    assert all(isinstance(one, dict) for one in answers), answers
    paid = [one["amount"]["amount"] for one in (first, *answers)]
    assert sum(paid) == bill["total"]["amount"]

    def is_over() -> bool:
        return bool(guests[0].get(path)["status"] == "completed")

    until(is_over, timeout=20)
    assert refused(lambda: sent(guests[1])) == (410, "session_closed")
    shown = guests[2].get(path)
    assert (shown["paid"], shown["due"]["amount"]) == (bill["total"], 0)
    held = [part["payment_id"] for line in shown["split"]["lines"] for part in line["shares"]]
    assert set(held) == {one["id"] for one in (first, *answers)}
    tips = sum(10 * place for place in range(GUESTS))
    assert guests[3].get(shown["receipt_url"])["total"]["amount"] == bill["total"]["amount"] + tips
    (session,) = [
        one for one in owner.get("/v1/table-sessions", limit=100)["data"] if one["table"]["id"] == table["id"]
    ]
    assert (session["status"], session["close_reason"]) == ("closed", "paid")
