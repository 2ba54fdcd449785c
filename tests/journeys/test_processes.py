"""Five processes over RabbitMQ and PostgreSQL: killed, restarted and raced, they keep every promise they made."""

from __future__ import annotations

import re
import secrets
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import eventlet
import pytest

from ordering_platform.client import Client, Problem
from tests.support import postgres
from tests.support.processes import COMMAND, Processes
from tests.support.rabbitmq import RabbitNode
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.processes, pytest.mark.broker]

_OWNER = re.compile(r"^ *owner +(\S+@\S+) +(\S+) *$", re.MULTILINE)


class Restaurant:
    """The processes with an owner who is logged in and a table for everybody."""

    def __init__(self, processes: Processes, email: str, password: str) -> None:
        self.processes = processes
        self.email, self.password = email, password
        with Client(processes.url) as visitor:
            self.owner = visitor.as_staff(email, password)

    def table(self) -> str:
        """Put up a fresh table and give its code."""
        code: str = self.owner.post("/v1/tables", {"name": f"T {secrets.token_hex(4)}"})["code"]
        return code

    def guest(self, patience: float = 20.0) -> Client:
        """Seat a guest at a table of their own."""
        return Client(self.processes.url, patience=patience).as_guest(self.table())


def at_once(count: int, do: Callable[[int], Any]) -> list[Any]:
    """Run ``do`` that often at the same time and give all results."""
    return [running.wait() for running in [eventlet.spawn(do, number) for number in range(count)]]


def placed_order(guest: Client, quantity: int = 2) -> dict[str, Any]:
    menu = guest.get("/v1/menu")
    dishes = [dish for category in menu["categories"] for dish in category["items"]]
    plain = [dish for dish in dishes if dish["available"] and not any(group["min"] for group in dish["option_groups"])]
    items = [{"menu_item_id": dish["id"], "quantity": quantity} for dish in plain[:3]]
    order = guest.post("/v1/orders", {"items": items})
    placed: dict[str, Any] = guest.post(f"/v1/orders/{order['id']}/place")
    return placed


def checkout_of(order: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"order_ids": [order["id"]], "method": "sandbox", "card": {"token": "tok_approve"}, **more}


@pytest.fixture(scope="module")
def restaurant() -> Iterator[Restaurant]:
    with (
        tempfile.TemporaryDirectory(prefix="op-five-", ignore_cleanup_errors=True) as name,
        postgres.running(Path(name)) as url,
        RabbitNode() as rabbit,
    ):
        processes = Processes(Path(name), url, rabbit.url)
        login = _OWNER.search(processes.command("seed"))
        assert login is not None
        with processes:
            yield Restaurant(processes, *login.groups())


