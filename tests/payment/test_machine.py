"""Anything in any order: guests, staff, webhooks, deaths, silence and time, and money that is right in the end."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ordering_platform.payment import counter, models, webhooks
from ordering_platform.payment.arrows import install
from ordering_platform.payment.states import BILL_ENDS, PAYMENT_PENDING, POINTS
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.identity import NOBODY
from ordering_platform.runtime.request import Request
from tests.payment.conftest import CASHIER, GUEST, Killed, Restaurant
from tests.payment.ways import open_bill, pay_part

ORDERS = ("ord_1", "ord_2")
CARDS = ("tok_approve", "tok_decline", "tok_3ds", "tok_delay", "tok_timeout")
KEYS = ("key-number-one", "key-number-two", "key-number-three")

DECISIONS = ("confirm", "challenge", "refuse", "elsewhere", "cancel", "webhook")

EVENINGS = settings(
    max_examples=50,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class Evening(RuleBasedStateMachine):
    """One evening with two orders, paid whole or in parts; whoever is killed, somebody else carries on."""

    restaurant: Restaurant

    def __init__(self) -> None:
        super().__init__()
        self.restaurant.start_over()
        self.restaurant.orders.add("ord_2")
        self.restaurant.promotions.limits["TEN"] = 1
        self.doomed: list[str] = []
        self.take_out = install(self._pass)

    def _pass(self, point: str) -> None:
        if point in self.doomed:
            self.doomed.clear()
            raise Killed(point)

    def teardown(self) -> None:
        self.doomed.clear()
        self.everybody_comes_back()
        for _ in range(4):
            self.time_passes(700)
        self.take_out()
        for payment in self._payments(*PAYMENT_PENDING):
            if payment["method"] == "cash":
                self.do(counter.cancel, self.restaurant.till, CASHIER, payment["bill_id"])
                self.do(counter.cancel_payment, self.restaurant.till, CASHIER, payment["id"])
        for bill_id in self._shared():
            # Whoever stays pays what is left of a bill that others have paid a part of.
            self.do(pay_part, self.restaurant, bill_id, f"the-rest-of-{bill_id}", card={"token": "tok_approve"})
        for _ in range(2):
            self.time_passes(700)
        self._check_the_end()

    def do(self, act: Any, *args: Any, **fields: Any) -> None:
        with suppress(DomainError, Killed):
            act(*args, **fields)

    @rule(
        key=st.sampled_from(KEYS),
        order=st.sampled_from(ORDERS),
        method=st.sampled_from([*CARDS, "cash"]),
        code=st.sampled_from([None, "TEN", "FREE", "NOPE"]),
    )
    def a_guest_checks_out(self, key: str, order: str, method: str, code: str | None) -> None:
        how = {"method": "cash"} if method == "cash" else {"method": "sandbox", "card": {"token": method}}
        self.do(self.restaurant.check_out, key, order_ids=[order], code=code, **how)

    @rule(key=st.sampled_from(KEYS), order=st.sampled_from(ORDERS), code=st.sampled_from([None, "TEN"]))
    def a_party_asks_for_a_bill(self, key: str, order: str, code: str | None) -> None:
        self.do(open_bill, self.restaurant, key, order_ids=[order], code=code)

    @precondition(lambda self: self._shared())
    @rule(
        number=st.integers(0, 3),
        key=st.sampled_from(KEYS),
        part=st.sampled_from([{}, {"amount": {"amount": 300, "currency": "EUR"}}, {"equal": {"parts": 3}}]),
        method=st.sampled_from([*CARDS, "cash"]),
    )
    def somebody_pays_a_part(self, number: int, key: str, part: dict[str, Any], method: str) -> None:
        shared = self._shared()
        how = {"method": "cash"} if method == "cash" else {"card": {"token": method}}
        self.do(pay_part, self.restaurant, shared[number % len(shared)], key, **part, **how)

    @rule(point=st.sampled_from(sorted(POINTS)))
    def somebody_will_die(self, point: str) -> None:
        self.doomed[:] = [point]

    @rule(seconds=st.sampled_from([0, 5, 70, 700]))
    def time_passes(self, seconds: float) -> None:
        charges = models.sandbox_charges
        self.restaurant.execute(sa.update(charges).values(settles_at=sa.func.now()))
        self.restaurant.age(seconds)
        self.do(self.restaurant.sweep)

    @rule(peer=st.sampled_from(["orders", "promotions"]))
    def a_peer_goes_away(self, peer: str) -> None:
        getattr(self.restaurant, peer).leave()

    @rule()
    def everybody_comes_back(self) -> None:
        self.restaurant.orders.come_back()
        self.restaurant.promotions.come_back()

    @precondition(lambda self: self._payments(*PAYMENT_PENDING))
    @rule(
        number=st.integers(0, 5),
        who=st.sampled_from(["confirm", "challenge", "refuse", "elsewhere", "cancel", "webhook"]),
    )
    def somebody_decides(self, number: int, who: str) -> None:
        pending = self._payments(*PAYMENT_PENDING)
        payment, till = pending[number % len(pending)], self.restaurant.till
        if who == "confirm":
            self.do(counter.confirm, till, CASHIER, payment["id"])
        elif who == "cancel":
            self.do(counter.cancel, till, GUEST if number % 2 else CASHIER, payment["bill_id"])
        elif who == "webhook":
            headers, body = self.restaurant.sandbox().webhook(payment["id"])
            request = Request("POST", "/", "/", headers, NOBODY, None, {}, body, None, "req", "127.0.0.1", {})
            self.do(webhooks.receive, till, "sandbox", request)
        elif who == "elsewhere":
            self.do(self.restaurant.sandbox().challenge, payment["id"], approve=True)
        else:
            self.do(counter.challenge, till, GUEST, payment["id"], approve=who == "challenge")

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """Holds at every moment: one bill of each order is charged, never more than it is, and a code used once."""
        bill_of = {one["id"]: one["bill_id"] for one in self._payments()}
        charged = Counter[str]()
        for one in self.restaurant.charged:
            charged[bill_of[one["id"]]] += one["captured_minor"]
        paid = [one for one in self.restaurant.rows(models.bills) if charged[one["id"]]]
        assert all(charged[one["id"]] <= one["total_minor"] for one in paid)
        orders = [order for one in paid for order in one["order_ids"]]
        assert len(orders) == len(set(orders))
        assert self.restaurant.promotions.used("TEN") <= 1

    def _payments(self, *statuses: str) -> list[dict[str, Any]]:
        found = self.restaurant.rows(models.payments)
        return [one for one in found if not statuses or one["status"] in statuses]

    def _shared(self) -> list[str]:
        """Give the open bills that wait for payments of their own."""
        found = self.restaurant.rows(models.bills)
        return [one["id"] for one in found if one["status"] == "paying" and not one["request"]["method"]]

    def _check_the_end(self) -> None:
        bills = self.restaurant.rows(models.bills)
        assert {one["status"] for one in bills} <= set(BILL_ENDS)
        assert all(one["pending_minor"] == 0 and one["lease_owner"] is None for one in bills)
        captured = {one["id"]: one["captured_minor"] for one in self._payments("captured")}
        charged = {one["id"]: one["amount_minor"] for one in self.restaurant.charged}
        by_card = {one["id"] for one in self._payments() if one["method"] == "sandbox" and one["captured_minor"]}
        assert charged == {name: captured[name] for name in by_card}
        paid = [order for one in bills if one["status"] == "completed" for order in one["order_ids"]]
        assert len(paid) == len(set(paid))
        for order in ORDERS:
            assert self.restaurant.orders.is_paid(order) is (order in paid)
            assert self.restaurant.orders.is_free(order) is (order not in paid)
        for bill in bills:
            state = self.restaurant.promotions.state.get(bill["id"], "none")
            assert state in ({"confirmed", "none"} if bill["status"] == "completed" else {"released", "none"})


def test_money_is_right_after_any_evening(restaurant: Restaurant) -> None:
    Evening.restaurant = restaurant
    run_state_machine_as_test(Evening, settings=EVENINGS)
