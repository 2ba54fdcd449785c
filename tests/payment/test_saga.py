"""A bill comes to its end whatever dies on the way, and nobody is charged twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.payment import bills, models, runs, saga
from ordering_platform.payment.arrows import arrow
from ordering_platform.payment.states import (
    ARROWS,
    BILL_ENDS,
    BILL_MOVES,
    CALLS,
    PAYMENT_MOVES,
    PAYMENT_PENDING,
    POINTS,
    may_move,
)
from ordering_platform.runtime.errors import DeadlineExceeded, DomainError
from ordering_platform.runtime.replies import Reply
from tests.payment.conftest import KEY, Killed, Restaurant, at_once
from tests.payment.ways import ALL, carry_on, passed_on, settled, walk

if TYPE_CHECKING:
    from collections.abc import Callable


class TestMoves:
    def test_every_move_leads_to_a_status_with_moves_of_its_own(self) -> None:
        for moves in (BILL_MOVES, PAYMENT_MOVES):
            assert {end for ends in moves.values() for end in ends} <= set(moves)

    def test_a_driver_has_a_step_for_every_stage_that_is_no_end(self) -> None:
        assert set(saga.STEPS) | set(BILL_ENDS) == set(BILL_MOVES)

    def test_money_that_has_moved_only_goes_forward(self) -> None:
        assert BILL_MOVES["captured"] == ("completed",)
        assert PAYMENT_MOVES["captured"] == ()

    def test_a_failed_payment_stays_failed(self) -> None:
        assert not may_move(PAYMENT_MOVES, "failed", "captured")
        assert "failed" not in PAYMENT_PENDING

    def test_a_point_nobody_has_listed_cannot_be_passed(self) -> None:
        with pytest.raises(KeyError):
            arrow("created-completed")

    def test_the_ways_of_these_tests_pass_every_point(self, restaurant: Restaurant) -> None:
        passed = set().union(*(passed_on(restaurant, way) for way in ALL))
        assert passed == POINTS, f"no test walks over {sorted(POINTS - passed)}"
        assert len(POINTS) == 1 + len(ARROWS) + 2 * len(CALLS)


@pytest.mark.parametrize("way", ALL)
def test_every_way_ends_in_order(restaurant: Restaurant, way: str) -> None:
    walk(restaurant, way)
    settled(restaurant)


@pytest.mark.parametrize("way", ALL)
def test_a_driver_may_die_at_every_point_of_the_way(
    restaurant: Restaurant, kill_at: Callable[[str], None], way: str
) -> None:
    """The first driver that passes the point dies; another replica brings the bill to its end."""
    for point in sorted(passed_on(restaurant, way)):
        restaurant.start_over()
        kill_at(point)
        with pytest.raises(Killed, match=point):
            walk(restaurant, way)
        carry_on(restaurant, way)
        settled(restaurant)


def test_the_guest_repeats_after_the_driver_died_at_any_point(
    restaurant: Restaurant, kill_at: Callable[[str], None]
) -> None:
    """The same key, again and again, until there is a definite answer: one charge, and the paid bill."""
    for point in sorted(passed_on(restaurant, "approved")):
        restaurant.start_over()
        kill_at(point)
        with pytest.raises(Killed, match=point):
            restaurant.check_out(KEY, code="TEN")
        restaurant.make_due()
        assert restaurant.check_out(KEY, code="TEN").status == 201
        settled(restaurant)
        assert len(restaurant.charged) == len(restaurant.rows(models.bills)) == 1


class TestLeases:
    def test_a_repeat_waits_while_the_driver_may_live(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        kill_at("before provider.create")
        with pytest.raises(Killed):
            restaurant.check_out(KEY)
        refusal = restaurant.refused(KEY)
        assert (refusal.code, refusal.retry_after) == ("idempotency_in_progress", 1)

    def test_two_sweepers_at_once_drive_a_bill_once(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        kill_at("before provider.create")
        with pytest.raises(Killed):
            restaurant.check_out(KEY)
        restaurant.make_due()
        assert sorted(at_once(2, lambda _: restaurant.sweep())) == [0, 1]
        settled(restaurant)
        assert restaurant.orders.asked.count("mark_paid") == 1

    def test_many_bills_are_shared_out_among_sweepers(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        for number in range(8):
            restaurant.orders.add(f"ord_{number}")
            kill_at("before provider.create")
            with pytest.raises(Killed):
                restaurant.check_out(order_ids=[f"ord_{number}"])
        restaurant.make_due()
        assert sum(at_once(4, lambda _: restaurant.sweep())) == 8
        assert len(restaurant.charged) == 8

    def test_twenty_repeats_after_a_crash_have_one_driver(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        kill_at("after provider.create")
        with pytest.raises(Killed):
            restaurant.check_out(KEY)
        restaurant.make_due()
        answers = at_once(20, lambda _: restaurant.check_out(KEY))
        assert any(isinstance(one, Reply) for one in answers)
        assert {one.code for one in answers if isinstance(one, DomainError)} <= {"idempotency_in_progress"}
        assert [one["asked"] for one in restaurant.charged] == [2]
        settled(restaurant)

    def test_a_driver_that_was_taken_for_dead_cannot_move_the_bill(self, restaurant: Restaurant) -> None:
        restaurant.check_out(KEY, card={"token": "tok_3ds"})
        restaurant.make_due()
        with restaurant.till.db.single() as tx:
            slow = bills.take_due(tx, "slow", 7.0)
        assert slow is not None
        restaurant.make_due()
        with restaurant.till.db.single() as tx:
            assert bills.take_due(tx, "quick", 7.0) is not None
        with pytest.raises(bills.LeaseLost), restaurant.till.db.single() as tx:
            bills.write(tx, slow, "slow", status="compensating")

    def test_a_bill_that_breaks_a_step_does_not_stop_the_others(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        for number in (1, 2):
            restaurant.orders.add(f"ord_{number}")
            kill_at("before provider.create")
            with pytest.raises(Killed):
                restaurant.check_out(order_ids=[f"ord_{number}"])
        broken = restaurant.rows(models.payments)[0]
        restaurant.execute(sa.update(models.payments).where(models.payments.c.id == broken["id"]).values(card=None))
        restaurant.make_due()
        assert restaurant.sweep() == 2
        assert [one["status"] for one in restaurant.rows(models.bills)] == ["paying", "completed"]


class TestTime:
    def test_an_attempt_nobody_came_back_for_is_undone(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        kill_at("locked-priced")
        with pytest.raises(Killed):
            restaurant.check_out(KEY, code="TEN")
        restaurant.age(runs.RESUME_FOR + 1)
        restaurant.sweep()
        assert restaurant.bill["status"] == "failed"
        settled(restaurant)

    def test_a_card_holder_who_never_answers_is_given_up(self, restaurant: Restaurant) -> None:
        reply = restaurant.check_out(KEY, card={"token": "tok_3ds"})
        assert isinstance(reply.body, bytes)
        assert json.loads(reply.body)["payment"]["next_action"]["type"] == "challenge"
        restaurant.age(590)
        restaurant.sweep()
        assert restaurant.bill["status"] == "paying"
        restaurant.age(20)
        restaurant.sweep()
        assert (restaurant.bill["status"], restaurant.bill["failure"]["code"]) == ("failed", "payment_expired")
        assert [one["status"] for one in restaurant.rows(models.sandbox_charges)] == ["cancelled"]
        settled(restaurant)

    def test_a_charge_that_was_made_after_all_is_kept_when_time_is_up(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        kill_at("after provider.create")
        with pytest.raises(Killed):
            restaurant.check_out(KEY)
        restaurant.age(700)
        restaurant.sweep()
        assert restaurant.bill["status"] == "completed"
        settled(restaurant)

    def test_a_charge_that_never_arrived_is_made_impossible(
        self, restaurant: Restaurant, kill_at: Callable[[str], None]
    ) -> None:
        kill_at("before provider.create")
        with pytest.raises(Killed):
            restaurant.check_out(KEY)
        restaurant.age(runs.RESUME_FOR + 1)
        restaurant.sweep()
        assert restaurant.bill["status"] == "failed"
        assert [one["status"] for one in restaurant.rows(models.sandbox_charges)] == ["cancelled"]
        settled(restaurant)

    def test_a_lost_answer_is_unknown_until_the_same_key_tells(self, restaurant: Restaurant) -> None:
        reply = restaurant.check_out(KEY, card={"token": "tok_timeout"})
        assert isinstance(reply.body, bytes)
        assert json.loads(reply.body)["payment"]["status"] == "unknown"
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.payment["status"] == "captured"
        assert [one["asked"] for one in restaurant.charged] == [2]
        settled(restaurant)

    def test_undoing_goes_on_until_everybody_has_answered(self, restaurant: Restaurant) -> None:
        restaurant.promotions.leave(DeadlineExceeded())
        assert restaurant.refused(KEY, code="TEN").code == "deadline_exceeded"
        assert restaurant.orders.is_free()
        assert restaurant.bill["status"] == "compensating"
        restaurant.promotions.come_back()
        restaurant.make_due()
        restaurant.sweep()
        assert restaurant.bill["status"] == "failed"
        settled(restaurant)
