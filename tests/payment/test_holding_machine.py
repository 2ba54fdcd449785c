"""Anything in any order, and some money is only held: what is taken is paid, what is let go was never charged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from ordering_platform.payment import holding
from tests.payment.conftest import CASHIER
from tests.payment.test_machine import CARDS, EVENINGS, KEYS, ORDERS, Evening

if TYPE_CHECKING:
    from tests.payment.conftest import Restaurant


class EveningWithHolds(Evening):
    """An evening on which guests let their cards be held, and cashiers decide, twice and at the wrong moment too."""

    @rule(
        key=st.sampled_from(KEYS),
        order=st.sampled_from(ORDERS),
        card=st.sampled_from([*CARDS, "tok_hold_lapses"]),
        code=st.sampled_from([None, "TEN"]),
    )
    def a_guest_lets_money_be_held(self, key: str, order: str, card: str, code: str | None) -> None:
        how = {"method": "sandbox", "card": {"token": card}, "capture": "later"}
        self.do(self.restaurant.check_out, key, order_ids=[order], code=code, **how)

    @precondition(lambda self: self._payments("authorized"))
    @rule(number=st.integers(0, 5), verb=st.sampled_from([holding.capture, holding.void]))
    def a_cashier_decides(self, number: int, verb: object) -> None:
        held = self._payments("authorized")
        self.do(verb, self.restaurant.till, CASHIER, held[number % len(held)]["id"])


def test_money_is_right_after_any_evening_with_holds(restaurant: Restaurant) -> None:
    EveningWithHolds.restaurant = restaurant.with_terms(hold_expiry=300)
    run_state_machine_as_test(EveningWithHolds, settings=settings(EVENINGS, max_examples=20, stateful_step_count=12))
