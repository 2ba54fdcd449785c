"""Ways a bill may go from the first request to its end, and what must hold there; every named point lies on one."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.payment import checkout, holding, models, paying, schemas
from ordering_platform.payment.arrows import install
from ordering_platform.payment.states import BILL_ENDS
from ordering_platform.runtime.errors import DomainError
from tests.payment.conftest import CASHIER, KEY, Restaurant

if TYPE_CHECKING:
    from collections.abc import Callable

# Ways of one request: what is sent. Whatever happens to it, the sweeper brings the bill to its end; only what is
# held waits for the staff.
WAYS: dict[str, dict[str, Any]] = {
    "approved": {"code": "TEN"},
    "declined": {"code": "TEN", "card": {"token": "tok_decline"}},
    "free": {"code": "FREE"},
    "price changed": {"code": "TEN", "expected_total": {"amount": 1, "currency": "EUR"}},
    "code refused": {"code": "NOPE"},
    "order refused": {"order_ids": ["ord_missing"]},
    "asked and never answered": {"code": "TEN", "card": {"token": "tok_3ds"}},
    "reply lost": {"code": "TEN", "card": {"token": "tok_timeout"}},
    "approved late": {"code": "TEN", "card": {"token": "tok_delay"}},
    "held and taken": {"code": "TEN", "capture": "later"},
    "held and let go": {"code": "TEN", "capture": "later"},
    "held and forgotten": {"code": "TEN", "capture": "later"},
}


def open_bill(restaurant: Restaurant, key: str, **wish: Any) -> str:
    """Make a bill that is to be paid by payments of its own; gives its id, or nothing where a refusal is repeated."""
    request = restaurant.request(wish, key=key, schema=schemas.NewBill, path="/v1/bills")
    reply = checkout.open_bill(restaurant.till, request)
    assert isinstance(reply.body, bytes)
    return str(json.loads(reply.body).get("id", ""))


def pay_part(restaurant: Restaurant, bill_id: str, key: str, **sent: Any) -> None:
    """Pay a part of an open bill, or all that is left of it."""
    request = restaurant.request(
        {"method": "sandbox", **sent},
        key=key,
        schema=schemas.NewPayment,
        path=f"/v1/bills/{bill_id}/payments",
        route="/v1/bills/<bill_id>/payments",
    )
    paying.pay(restaurant.till, request, bill_id)


def paid_in_two_parts(restaurant: Restaurant) -> None:
    """Two guests pay an open bill, each with a key of their own."""
    bill_id = open_bill(restaurant, KEY, order_ids=["ord_1"], code="TEN")
    for amount, card in ((400, "tok_delay"), (500, "tok_approve")):
        part = {"amount": {"amount": amount, "currency": "EUR"}, "card": {"token": card}}
        pay_part(restaurant, bill_id, f"{KEY}-{amount}", **part)


# Ways of several requests by several people, each of whom repeats their own until it is answered.
LONGER: dict[str, Callable[[Restaurant], None]] = {
    "paid in two parts": paid_in_two_parts,
}
ALL = (*WAYS, *LONGER)


def act(restaurant: Restaurant, way: str) -> None:
    """Do what people do on a way, up to the first refusal."""
    with suppress(DomainError):
        if way in LONGER:
            LONGER[way](restaurant)
        else:
            restaurant.check_out(KEY, **WAYS[way])


def walk(restaurant: Restaurant, way: str) -> None:
    """Do it and let everything happen that time brings."""
    act(restaurant, way)
    carry_on(restaurant, way)


def carry_on(restaurant: Restaurant, way: str) -> None:
    """Let time pass until nothing moves any more; who goes a longer way comes back."""
    if way == "asked and never answered":
        restaurant.age(700)
    if way == "held and forgotten":
        restaurant.age(25 * 3600)
    for _ in range(4):
        restaurant.execute(sa.update(models.sandbox_charges).values(settles_at=sa.func.now()))
        restaurant.make_due()
        restaurant.sweep()
        decide(restaurant, way)
        if way in LONGER:
            act(restaurant, way)


def decide(restaurant: Restaurant, way: str) -> None:
    """Let the staff take what is held, or let it go, where the way says so."""
    verbs = {"held and taken": holding.capture, "held and let go": holding.void}
    for payment in restaurant.rows(models.payments):
        if way in verbs and payment["status"] == "authorized":
            verbs[way](restaurant.till, CASHIER, str(payment["id"]))


def passed_on(restaurant: Restaurant, way: str) -> set[str]:
    """Give the points that lie on a way."""
    restaurant.start_over()
    passed: set[str] = set()
    take_out = install(passed.add)
    walk(restaurant, way)
    take_out()
    return passed


def settled(restaurant: Restaurant) -> None:
    """What must hold at the end, whichever way it went: paid, charged and confirmed belong together."""
    payments = restaurant.rows(models.payments)
    completed = []
    for bill in restaurant.rows(models.bills):
        assert bill["status"] in BILL_ENDS
        assert (bill["lease_owner"], bill["pending_minor"]) == (None, 0)
        captured = [one for one in payments if one["bill_id"] == bill["id"] and one["status"] == "captured"]
        if bill["status"] == "completed":
            completed.append(bill["id"])
            assert sum(one["amount_minor"] for one in captured) == bill["paid_minor"] == bill["total_minor"]
        else:
            assert captured == []
    charged = [one["id"] for one in payments if one["status"] == "captured" and one["captured_minor"]]
    assert charged == [one["id"] for one in restaurant.charged]
    assert len(completed) <= 1
    assert restaurant.orders.is_paid() is bool(completed)
    assert completed or restaurant.orders.is_free()
    used = {bill_id: state for bill_id, state in restaurant.promotions.state.items() if state != "none"}
    assert all(state == ("confirmed" if bill_id in completed else "released") for bill_id, state in used.items())
