"""Money that takes more than one step: a bill for two, a card whose holder is asked first, and money given back."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ordering_platform.cli.smoke.guest import CARD, NOTE, PAY_FIRST, SETTLED, wait_until
from ordering_platform.cli.smoke.walk import expect
from ordering_platform.client import Problem

if TYPE_CHECKING:
    from ordering_platform.cli.smoke.guest import Visit
    from ordering_platform.client import Client

ASKS_FIRST = "tok_3ds"
_NO_SANDBOX = "the test provider 'sandbox' is not among the ways to pay"
_NO_CASHIER = "it takes a cashier; add --staff"


def split(visit: Visit) -> None:
    """Two guests pay halves of one bill, each in their own way where there are two."""
    methods = _methods(visit)
    step, skip = visit.walk.step, visit.walk.skip
    if not methods:
        skip("A bill for two", _NO_SANDBOX if visit.staff else f"only cash is taken, and {_NO_CASHIER}")
        return
    friend = step("A friend sits down", visit.platform.as_guest, visit.table_code, visit_code=visit.visit_code)
    order = step("An order for two", _order, visit)
    bill = step("A bill of its own", _open_bill, visit, order)
    payers = [(visit.guest, methods[0]), (friend, methods[-1])]
    for half, (payer, method) in enumerate(payers, start=1):
        payment = step(f"Half {half} of it, {method}", _pay_half, payer, bill, method)
        if method == "cash" and visit.staff:
            step("Staff take the cash of the half", visit.staff.post, f"/v1/payments/{payment['id']}/confirm")
    step("The halves are the bill, to the cent", _check_halves, visit, bill)
    step("A third half: 409", _no_third_half, friend, bill, methods[0])
    step("Its order is paid", _wait_until_paid, visit, order)


def challenge(visit: Visit) -> None:
    """The bank asks the card holder first; only the answer moves money."""
    step, skip = visit.walk.step, visit.walk.skip
    if "sandbox" not in visit.methods:
        skip("A card whose holder is asked first", _NO_SANDBOX)
        return
    order = step("An order for a careful bank", _order, visit)
    payment = step("Check out: the bank asks its card holder", _pay_carefully, visit, order)
    step("Nothing is charged yet", _check_waiting, visit, payment)
    step("The card holder agrees", _agree, visit, payment)
    visit.refundable = step("It is captured", _wait_for_payment, visit, payment)
    step("Its order is paid, too", _wait_until_paid, visit, order)


def refund(visit: Visit) -> None:
    """Give one line back, then all the rest, and not a cent more."""
    step, skip = visit.walk.step, visit.walk.skip
    staff, payment = visit.staff, visit.refundable
    if staff is None or not payment:
        skip("Money is given back", _NO_CASHIER if staff is None else "nothing was paid that could go back")
        return
    path = f"/v1/payments/{payment['id']}/refunds"
    try:
        line = step("A dish goes back, once", _give_back_a_line, visit, staff, payment)
        step("All the rest goes back", _given_back, staff, path, {})
    except _NeedsManager:
        skip("All of it goes back", "it is more than a cashier may give back; log in as a manager")
        return
    step("It is as much as was captured", _check_refunded, visit, payment, line)
    step("Once more: 409", _nothing_is_left, staff, path)


def _methods(visit: Visit) -> list[str]:
    """Ways by which this walk can see a payment through."""
    return [one for one in ("sandbox", "cash") if one in visit.methods and (one != "cash" or visit.staff)]


def _order(visit: Visit) -> dict[str, Any]:
    items = [dish.as_item() for dish in visit.dishes]
    order: dict[str, Any] = visit.guest.post("/v1/orders", {"rehearsal": True, "note": NOTE, "items": items})
    visit.further.append(order["id"])
    if visit.policy != PAY_FIRST:
        order = visit.guest.post(f"/v1/orders/{order['id']}/place", {"expected_total": order["total"]})
    return order


def _open_bill(visit: Visit, order: dict[str, Any]) -> dict[str, Any]:
    bill: dict[str, Any] = visit.guest.post("/v1/bills", {"order_ids": [order["id"]]})
    lines = sum(line["total"]["amount"] for line in bill["quote"]["lines"])
    expect(lines == bill["total"]["amount"], f"the lines are {lines}, the bill {bill['total']['amount']}")
    expect(bill["due"] == bill["total"], f"{bill['due']} of {bill['total']} is due")
    return bill


def _pay_half(payer: Client, bill: dict[str, Any], method: str) -> dict[str, Any]:
    payment: dict[str, Any] = payer.post(f"/v1/bills/{bill['id']}/payments", _half(method))
    return payment


def _half(method: str) -> dict[str, Any]:
    card = {"card": {"token": CARD}} if method == "sandbox" else {}
    return {"method": method, "equal": {"parts": 2}, **card}


def _check_halves(visit: Visit, bill: dict[str, Any]) -> None:
    paid = wait_until(visit.guest, f"/v1/bills/{bill['id']}", lambda found: found["status"] == "completed")
    halves = [one["amount"]["amount"] for one in paid["payments"] if one["status"] in SETTLED]
    expect(len(halves) == 2 and abs(halves[0] - halves[1]) <= 1, f"the halves are {halves}")  # noqa: PLR2004  halves
    expect(sum(halves) == bill["total"]["amount"], f"{halves} are not {bill['total']['amount']}")
    expect(paid["paid"] == paid["total"] and paid["due"]["amount"] == 0, f"{paid['due']} is left")
    expect(paid["quote"] == bill["quote"], "the quote of the bill has changed")
    expect(paid["receipt_url"] is None, "a rehearsal has a receipt, and with it a number in the books")


def _no_third_half(payer: Client, bill: dict[str, Any], method: str) -> None:
    answer = payer.ask("POST", f"/v1/bills/{bill['id']}/payments", body=_half(method), key=secrets.token_hex(16))
    expect(answer.status == HTTPStatus.CONFLICT, f"answered {answer.status}, not 409")


def _wait_until_paid(visit: Visit, order: dict[str, Any]) -> None:
    wait_until(visit.guest, f"/v1/orders/{order['id']}", lambda found: found["payment_status"] == "paid")


def _pay_carefully(visit: Visit, order: dict[str, Any]) -> dict[str, Any]:
    body = {"order_ids": [order["id"]], "method": "sandbox", "card": {"token": ASKS_FIRST}}
    payment: dict[str, Any] = visit.guest.post("/v1/checkout", body)["payment"]
    return payment


def _check_waiting(visit: Visit, payment: dict[str, Any]) -> None:
    asked = wait_until(visit.guest, f"/v1/payments/{payment['id']}", lambda found: found["status"] == "requires_action")
    expect(asked["next_action"]["type"] == "challenge", f"the next step is {asked['next_action']}")
    expect(asked["captured"]["amount"] == 0, f"{asked['captured']} was captured without asking")


def _agree(visit: Visit, payment: dict[str, Any]) -> None:
    repeats = visit.guest.repeats
    answer = visit.guest.ask("POST", f"/v1/payments/{payment['id']}/challenge", body={"approve": True})
    if answer.status != HTTPStatus.CONFLICT or visit.guest.repeats == repeats:
        # After a lost answer the question is answered already, and the repeat is refused.
        answer.checked()


def _wait_for_payment(visit: Visit, payment: dict[str, Any]) -> dict[str, Any]:
    return wait_until(visit.guest, f"/v1/payments/{payment['id']}", lambda found: found["status"] in SETTLED)


class _NeedsManager(Exception):
    """The amount is above what a cashier may give back."""


def _give_back_a_line(visit: Visit, staff: Client, payment: dict[str, Any]) -> int:
    """Give back one dish, twice with one key, as a double tap does; gives what went back, in minor units."""
    line = visit.guest.get(f"/v1/bills/{payment['bill_id']}")["quote"]["lines"][0]
    wish = {"lines": [{"line_id": line["line_id"]}]}
    key = secrets.token_hex(16)
    given, again = (_given_back(staff, f"/v1/payments/{payment['id']}/refunds", wish, key) for _ in range(2))
    expect(given["id"] == again["id"], "the same key gave it back twice")
    expect(given["total"] == line["total"], f"{given['total']} went back of {line['total']}")
    return int(given["total"]["amount"])


def _given_back(staff: Client, path: str, wish: dict[str, Any], key: str = "") -> dict[str, Any]:
    """Give back what is wished, all that is left where nothing is; raises _NeedsManager."""
    try:
        given: dict[str, Any] = staff.post(path, {"reason": NOTE, **wish}, key=key or secrets.token_hex(16))
    except Problem as refusal:
        if refusal.code == "refund_needs_manager":
            raise _NeedsManager from None
        raise
    return given


def _check_refunded(visit: Visit, payment: dict[str, Any], line: int) -> None:
    path = f"/v1/payments/{payment['id']}"
    now = wait_until(visit.guest, path, lambda found: found["refunded"] == found["captured"])
    expect(0 < line < now["refunded"]["amount"], f"{line} of {now['refunded']['amount']} was the first part")


def _nothing_is_left(staff: Client, path: str) -> None:
    answer = staff.ask("POST", path, body={"reason": NOTE}, key=secrets.token_hex(16))
    expect(answer.status == HTTPStatus.CONFLICT, f"answered {answer.status}, not 409")
