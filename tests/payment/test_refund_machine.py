"""Refunds in any order, with deaths, silence, returned money and time: never a cent more than was paid."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ordering_platform.payment import counter, models
from ordering_platform.payment.arrows import install
from ordering_platform.payment.states import REFUND_POINTS
from ordering_platform.runtime.errors import DomainError
from tests.payment.conftest import CASHIER, Killed, Restaurant
from tests.payment.fakes import line
from tests.payment.refund_checks import MANAGER, counted, ended, eur, let_banks_work, let_time_pass, send_notice
from tests.payment.test_refund_saga import with_script

CARDS = ("tok_approve", "tok_refund_timeout", "tok_refund_delay", "tok_refund_fails_later", "tok_refund_fails")
DISHES = [line("goose", 3000, quantity=3), line("wine", 1999), line("bun", 1), line("salt", 0)]
LINES = [f"ord_1_{number}" for number in range(len(DISHES))]

TIPS = st.one_of(st.booleans(), st.integers(0, 400).map(eur))
PARTS = st.fixed_dictionaries(
    {"line_id": st.sampled_from(LINES)},
    optional={"quantity": st.integers(1, 3)},
) | st.fixed_dictionaries({"line_id": st.sampled_from(LINES), "amount": st.integers(1, 3100).map(eur)})
WISHES = (
    st.fixed_dictionaries({}, optional={"tip": TIPS})
    | st.fixed_dictionaries({"amount": st.integers(1, 6000).map(eur)}, optional={"tip": TIPS})
    | st.fixed_dictionaries(
        {"lines": st.lists(PARTS, min_size=1, max_size=3, unique_by=lambda one: str(one["line_id"]))},
        optional={"tip": TIPS},
    )
)

EVENINGS = settings(
    max_examples=25,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class Regrets(RuleBasedStateMachine):
    """A bill of 50.00 with a tip, paid by one card, by two, or in cash; then everybody wants their money back."""

    restaurant: Restaurant

    def __init__(self) -> None:
        super().__init__()
        self.restaurant.start_over()
        self.doomed: list[str] = []
        self.take_out = install(self._pass)

    def _pass(self, point: str) -> None:
        if point in self.doomed:
            self.doomed.clear()
            raise Killed(point)

    def do(self, act: Any, *args: Any, **fields: Any) -> None:
        with suppress(DomainError, Killed):
            act(*args, **fields)

    @initialize(how=st.sampled_from([*CARDS, "cash", "two cards"]), code=st.sampled_from([None, "TEN"]))
    def everything_is_paid(self, how: str, code: str | None) -> None:
        self.restaurant.orders.add("ord_1", *DISHES)
        self.restaurant.orders.venue["cash_step_minor"] = 5
        if how == "two cards":
            self.restaurant.split(2000, code=code)
            self.restaurant.pay(self.restaurant.bill["total_minor"] - 2000, "tok_refund_timeout")
        elif how == "cash":
            self.restaurant.check_out(method="cash", card=None, tip=eur(300), code=code)
            counter.confirm(self.restaurant.till, CASHIER, self.restaurant.payment["id"])
        else:
            self.restaurant.check_out(card={"token": how}, tip=eur(300), code=code)
        assert self.restaurant.bill["status"] == "completed"

    @rule(number=st.integers(0, 1), wish=WISHES, words=st.lists(st.sampled_from(["", "silent", "away"]), max_size=2))
    def somebody_gives_back(self, number: int, wish: dict[str, Any], words: list[str]) -> None:
        paid = self.restaurant.rows(models.payments)
        payment_id = paid[number % len(paid)]["id"]
        scripted = with_script(self.restaurant, *words)
        self.do(scripted.give_back, payment_id=payment_id, caller=MANAGER, **wish)

    @rule(point=st.sampled_from(sorted(REFUND_POINTS)))
    def somebody_will_die(self, point: str) -> None:
        self.doomed[:] = [point]

    @rule(number=st.integers(0, 5))
    def a_notice_comes(self, number: int) -> None:
        refunds = self.restaurant.rows(models.refunds)
        if refunds:
            self.do(send_notice, self.restaurant, refunds[number % len(refunds)]["id"])

    @rule()
    def the_banks_do_their_work(self) -> None:
        let_banks_work(self.restaurant)

    @rule(seconds=st.sampled_from([0, 70, 700]))
    def time_passes(self, seconds: float) -> None:
        self.restaurant.age(seconds)
        self.do(self.restaurant.sweep)

    @rule(peer=st.sampled_from(["orders", "promotions"]), away=st.booleans())
    def a_peer_comes_and_goes(self, peer: str, away: bool) -> None:
        one = getattr(self.restaurant, peer)
        if away:
            one.leave()
        else:
            one.come_back()

    @invariant()
    def no_cent_goes_back_that_was_not_paid(self) -> None:
        counted(self.restaurant)
        prices: dict[str, int] = {}
        for bill in self.restaurant.rows(models.bills):
            prices |= {one["line_id"]: one["total"]["amount"] for one in bill["quote"]["lines"]}
        for gone in self.restaurant.rows(models.refunded_lines):
            assert 0 <= gone["refunded_minor"] <= gone["allowed_minor"] == prices[gone["line_id"]]
        captured = {one["id"]: one["captured_minor"] for one in self.restaurant.rows(models.payments)}
        for charge, whole in captured.items():
            books = [one for one in self.restaurant.rows(models.sandbox_refunds) if one["charge_id"] == charge]
            assert sum(one["amount_minor"] for one in books if one["status"] != "failed") <= whole

    def teardown(self) -> None:
        self.doomed.clear()
        self.take_out()
        self.restaurant.orders.come_back()
        self.restaurant.promotions.come_back()
        for _ in range(4):
            for refund in self.restaurant.rows(models.refunds):
                send_notice(self.restaurant, refund["id"])
            let_time_pass(self.restaurant)
        ended(self.restaurant)


def test_no_evening_of_regrets_gives_back_too_much(restaurant: Restaurant) -> None:
    Regrets.restaurant = restaurant
    run_state_machine_as_test(Regrets, settings=EVENINGS)
