"""A guest's visit: sit down, order, change their mind, pay with a promotion code, and look back at it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ordering_platform.cli.smoke.dishes import Dish, choose
from ordering_platform.cli.smoke.walk import Unexpected, Walk, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.client import Client

CARD = "tok_approve"
PAY_FIRST = "pay_first"
NOTE = "A rehearsal by 'ordering-platform smoke'; nothing has to be cooked."
SETTLED = {"captured", "paid", "completed"}


@dataclass(slots=True)
class Visit:
    """What a walk at one table needs to know and what it has done so far."""

    walk: Walk
    platform: Client
    table_code: str
    promotion: str = ""
    staff: Client | None = None
    visit_code: str = ""
    policy: str = "open"
    guest: Client = field(init=False)
    menu: dict[str, Any] = field(default_factory=dict)
    dishes: list[Dish] = field(default_factory=list)
    order: dict[str, Any] = field(default_factory=dict)
    order_key: str = field(default_factory=lambda: secrets.token_hex(16))
    quote: dict[str, Any] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    method: str = ""
    bill: dict[str, Any] = field(default_factory=dict)
    payment: dict[str, Any] = field(default_factory=dict)
    refundable: dict[str, Any] = field(default_factory=dict)
    further: list[str] = field(default_factory=list)


def sit_down(visit: Visit) -> None:
    """From the code on the table to the menu."""
    step = visit.walk.step
    step("The table's link is known", visit.platform.get, f"/v1/table-links/{visit.table_code}")
    visit.guest = step("A guest sits down", visit.platform.as_guest, visit.table_code, visit_code=visit.visit_code)
    step("The guest is known", _check_me, visit)
    visit.policy = step("The house and its rules", visit.guest.get, "/v1/venue")["policy"]
    step("The menu", _read_menu, visit)
    step("The menu again, unchanged", _read_menu_again, visit)


def choose_dishes(visit: Visit) -> None:
    """From an empty order to one that could be sent."""
    step = visit.walk.step
    step("Begin an order", _begin, visit)
    step("Begin it again with the same key: the same order", _begin_again, visit)
    for number, dish in enumerate(visit.dishes, start=1):
        step(f"Add dish {number}", _add, visit, dish)
    step("Change a quantity", _change, visit)
    if len(visit.dishes) > 1:
        step("Remove a dish", _remove, visit)
    step("The total is what the menu says", _check_total, visit)


def send(visit: Visit) -> None:
    """Send the order, twice, as a double tap does."""
    visit.walk.step("Send it", _place, visit)
    visit.walk.step("Send it twice: the same order", _place, visit)


def choose_method(visit: Visit) -> None:
    """Find a way to pay that costs nobody anything."""
    visit.method = visit.walk.step("Ways to pay", _choose_method, visit)


def pay(visit: Visit) -> None:
    """From the quote to a payment that is captured once."""
    step = visit.walk.step
    visit.quote = step("The quote" + (f" with {visit.promotion}" if visit.promotion else ""), _read_quote, visit)
    key = secrets.token_hex(16)
    step(f"Check out, {visit.method}", _check_out, visit, key)
    step("Check out again with the same key: the same payment", _check_out_again, visit, key)
    if visit.method == "cash" and visit.staff:
        step("Staff take the cash", visit.staff.post, f"/v1/payments/{visit.payment['id']}/confirm")
    if visit.method != "cash" or visit.staff:
        step("The payment is captured", _wait_for_payment, visit)
        step("The bill is paid, once", _check_bill, visit)
        step("The order is paid", _wait_until_paid, visit)
    if visit.policy == PAY_FIRST:
        step("Its payment sent it", _check_sent, visit)


def look_back(visit: Visit) -> None:
    """Everything that was acknowledged is still there."""
    step = visit.walk.step
    step("The order as it was sent", _check_order, visit)
    step("What happened to it", _check_events, visit)
    step("The guest's history", _check_history, visit)
    if visit.payment["status"] in SETTLED:
        step("The bill is paid, still once", _check_bill, visit)


def give_up(visit: Visit) -> None:
    """Leave no unpaid order behind after a walk that failed; what cannot be cancelled stays as it is."""
    first = [visit.order["id"]] if visit.order and visit.order.get("payment_status") == "unpaid" else []
    for order_id in first + visit.further:
        visit.guest.patience = 2.0
        visit.guest.ask("POST", f"/v1/orders/{order_id}/status", body={"to": "cancelled"})


def _check_me(visit: Visit) -> None:
    expect(visit.guest.get("/v1/auth/me").get("kind") == "guest", "the token does not belong to a guest")


def _read_menu(visit: Visit) -> None:
    visit.menu = visit.guest.get("/v1/menu")
    visit.dishes = choose(visit.menu)
    expect(visit.dishes, "the menu has nothing that can be ordered now")


def _read_menu_again(visit: Visit) -> None:
    tag = visit.guest.ask("GET", "/v1/menu").checked().headers.get("etag", "")
    again = visit.guest.ask("GET", "/v1/menu", headers={"If-None-Match": tag})
    expect(tag and again.status == HTTPStatus.NOT_MODIFIED, f"the menu came again with status {again.status}")


def _begin(visit: Visit) -> None:
    visit.order = visit.guest.post("/v1/orders", {"rehearsal": True, "note": NOTE}, key=visit.order_key)
    expect(visit.order["rehearsal"] is True, "the order is not marked as a rehearsal")


def _begin_again(visit: Visit) -> None:
    again = visit.guest.post("/v1/orders", {"rehearsal": True, "note": NOTE}, key=visit.order_key)
    expect(again["id"] == visit.order["id"], "the same key made a second order")


def _add(visit: Visit, dish: Dish) -> None:
    before = len(visit.order["items"])
    _edit(visit, "POST", "/items", {"items": [dish.as_item()]})
    expect(len(visit.order["items"]) == before + 1, f"the order has {len(visit.order['items'])} lines")


def _change(visit: Visit) -> None:
    first = visit.order["items"][0]["id"]
    _edit(visit, "PATCH", f"/items/{first}", {"quantity": 3})
    expect(visit.order["items"][0]["quantity"] == 3, "the quantity did not change")  # noqa: PLR2004  as asked above


def _remove(visit: Visit) -> None:
    last = visit.order["items"][-1]["id"]
    _edit(visit, "DELETE", f"/items/{last}", None)
    expect(all(item["id"] != last for item in visit.order["items"]), "the dish is still there")


def _edit(visit: Visit, method: str, path: str, body: Any) -> None:
    """Change the order as it was last seen; a change whose answer was lost shows as a version that moved on."""
    repeats = visit.guest.repeats
    answer = visit.guest.ask(
        method, f"/v1/orders/{visit.order['id']}{path}", body=body, headers={"If-Match": f'"{visit.order["version"]}"'}
    )
    was_repeated = visit.guest.repeats > repeats
    carried_out = {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.NOT_FOUND} if was_repeated else set()
    if answer.status in carried_out:
        visit.order = _read_order(visit)
    else:
        visit.order = answer.checked().json()


def _read_order(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] = visit.guest.get(f"/v1/orders/{visit.order['id']}")
    return found


def _check_total(visit: Visit) -> None:
    kept = visit.dishes[:-1] if len(visit.dishes) > 1 else visit.dishes
    due = kept[0].unit_price * 3 + sum(dish.total for dish in kept[1:])
    total = _read_order(visit)["total"]["amount"]
    expect(total == due, f"the order says {total}, the menu {due}")


def _place(visit: Visit) -> None:
    answer = visit.guest.post(f"/v1/orders/{visit.order['id']}/place", {"expected_total": visit.order["total"]})
    expect(answer["status"] == "placed" and answer["number"], f"the order is {answer['status']}")
    expect(visit.order["number"] in {None, answer["number"]}, "the order got a second number")
    visit.order = answer


def _check_sent(visit: Visit) -> None:
    expect(visit.order["status"] == "placed" and visit.order["number"], f"the order is {visit.order['status']}")


def _choose_method(visit: Visit) -> str:
    visit.methods = [method["id"] for method in visit.guest.get("/v1/payment-methods")["data"]]
    expect(visit.methods, "there is no way to pay")
    wanted = next((method for method in ("sandbox", "cash") if method in visit.methods), None)
    if wanted is None:
        raise Unexpected(f"a rehearsal pays by sandbox or cash; offered are {', '.join(visit.methods)}")
    return wanted


def _codes(visit: Visit) -> list[str]:
    return [visit.promotion] if visit.promotion else []


def _read_quote(visit: Visit) -> dict[str, Any]:
    body = {"order_ids": [visit.order["id"]], "codes": _codes(visit)}
    quote: dict[str, Any] = visit.guest.post("/v1/checkout/quote", body)
    if visit.promotion:
        expect(quote["discount"]["amount"] > 0, f"{visit.promotion} gives no discount: {quote['promotions']}")
    return quote


def _check_out(visit: Visit, key: str) -> None:
    answer = visit.guest.post("/v1/checkout", _checkout(visit), key=key)
    visit.bill, visit.payment = answer["bill"], answer["payment"]
    expect(visit.bill["total"] == visit.quote["total"], "the bill differs from the quote")


def _check_out_again(visit: Visit, key: str) -> None:
    again = visit.guest.post("/v1/checkout", _checkout(visit), key=key)
    expect(again["bill"]["id"] == visit.bill["id"], "the same key made a second bill")
    expect(again["payment"]["id"] == visit.payment["id"], "the same key made a second payment")


def _checkout(visit: Visit) -> dict[str, Any]:
    card = {"card": {"token": CARD}} if visit.method == "sandbox" else {}
    return {
        "order_ids": [visit.order["id"]],
        "codes": _codes(visit),
        "method": visit.method,
        "expected_total": visit.quote["total"],
        **card,
    }


def _wait_for_payment(visit: Visit) -> None:
    path = f"/v1/payments/{visit.payment['id']}"
    visit.payment = wait_until(visit.guest, path, lambda payment: payment["status"] in SETTLED)


def _check_bill(visit: Visit) -> None:
    bill = wait_until(visit.guest, f"/v1/bills/{visit.bill['id']}", lambda bill: bill["due"]["amount"] == 0)
    captured = [payment for payment in bill["payments"] if payment["status"] in SETTLED]
    expect(len(captured) == 1, f"{len(captured)} payments were captured")
    expect(bill["paid"] == bill["total"], f"paid {bill['paid']} of {bill['total']}")


def _wait_until_paid(visit: Visit) -> None:
    path = f"/v1/orders/{visit.order['id']}"
    visit.order = wait_until(visit.guest, path, lambda order: order["payment_status"] == "paid")


def wait_until(guest: Client, path: str, settled: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Read until it is settled: after a restart the platform finishes by itself what was begun."""
    until = time.monotonic() + guest.patience
    while True:
        found: dict[str, Any] = guest.get(path)
        if settled(found):
            return found
        if time.monotonic() > until:
            raise Unexpected(f"after {guest.patience:.0f} s it still is {found.get('status')}")
        time.sleep(0.1)


def _check_order(visit: Visit) -> None:
    found = _read_order(visit)
    expect(found["number"] == visit.order["number"], "the order has another number now")
    expect([item["id"] for item in found["items"]] == [item["id"] for item in visit.order["items"]], "lines differ")


def _check_events(visit: Visit) -> None:
    events = visit.guest.get(f"/v1/orders/{visit.order['id']}/events")["data"]
    placed = [event for event in events if event.get("to") == "placed"]
    expect(len(placed) == 1, f"it was placed {len(placed)} times")


def _check_history(visit: Visit) -> None:
    mine = [one for one in visit.guest.pages("/v1/orders") if one["id"] == visit.order["id"]]
    expect(len(mine) == 1, f"the order is there {len(mine)} times")
