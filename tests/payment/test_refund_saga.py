"""A refund comes to its end whatever dies on the way, and no money is given back twice."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.payment import models, refund_runs, refunds
from ordering_platform.payment.arrows import install
from ordering_platform.payment.bills import LeaseLost
from ordering_platform.payment.errors import ProviderUnavailable
from ordering_platform.payment.providers import ProviderSilent, RefundOutcome, Repayment
from ordering_platform.payment.providers.sandbox import Sandbox
from ordering_platform.payment.states import REFUND_ARROWS, REFUND_CALLS, REFUND_MOVES, REFUND_POINTS
from ordering_platform.runtime.errors import DeadlineExceeded, DomainError
from ordering_platform.runtime.ids import new_id
from tests.payment.conftest import CASHIER, KEY, Killed, Restaurant, at_once
from tests.payment.refund_checks import ended, eur, let_banks_work, let_time_pass, send_notice

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Way:
    """A way of a refund: the card it goes back to, what is asked, and what happens meanwhile."""

    card: str = "tok_approve"
    wish: dict[str, Any] = field(default_factory=dict)
    # What the provider answers first, one entry for each time it is asked; afterwards as the card says.
    script: tuple[str, ...] = ()
    orders_away: bool = False
    returned: bool = False


# Ways that together pass every point.
WAYS = {
    "given": Way(),
    "given in part": Way(wish={"amount": eur(400)}),
    "answer lost": Way("tok_refund_timeout"),
    "given late": Way("tok_refund_delay"),
    "refused": Way("tok_refund_fails"),
    "refused after silence": Way("tok_refund_fails", script=("silent",)),
    "silence on the way": Way("tok_refund_delay", script=("", "silent")),
    "late after silence": Way("tok_refund_delay", script=("silent",)),
    "refused in the end": Way("tok_refund_delay", script=("", "failed")),
    "returned by the bank": Way("tok_refund_fails_later", returned=True),
    "returned before anybody knew": Way("tok_refund_fails_later", orders_away=True, returned=True),
}


class Scripted(Sandbox):
    """The sandbox, which answers as a script says before it answers as it would."""

    script: list[str]

    def _next(self) -> str:
        return self.script.pop(0) if self.script else ""

    def refund(self, repayment: Repayment) -> RefundOutcome:
        self._say(self._next(), repayment)
        return super().refund(repayment)

    def look_up_refund(self, repayment: Repayment) -> RefundOutcome | None:
        self._say(self._next(), repayment)
        return super().look_up_refund(repayment)

    def _say(self, word: str, repayment: Repayment) -> None:
        if word == "silent":
            raise ProviderSilent
        if word == "away":
            raise ProviderUnavailable
        if word == "failed":
            mine = models.sandbox_refunds.c.id == repayment.refund_id
            with self.books.single() as tx:
                tx.execute(sa.update(models.sandbox_refunds).where(mine).values(status="failed"))


def with_script(restaurant: Restaurant, *words: str) -> Restaurant:
    """Let the sandbox of a restaurant follow a script."""
    scripted = Scripted.__new__(Scripted)
    scripted.__dict__ = {**restaurant.sandbox().__dict__, "script": list(words)}
    return restaurant.with_terms(providers={**restaurant.till.terms.providers, "sandbox": scripted})


def paid(restaurant: Restaurant, way: str) -> Restaurant:
    """Begin anew, with a bill that is paid by the card of the way."""
    restaurant.start_over()
    restaurant = with_script(restaurant, *WAYS[way].script)
    restaurant.check_out(code="TEN", card={"token": WAYS[way].card})
    if WAYS[way].orders_away:
        restaurant.orders.leave()
    return restaurant


def walk(restaurant: Restaurant, way: str) -> None:
    """Ask for the refund and let everything happen that time brings."""
    with suppress(DomainError):
        restaurant.give_back(KEY, **WAYS[way].wish)
    carry_on(restaurant, way)


def carry_on(restaurant: Restaurant, way: str) -> None:
    for step in range(5):
        if step == 1:
            restaurant.orders.come_back()
        if WAYS[way].returned:
            for refund in restaurant.rows(models.refunds):
                let_banks_work(restaurant)
                send_notice(restaurant, refund["id"])
        let_time_pass(restaurant)


def passed_on(restaurant: Restaurant, way: str) -> set[str]:
    """Give the points that lie on a way."""
    restaurant = paid(restaurant, way)
    passed: set[str] = set()
    take_out = install(passed.add)
    walk(restaurant, way)
    take_out()
    return passed


class TestMoves:
    def test_a_driver_has_a_step_for_every_status_that_is_no_end(self) -> None:
        assert set(refund_runs.STEPS) == set(REFUND_MOVES) - {"completed"}

    def test_the_ways_of_these_tests_pass_every_point(self, restaurant: Restaurant) -> None:
        passed = set().union(*(passed_on(restaurant, way) for way in WAYS))
        assert passed == REFUND_POINTS, f"no test walks over {sorted(REFUND_POINTS - passed)}"
        assert len(REFUND_POINTS) == 1 + len(REFUND_ARROWS) + 2 * len(REFUND_CALLS)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_ends_in_order(restaurant: Restaurant, way: str) -> None:
    restaurant = paid(restaurant, way)
    walk(restaurant, way)
    ended(restaurant)


@pytest.mark.parametrize("way", WAYS)
def test_a_driver_may_die_at_every_point_of_the_way(
    restaurant: Restaurant, kill_at: Callable[[str], None], way: str
) -> None:
    """The first driver that passes the point dies; another one brings the refund to its end."""
    for point in sorted(passed_on(restaurant, way)):
        left = paid(restaurant, way)
        kill_at(point)
        with pytest.raises(Killed, match=point):
            walk(left, way)
        carry_on(left, way)
        ended(left)
        assert len(left.rows(models.refunds)) == 1


def test_the_cashier_repeats_after_the_driver_died_at_any_point(
    restaurant: Restaurant, kill_at: Callable[[str], None]
) -> None:
    for point in sorted(passed_on(restaurant, "given")):
        left = paid(restaurant, "given")
        kill_at(point)
        with pytest.raises(Killed, match=point):
            left.give_back(KEY)
        left.make_due()
        assert left.give_back(KEY).status == 201
        ended(left)
        assert len(left.rows(models.sandbox_refunds)) == 1


class TestSilence:
    def test_a_lost_answer_stays_set_aside_until_the_same_refund_tells(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_refund_timeout"})
        restaurant.give_back(KEY)
        kept = (restaurant.payment["refund_pending_minor"], restaurant.payment["refunded_minor"])
        assert (restaurant.rows(models.refunds)[0]["status"], kept) == ("unknown", (1000, 0))
        assert restaurant.refund_refused().code == "nothing_to_refund"
        restaurant.make_due()
        restaurant.sweep()
        assert [one["asked"] for one in restaurant.rows(models.sandbox_refunds)] == [2]
        ended(restaurant)

    def test_a_refund_that_never_arrived_is_asked_for_again_under_the_same_id(self, restaurant: Restaurant) -> None:
        silent = with_script(restaurant, "silent", "silent")
        silent.check_out()
        silent.give_back(KEY)
        silent.age(700)
        silent.sweep()
        assert silent.rows(models.sandbox_refunds) == []
        silent.make_due()
        silent.sweep()
        assert len(silent.rows(models.sandbox_refunds)) == 1
        ended(silent)

    def test_a_provider_that_is_away_costs_nothing_and_the_same_request_may_come_again(
        self, restaurant: Restaurant
    ) -> None:
        away = with_script(restaurant, "away")
        away.check_out()
        assert away.refund_refused(KEY).code == "provider_unavailable"
        assert away.payment["refund_pending_minor"] == 0
        assert away.give_back(KEY).status == 201
        ended(away)

    def test_a_provider_that_goes_away_after_it_was_asked_may_have_given(self, restaurant: Restaurant) -> None:
        away = with_script(restaurant, "silent", "away")
        away.check_out()
        away.give_back(KEY)
        away.make_due()
        away.sweep()
        assert away.rows(models.refunds)[0]["status"] == "unknown"
        assert away.payment["refund_pending_minor"] == 1000

    def test_peers_that_are_away_are_told_later(self, restaurant: Restaurant) -> None:
        restaurant.check_out(code="TEN")
        restaurant.promotions.leave(DeadlineExceeded())
        assert restaurant.give_back(KEY).status == 201
        assert restaurant.rows(models.refunds)[0]["status"] == "succeeded"
        restaurant.promotions.come_back()
        let_time_pass(restaurant)
        ended(restaurant)

    def test_order_service_hears_of_the_payment_first(self, restaurant: Restaurant) -> None:
        restaurant.orders.fail_next("mark_paid")
        restaurant.check_out(code="TEN")
        assert restaurant.bill["status"] == "captured"
        restaurant.give_back(KEY)
        assert "mark_refunded" not in restaurant.orders.asked
        for _ in range(2):
            let_time_pass(restaurant)
        ended(restaurant)


class TestReturned:
    def test_money_a_bank_returns_may_be_given_back_again(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_refund_fails_later"})
        restaurant.give_back(amount=eur(600))
        walked = restaurant.rows(models.refunds)[0]
        assert restaurant.orders.refund_status(walked["bill_id"]) == "partially_refunded"
        let_banks_work(restaurant)
        send_notice(restaurant, walked["id"])
        assert (restaurant.payment["refunded_minor"], restaurant.payment["refund_pending_minor"]) == (0, 0)
        assert restaurant.orders.refund_status(walked["bill_id"]) == "paid"
        ended(restaurant)
        assert restaurant.give_back().status == 201

    def test_the_same_notice_three_times_at_once_returns_it_once(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_refund_fails_later"})
        restaurant.give_back()
        refund_id = restaurant.rows(models.refunds)[0]["id"]
        let_banks_work(restaurant)
        at_once(3, lambda _: send_notice(restaurant, refund_id))
        ended(restaurant)
        moves = [one["to_status"] for one in restaurant.rows(models.payment_events)]
        assert moves.count("refund failed") == 1

    def test_a_notice_that_comes_before_our_refund_waits_for_it(self, restaurant: Restaurant) -> None:
        send_notice(restaurant, new_id("ref"))
        [waiting] = restaurant.rows(models.webhook_inbox)
        assert (waiting["done_at"], waiting["next_try_at"] is None) == (None, False)

    def test_a_notice_settles_a_refund_before_the_sweeper_does(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_refund_delay"})
        restaurant.give_back()
        let_banks_work(restaurant)
        send_notice(restaurant, restaurant.rows(models.refunds)[0]["id"])
        ended(restaurant)

    def test_an_old_notice_changes_nothing(self, restaurant: Restaurant) -> None:
        restaurant.check_out(card={"token": "tok_refund_fails"})
        assert restaurant.refund_refused().code == "refund_failed"
        before = restaurant.rows(models.refunds)
        send_notice(restaurant, before[0]["id"])
        assert restaurant.rows(models.refunds) == before


class TestLeases:
    def test_a_repeat_waits_while_the_driver_may_live(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        restaurant.check_out()
        kill_at("before provider.refund")
        with pytest.raises(Killed):
            restaurant.give_back(KEY)
        assert restaurant.refund_refused(KEY).code == "idempotency_in_progress"

    def test_two_sweepers_at_once_ask_once(self, restaurant: Restaurant, kill_at: Callable[[str], None]) -> None:
        restaurant.check_out()
        kill_at("before provider.refund")
        with pytest.raises(Killed):
            restaurant.give_back(KEY)
        restaurant.make_due()
        assert sorted(at_once(2, lambda _: refund_runs.sweep(restaurant.till))) == [0, 1]
        assert [one["asked"] for one in restaurant.rows(models.sandbox_refunds)] == [1]

    def test_whoever_lost_the_lease_writes_nothing(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        restaurant.check_out()
        kill_at("before provider.refund")
        with pytest.raises(Killed):
            restaurant.give_back(KEY)
        taken = []
        for name in ("slow", "quick"):
            restaurant.make_due()
            with restaurant.till.db.single() as tx:
                taken.append(refunds.take_due(tx, name, 7.0))
        with pytest.raises(LeaseLost), restaurant.till.db.single() as tx:
            refunds.write(tx, taken[0] or {}, "slow", next_run_at=None)

    def test_a_refund_that_breaks_does_not_stop_the_others(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        for number in (1, 2):
            restaurant.orders.add(f"ord_{number}")
            restaurant.check_out(order_ids=[f"ord_{number}"])
            kill_at("refund opened")
            with pytest.raises(Killed):
                restaurant.give_back()
        first = restaurant.rows(models.payments)[0]
        gone = sa.update(models.payments).where(models.payments.c.id == first["id"]).values(method="switched_off")
        restaurant.execute(gone)
        restaurant.make_due()
        assert refund_runs.sweep(restaurant.till) == 2
        assert [one["status"] for one in restaurant.rows(models.refunds)] == ["processing", "completed"]


def test_cash_is_back_at_once_and_no_provider_is_asked_twice(restaurant: Restaurant) -> None:
    restaurant.check_out(method="cash", card=None)
    restaurant.confirm()
    restaurant.give_back(caller=CASHIER)
    assert [one["status"] for one in restaurant.rows(models.refunds)] == ["completed"]
    ended(restaurant)
