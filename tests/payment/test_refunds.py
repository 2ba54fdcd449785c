"""Who may give back how much, what the counters say, and that two at once never give back a cent too much."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.payment import counter, models
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.idempotency import REPLAYED
from ordering_platform.runtime.replies import Reply
from tests.payment.conftest import CASHIER, KEY, Restaurant, at_once
from tests.payment.fakes import line
from tests.payment.refund_checks import MANAGER, counted, ended, eur, let_banks_work, let_time_pass, send_notice

if TYPE_CHECKING:
    from collections.abc import Sequence


def told(reply: Reply) -> dict[str, Any]:
    assert isinstance(reply.body, bytes)
    found: dict[str, Any] = json.loads(reply.body)
    return found


def dinner(restaurant: Restaurant, gross: int = 10_000, **how: Any) -> Restaurant:
    """Pay a dinner, of 100.00 where nothing else is said."""
    restaurant.orders.add("ord_1", line("goose", gross))
    restaurant.check_out(**how)
    return restaurant


def refusals(answers: Sequence[Any]) -> list[DomainError]:
    return [one for one in answers if isinstance(one, DomainError)]


class TestWholeAndPart:
    def test_all_that_was_captured_goes_back_with_the_tip(self, restaurant: Restaurant) -> None:
        restaurant.check_out(tip=eur(100), code="TEN")
        refund = told(restaurant.give_back())
        assert (refund["status"], refund["amount"], refund["tip"], refund["total"]) == (
            "completed",
            eur(900),
            eur(100),
            eur(1000),
        )
        assert restaurant.orders.refund_status(restaurant.bill["id"]) == "refunded"
        assert restaurant.promotions.state[restaurant.bill["id"]] == "reversed"
        ended(restaurant)

    def test_a_part_leaves_the_tip_the_uses_and_the_rest(self, restaurant: Restaurant) -> None:
        restaurant.check_out(tip=eur(100), code="TEN")
        assert told(restaurant.give_back(amount=eur(400)))["tip"] == eur(0)
        assert restaurant.orders.refund_status(restaurant.bill["id"]) == "partially_refunded"
        assert restaurant.promotions.state[restaurant.bill["id"]] == "confirmed"
        assert restaurant.refund_refused(amount=eur(501)).details["max"] == eur(500)
        ended(restaurant)

    def test_parts_that_make_up_the_whole_are_a_full_refund(self, restaurant: Restaurant) -> None:
        restaurant.check_out(tip=eur(100), code="TEN")
        for wish in ({"amount": eur(400)}, {"tip": True}, {"amount": eur(500)}):
            restaurant.give_back(**wish)
        assert restaurant.payment["refunded_minor"] == 1000
        assert restaurant.promotions.state[restaurant.bill["id"]] == "reversed"
        ended(restaurant)

    def test_dishes_give_back_what_was_paid_for_them(self, restaurant: Restaurant) -> None:
        restaurant.promotions.codes["THIRD"] = 33
        restaurant.orders.add("ord_1", *[line(name, gross) for name, gross in (("a", 1000), ("b", 1000), ("c", 999))])
        restaurant.check_out(code="THIRD")
        prices = [one["total"]["amount"] for one in restaurant.bill["quote"]["lines"]]
        for number, price in enumerate(prices):
            refund = told(restaurant.give_back(lines=[{"line_id": f"ord_1_{number}"}]))
            assert refund["total"] == eur(price)
        assert sum(prices) == restaurant.bill["total_minor"] == restaurant.payment["refunded_minor"]
        assert restaurant.orders.refund_status(restaurant.bill["id"]) == "refunded"
        ended(restaurant)

    def test_a_free_dinner_has_nothing_to_give_back(self, restaurant: Restaurant) -> None:
        restaurant.check_out(code="FREE")
        assert restaurant.refund_refused().code == "nothing_to_refund"

    def test_the_second_full_refund_finds_nothing(self, restaurant: Restaurant) -> None:
        restaurant.check_out()
        restaurant.give_back()
        fault = restaurant.refund_refused()
        assert (fault.code, int(fault.status)) == ("nothing_to_refund", 409)

    @pytest.mark.parametrize("card", ["tok_3ds", "tok_decline"])
    def test_what_was_never_taken_is_not_given_back(self, restaurant: Restaurant, card: str) -> None:
        try:
            restaurant.check_out(card={"token": card})
        except DomainError:
            assert card == "tok_decline"
        assert restaurant.refund_refused().code == "payment_not_captured"

    def test_cash_is_given_back_in_coins_that_exist(self, restaurant: Restaurant) -> None:
        restaurant.orders.venue["cash_step_minor"] = 5
        dinner(restaurant, 1002, method="cash", card=None)
        restaurant.confirm()
        assert restaurant.payment["captured_minor"] == 1000
        assert told(restaurant.give_back(amount=eur(503)))["total"] == eur(505)
        assert told(restaurant.give_back())["total"] == eur(495)
        assert restaurant.orders.refund_status(restaurant.bill["id"]) == "refunded"
        ended(restaurant)


class TestKeys:
    def test_a_repeat_gets_the_first_answer_and_gives_nothing_more(self, restaurant: Restaurant) -> None:
        dinner(restaurant)
        first, again = (restaurant.give_back(KEY, amount=eur(100)) for _ in range(2))
        assert (first.status, first.body) == (again.status, again.body)
        assert (REPLAYED, "true") in again.headers
        assert restaurant.payment["refunded_minor"] == 100

    def test_the_same_key_for_something_else_is_refused(self, restaurant: Restaurant) -> None:
        dinner(restaurant)
        restaurant.give_back(KEY, amount=eur(100))
        assert restaurant.refund_refused(KEY, amount=eur(200)).code == "idempotency_key_reused"

    def test_twenty_identical_requests_at_once_give_back_once(self, restaurant: Restaurant) -> None:
        dinner(restaurant)
        answers = at_once(20, lambda _: restaurant.give_back(KEY, amount=eur(100)))
        assert {one.code for one in refusals(answers)} <= {"idempotency_in_progress"}
        assert len({one.body for one in answers if isinstance(one, Reply)}) == 1
        assert restaurant.payment["refunded_minor"] == 100
        ended(restaurant)

    def test_a_refusal_of_the_provider_is_kept_and_the_money_is_free_again(self, restaurant: Restaurant) -> None:
        dinner(restaurant, card={"token": "tok_refund_fails"})
        assert restaurant.refund_refused(KEY, lines=[{"line_id": "ord_1_0"}]).code == "refund_failed"
        replayed = restaurant.give_back(KEY, lines=[{"line_id": "ord_1_0"}])
        assert isinstance(replayed, Reply)
        assert (REPLAYED, "true") in replayed.headers
        kept = restaurant.payment
        assert (kept["refund_pending_minor"], kept["refunded_minor"]) == (0, 0)
        assert [one["refunded_minor"] for one in restaurant.rows(models.refunded_lines)] == [0]
        ended(restaurant)


class TestAtOnce:
    def test_sixty_and_sixty_of_a_hundred(self, restaurant: Restaurant) -> None:
        dinner(restaurant)
        answers = at_once(2, lambda _: restaurant.give_back(amount=eur(6000), caller=MANAGER))
        [fault] = refusals(answers)
        assert (fault.code, int(fault.status)) == ("refund_over_captured", 422)
        assert fault.details["max"] == eur(4000)
        assert restaurant.payment["refunded_minor"] == 6000
        ended(restaurant)

    def test_many_who_want_all_that_is_left(self, restaurant: Restaurant) -> None:
        dinner(restaurant)
        answers = at_once(12, lambda _: restaurant.give_back())
        assert [one.code for one in refusals(answers)] == ["nothing_to_refund"] * 11
        assert restaurant.payment["refunded_minor"] == 10_000
        ended(restaurant)

    def test_the_same_dish_from_two_payments_of_one_bill(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", line("goose", 4000), line("wine", 6000))
        first, second = restaurant.split(5000, 5000)
        answers = at_once(
            2, lambda number: restaurant.give_back(payment_id=(first, second)[number], lines=[{"line_id": "ord_1_0"}])
        )
        assert [one.code for one in refusals(answers)] == ["refund_over_line"]
        [gone] = restaurant.rows(models.refunded_lines)
        assert (gone["refunded_minor"], gone["allowed_minor"]) == (4000, 4000)
        ended(restaurant)

    def test_lines_in_opposite_order_do_not_wait_for_each_other(self, restaurant: Restaurant) -> None:
        names = [f"ord_1_{number}" for number in range(6)]
        restaurant.orders.add("ord_1", *[line(f"dish {number}", 1000) for number in range(6)])
        halves = restaurant.split(3000, 3000)
        cents = [{"line_id": name, "amount": eur(10)} for name in names]
        answers = at_once(
            12,
            lambda number: restaurant.give_back(
                payment_id=halves[number % 2], lines=cents if number % 3 else cents[::-1]
            ),
        )
        assert refusals(answers) == []
        assert {one["refunded_minor"] for one in restaurant.rows(models.refunded_lines)} == {120}
        ended(restaurant)

    def test_the_last_tip_goes_back_once(self, restaurant: Restaurant) -> None:
        dinner(restaurant, tip=eur(500))
        answers = at_once(4, lambda _: restaurant.give_back(tip=eur(300)))
        assert [one.code for one in refusals(answers)] == ["refund_over_tip"] * 3
        assert restaurant.payment["tip_refunded_minor"] == 300
        ended(restaurant)


class TestOpenBill:
    """Half of a bill of 100.00 is paid, and the guest who paid it wants the money back."""

    def test_what_a_payment_had_paid_is_due_again(self, restaurant: Restaurant) -> None:
        [first] = restaurant.split(5000, gross=10_000)
        restaurant.give_back(payment_id=first)
        assert (restaurant.bill["status"], restaurant.bill["paid_minor"]) == ("paying", 0)
        restaurant.pay(10_000)
        assert restaurant.bill["status"] == "completed"
        ended(restaurant)

    def test_the_bill_can_be_cancelled_then(self, restaurant: Restaurant) -> None:
        [first] = restaurant.split(5000, gross=10_000, code="TEN")
        restaurant.give_back(payment_id=first)
        counter.cancel(restaurant.till, CASHIER, restaurant.bill["id"])
        assert restaurant.bill["status"] == "failed"
        assert restaurant.orders.is_free()
        assert restaurant.promotions.state[restaurant.bill["id"]] == "released"
        ended(restaurant)

    def test_a_bill_nobody_pays_any_more_is_given_up_in_time(self, restaurant: Restaurant) -> None:
        [first] = restaurant.split(5000, gross=10_000)
        restaurant.give_back(payment_id=first)
        restaurant.age(700)
        restaurant.sweep()
        assert restaurant.bill["status"] == "failed"
        assert restaurant.orders.is_free()

    @pytest.mark.parametrize("wish", [{"amount": eur(4999)}, {"lines": [{"line_id": "ord_1_0", "amount": eur(10)}]}])
    def test_it_goes_back_whole_only(self, restaurant: Restaurant, wish: dict[str, Any]) -> None:
        restaurant.split(5000, gross=10_000)
        assert restaurant.refund_refused(**wish).code == "bill_still_open"

    def test_a_bill_that_is_paid_meanwhile_is_refunded_in_part(self, restaurant: Restaurant) -> None:
        restaurant.split(gross=10_000)
        restaurant.pay(5000, "tok_refund_delay")
        restaurant.give_back()
        restaurant.pay(5000)
        assert restaurant.bill["status"] == "completed"
        let_time_pass(restaurant)
        assert restaurant.orders.refund_status(restaurant.bill["id"]) == "partially_refunded"
        ended(restaurant)

    @pytest.mark.parametrize(
        ("paid_again", "status", "off_bill"),
        [(0, "paying", False), (5000, "completed", False), (10_000, "completed", True)],
    )
    def test_money_a_bank_returns_counts_again_unless_others_have_paid(
        self, restaurant: Restaurant, paid_again: int, status: str, off_bill: bool
    ) -> None:
        restaurant.split(gross=10_000)
        first = restaurant.pay(5000, "tok_refund_fails_later")
        restaurant.give_back()
        if paid_again:
            restaurant.pay(paid_again)
        let_banks_work(restaurant)
        send_notice(restaurant, restaurant.rows(models.refunds)[0]["id"])
        let_time_pass(restaurant)
        [payment] = [one for one in restaurant.rows(models.payments) if one["id"] == first]
        assert (restaurant.bill["status"], payment["off_bill"]) == (status, off_bill)
        assert restaurant.give_back(payment_id=first).status == 201
        counted(restaurant)


class TestWhoMay:
    def test_more_than_the_limit_takes_a_manager(self, restaurant: Restaurant) -> None:
        dinner(restaurant, 10_001)
        fault = restaurant.refund_refused()
        assert (fault.code, int(fault.status), fault.details) == ("refund_needs_manager", 403, {"limit": eur(10_000)})
        assert restaurant.rows(models.refunds) == []
        assert restaurant.give_back(caller=MANAGER).status == 201

    def test_small_steps_do_not_lead_around_the_limit(self, restaurant: Restaurant) -> None:
        dinner(restaurant, 30_000)
        answers = at_once(5, lambda _: restaurant.give_back(amount=eur(4000)))
        assert [one.code for one in refusals(answers)] == ["refund_needs_manager"] * 3
        assert restaurant.payment["refunded_minor"] == 8000

    def test_every_refund_leaves_who_how_much_and_why(self, restaurant: Restaurant) -> None:
        dinner(restaurant)
        refund = told(restaurant.give_back(amount=eur(250), reason="hair in the soup"))
        events = [one for one in restaurant.rows(models.payment_events) if one["from_status"].startswith("refund")]
        assert [(one["from_status"], one["to_status"], one["actor"]) for one in events] == [
            ("refund created", "refund processing", CASHIER.id),
            ("refund processing", "refund succeeded", CASHIER.id),
        ]
        asked = events[0]["details"]
        assert (asked["refund_id"], asked["amount_minor"], asked["reason"]) == (refund["id"], 250, "hair in the soup")
        assert (refund["created_by"], refund["reason"]) == (CASHIER.id, "hair in the soup")


class TestSeveralPayments:
    def test_a_bill_is_refunded_when_all_its_payments_are(self, restaurant: Restaurant) -> None:
        first, second = restaurant.split(600, 300, code="TEN", gross=1000)
        bill_id = restaurant.bill["id"]
        restaurant.give_back(payment_id=first)
        assert restaurant.orders.refund_status(bill_id) == "partially_refunded"
        assert restaurant.promotions.state[bill_id] == "confirmed"
        restaurant.give_back(payment_id=second)
        assert restaurant.orders.refund_status(bill_id) == "refunded"
        assert restaurant.promotions.state[bill_id] == "reversed"
        ended(restaurant)

    def test_a_dish_gives_at_most_what_is_left_of_the_payment_named(self, restaurant: Restaurant) -> None:
        restaurant.orders.add("ord_1", line("goose", 800), line("tea", 200))
        first, second = restaurant.split(500, 500)
        assert restaurant.refund_refused(payment_id=first, lines=[{"line_id": "ord_1_0"}]).details["max"] == eur(500)
        restaurant.give_back(payment_id=first, lines=[{"line_id": "ord_1_0", "amount": eur(500)}])
        rest = told(restaurant.give_back(payment_id=second, lines=[{"line_id": "ord_1_0"}]))
        assert rest["total"] == eur(300)
        ended(restaurant)