def test_smoke_passes_while_each_service_is_restarted_once(restaurant: Restaurant) -> None:
    processes = restaurant.processes
    code = restaurant.table()
    restarts = [
        (name, stop) for name, stop in zip(processes.ports, (processes.terminate, processes.kill) * 3, strict=False)
    ]
    for name, stop in restarts:
        walking = subprocess.Popen(
            [*COMMAND, "smoke", processes.url, "--table", code, "--staff", restaurant.email, "--patience", "30"],
            env={**processes.environ, "ORDERING_PASSWORD": restaurant.password},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert walking.stdout is not None
        walking.stdout.readline()
        walking.stdout.readline()
        stop(name)
        processes.start(name)
        told = walking.stdout.read().decode()
        assert walking.wait(timeout=60) == 0, f"while {name} was restarted:\n{told}"
        processes.wait(name)


def test_fifty_identical_checkouts_charge_once(restaurant: Restaurant) -> None:
    guest = restaurant.guest()
    order = placed_order(guest)
    key = secrets.token_hex(8)

    def pay(_: int) -> tuple[str, str, str]:
        with Client(restaurant.processes.url, token=guest.token) as mine:
            paid = mine.post("/v1/checkout", checkout_of(order), key=key)
            return paid["bill"]["id"], paid["payment"]["id"], paid["payment"]["status"]

    assert len(set(at_once(50, pay))) == 1
    bill_id, _, status = pay(0)
    assert status == "captured"
    bill = guest.get(f"/v1/bills/{bill_id}")
    assert bill["paid"] == bill["total"]
    assert len(bill["payments"]) == 1
    assert guest.get(f"/v1/orders/{order['id']}")["payment_status"] == "paid"


def test_two_phones_paying_the_same_order_charge_once(restaurant: Restaurant) -> None:
    guest = restaurant.guest()
    order = placed_order(guest)

    def pay(_: int) -> int:
        with Client(restaurant.processes.url, token=guest.token, patience=0.0) as mine:
            return mine.ask("POST", "/v1/checkout", body=checkout_of(order), key=secrets.token_hex(8)).status

    answers = Counter(at_once(8, pay))
    assert answers[201] == 1
    assert set(answers) <= {201, 409}


def test_forty_orders_on_a_code_with_seven_uses_use_it_seven_times(restaurant: Restaurant) -> None:
    code = f"SEVEN{secrets.token_hex(3).upper()}"
    document = {
        "name": "Seven times",
        "trigger": "code",
        "reward": {"amount": {"EUR": 100}, "on": "order"},
        "limits": {"total": 7},
    }
    promotion = restaurant.owner.post("/v1/promotions", document)
    restaurant.owner.post(f"/v1/promotions/{promotion['id']}/codes", {"codes": [code]})
    guests = [restaurant.guest() for _ in range(40)]
    orders = [placed_order(guest) for guest in guests]

    def pay(number: int) -> str:
        try:
            guests[number].post("/v1/checkout", checkout_of(orders[number], codes=[code]))
        except Problem as refusal:
            return refusal.code
        return "paid"

    assert Counter(at_once(40, pay)) == {"paid": 7, "promotion_exhausted": 33}
    paid = [
        guest.get(f"/v1/orders/{order['id']}")["payment_status"] for guest, order in zip(guests, orders, strict=True)
    ]
    assert Counter(paid) == {"paid": 7, "unpaid": 33}


def test_twenty_payers_at_once_pay_a_bill_once_and_to_the_cent(restaurant: Restaurant) -> None:
    """Each wants a tenth of it at the same moment, so half of them come too late; the rest of the division is left."""
    code = restaurant.table()
    with Client(restaurant.processes.url) as visitor:
        guests = [visitor.as_guest(code) for _ in range(20)]
    bill = guests[0].post("/v1/bills", {"order_ids": [placed_order(guests[0], quantity=3)["id"]]})
    total = bill["total"]["amount"]
    tenth = {"amount": {"amount": total // 10, "currency": bill["currency"]}}
    card = {"method": "sandbox", "card": {"token": "tok_approve"}}

    def pay(number: int) -> str:
        try:
            guests[number].post(f"/v1/bills/{bill['id']}/payments", {**card, **tenth})
        except Problem as refusal:
            return refusal.code
        return "paid"

    answers = Counter(at_once(20, pay))
    assert answers["paid"] == 10
    assert set(answers) <= {"paid", "amount_over_due", "nothing_due", "bill_closed"}
    if total % 10:
        guests[19].post(f"/v1/bills/{bill['id']}/payments", card)
    paid = until(lambda: _settled(guests[0], bill["id"]), timeout=30, interval=0.2)
    assert sum(payment["amount"]["amount"] for payment in paid["payments"] if payment["status"] == "captured") == total
    assert paid["paid"] == paid["total"] == bill["total"]
    assert guests[0].get(f"/v1/orders/{bill['order_ids'][0]}")["payment_status"] == "paid"


@pytest.mark.parametrize("service", ["order", "payment", "promotion"])
def test_a_service_killed_during_checkouts_charges_each_order_once(restaurant: Restaurant, service: str) -> None:
    """Guests repeat with the same key until they know; what they then know stays true."""
    guests = [restaurant.guest(patience=40.0) for _ in range(6)]
    orders = [placed_order(guest) for guest in guests]

    def pay(number: int) -> str:
        paid = guests[number].post("/v1/checkout", checkout_of(orders[number], codes=["WELCOME10"]))
        return str(paid["bill"]["id"])

    paying = [eventlet.spawn(pay, number) for number in range(6)]
    restaurant.processes.kill(service)
    restaurant.processes.start(service)
    bills = [one.wait() for one in paying]
    restaurant.processes.wait(service)
    for guest, order, bill_id in zip(guests, orders, bills, strict=True):
        bill = until(lambda guest=guest, bill_id=bill_id: _settled(guest, bill_id), timeout=30, interval=0.2)  # type: ignore[misc]  # the loop's names are bound
        assert bill["paid"] == bill["total"]
        assert [payment["status"] for payment in bill["payments"]] == ["captured"]
        assert guest.get(f"/v1/orders/{order['id']}")["payment_status"] == "paid"


def _settled(guest: Client, bill_id: str) -> Any:
    bill = guest.get(f"/v1/bills/{bill_id}")
    return bill if bill["status"] == "completed" else None
