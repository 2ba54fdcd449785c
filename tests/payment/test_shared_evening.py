"""One bill, any payers in any order, deaths, silence and time between them: exact always, finished in the end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from ordering_platform.payment import counter, models
from ordering_platform.payment.arrows import install
from ordering_platform.payment.states import PAYMENT_PENDING, POINTS
from ordering_platform.runtime.errors import DomainError
from tests.payment.conftest import CASHIER, Killed
from tests.payment.test_split_bills import CAKE, DISHES, PIZZA, TOTAL, WINE, euros, exact, guest, open_bill, pay

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant

CARDS = ("tok_approve", "tok_decline", "tok_3ds", "tok_delay", "tok_timeout")
CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"amount": euros(700)},
    {"equal": {"parts": 2}},
    {"equal": {"parts": 3, "take": 2}},
    {"lines": [{"line_id": PIZZA}]},
    {"lines": [{"line_id": WINE, "part": 1, "of": 2}]},
    {"lines": [{"line_id": WINE, "part": 2, "of": 2}, {"line_id": CAKE}]},
    {"lines": [{"line_id": WINE, "part": 1, "of": 3}]},
)

EVENINGS = settings(
    max_examples=30,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class SharedEvening(RuleBasedStateMachine):
    """One table with one bill; whoever is killed, somebody else carries on."""

    restaurant: Restaurant

    def __init__(self) -> None:
        super().__init__()
        self.restaurant.start_over()
        self.restaurant.orders.add("ord_1", *DISHES)
        self.bill_id = open_bill(self.restaurant, "ord_1")
        self.doomed: list[str] = []
        self.take_out = install(self._pass)

    def _pass(self, point: str) -> None:
        if point in self.doomed:
            self.doomed.clear()
            raise Killed(point)

    def do(self, act: Any, *args: Any, **fields: Any) -> None:
        with suppress(DomainError, Killed):
            act(*args, **fields)

    @rule(number=st.integers(1, 4), choice=st.sampled_from(CHOICES), method=st.sampled_from([*CARDS, "cash"]))
    def somebody_pays(self, number: int, choice: dict[str, Any], method: str) -> None:
        how = {"method": "cash"} if method == "cash" else {"card": {"token": method}}
        who = guest(number)
        self.do(pay, self.restaurant, self.bill_id, f"key-of-{who.id}", caller=who, **how, **choice, tip=euros(number))

    @rule(point=st.sampled_from(sorted(POINTS)))
    def somebody_will_die(self, point: str) -> None:
        self.doomed[:] = [point]

    @rule(seconds=st.sampled_from([0, 5, 70, 700]))
    def time_passes(self, seconds: float) -> None:
        self.restaurant.execute(sa.update(models.sandbox_charges).values(settles_at=sa.func.now()))
        self.restaurant.age(seconds)
        self.do(self.restaurant.sweep)

    @rule()
    def order_service_goes_away(self) -> None:
        self.restaurant.orders.leave()

    @rule()
    def order_service_comes_back(self) -> None:
        self.restaurant.orders.come_back()

    @precondition(lambda self: self._pending())
    @rule(number=st.integers(0, 5), verb=st.sampled_from(["confirm", "cancel", "cancel the bill", "approve", "refuse"]))
    def somebody_decides(self, number: int, verb: str) -> None:
        pending = self._pending()
        payment_id, till = pending[number % len(pending)]["id"], self.restaurant.till
        if verb == "confirm":
            self.do(counter.confirm, till, CASHIER, payment_id)
        elif verb == "cancel":
            self.do(counter.cancel_payment, till, CASHIER, payment_id)
        elif verb == "cancel the bill":
            self.do(counter.cancel, till, CASHIER, self.bill_id)
        else:
            self.do(counter.challenge, till, CASHIER, payment_id, approve=verb == "approve")

    @invariant()
    def the_books_are_exact(self) -> None:
        exact(self.restaurant)

    def _pending(self) -> list[dict[str, Any]]:
        return [one for one in self.restaurant.rows(models.payments) if one["status"] in PAYMENT_PENDING]

    def teardown(self) -> None:
        self.doomed.clear()
        self.order_service_comes_back()
        for _ in range(4):
            self.time_passes(700)
        self.take_out()
        for payment in self._pending():
            self.do(counter.cancel_payment, self.restaurant.till, CASHIER, payment["id"])
        assert self._pending() == []
        if self.restaurant.bill["status"] == "paying":
            # Somebody has paid a part; whoever stays pays the rest.
            assert self.restaurant.orders.is_partly_paid()
            pay(self.restaurant, self.bill_id)
        self.time_passes(0)
        self._check_the_end()

    def _check_the_end(self) -> None:
        bill, orders = self.restaurant.bill, self.restaurant.orders
        paid = sum(one["captured_minor"] - one["tip_minor"] for one in self._captured())
        assert (bill["status"], paid) in {("completed", TOTAL), ("failed", 0)}
        assert (bill["pending_minor"], bill["lease_owner"]) == (0, None)
        assert (orders.is_paid(), orders.is_free()) == (paid == TOTAL, paid == 0)
        charged = {one["id"]: one["captured_minor"] for one in self.restaurant.charged}
        assert charged == {one["id"]: one["captured_minor"] for one in self._captured() if one["method"] == "sandbox"}
        exact(self.restaurant)

    def _captured(self) -> list[dict[str, Any]]:
        return [one for one in self.restaurant.rows(models.payments) if one["status"] == "captured"]


def test_a_shared_bill_is_exact_on_any_evening(restaurant: Restaurant) -> None:
    SharedEvening.restaurant = restaurant
    run_state_machine_as_test(SharedEvening, settings=EVENINGS)
