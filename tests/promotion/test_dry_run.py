"""A promotion tried on the past: counted as at checkout, limits used up in the order of time, nothing else touched."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion.dry_run import DryRun, timeless
from tests.promotion.samples import FIVE_OFF, MONDAY_NOON, TEN_PERCENT, line, promotion, visit

if TYPE_CHECKING:
    from ordering_platform.promotion.document import Promotion


def ran(tried: Promotion, *orders: tuple[int, dict[str, Any]], beside: tuple[Promotion, ...] = ()) -> dict[str, Any]:
    run = DryRun(timeless(tried), beside)
    for place, (gross, circumstances) in enumerate(orders):
        when = {"now": MONDAY_NOON + timedelta(hours=place), **circumstances}
        run.look_at(f"ord_{place}", [line(gross)], visit(**when))
    return run.report()


def test_uses_cost_and_average_are_counted_by_currency() -> None:
    report = ran(promotion(), (1000, {}), (1015, {}), (99, {"currency": "JPY", "digits": 0}))
    assert (report["orders"], report["uses"], report["orders_changed"]) == (3, 3, 3)
    assert report["cost"] == {"EUR": 202, "JPY": 10}
    assert report["average_discount"] == {"EUR": 101, "JPY": 10}
    assert report["price_change"] == report["cost"]


def test_every_order_it_does_not_apply_to_is_counted_under_its_reason() -> None:
    tried = promotion(FIVE_OFF, condition={"min_spend": {"EUR": 2000}})
    report = ran(tried, (1000, {}), (1999, {}), (2000, {}), (3000, {"currency": "JPY", "digits": 0}))
    assert report["uses"] == 1
    assert report["refusals"] == [
        {"reason": "min_spend_not_met", "orders": 2},
        {"reason": "currency_not_supported", "orders": 1},
    ]


def test_limits_are_used_up_by_the_first_orders() -> None:
    limits = {"total": 3, "per_customer": 1}
    guests = ("a", "a", "b", "c", "d")
    report = ran(promotion(limits=limits), *((1000, {"guest_id": guest}) for guest in guests))
    assert report["uses"] == 3
    assert {one["order_id"] for one in map(_named, report["examples"])} == {"ord_0", "ord_2", "ord_3"}
    assert {one["reason"]: one["orders"] for one in report["refusals"]} == {
        "customer_limit_reached": 1,
        "promotion_exhausted": 1,
    }


def test_a_budget_is_not_given_away_in_part() -> None:
    report = ran(promotion(limits={"budget": {"EUR": 250}}), (1000, {}), (2000, {}), (1500, {}))
    assert report["cost"] == {"EUR": 250}
    assert report["refusals"] == [{"reason": "budget_exhausted", "orders": 1}]


def test_a_day_at_the_venue_has_its_own_uses() -> None:
    days = [{"now": MONDAY_NOON + timedelta(hours=hours)} for hours in (0, 1, 12)]
    assert ran(promotion(limits={"per_day": 1}), *((1000, day) for day in days))["uses"] == 2


def test_weekly_hours_count_and_the_days_it_would_begin_and_end_do_not() -> None:
    when = {
        "starts_at": "2031-01-01",
        "ends_at": "2031-02-01",
        "weekly": [{"days": ["mon"], "from": "13:00", "to": "14:00"}],
    }
    report = ran(promotion(when=when), (1000, {}), (1000, {}))
    assert (report["uses"], report["refusals"]) == (1, [{"reason": "outside_schedule", "orders": 1}])


def test_beside_another_promotion_only_what_the_guest_saves_more_is_a_change() -> None:
    running = promotion(TEN_PERCENT, id="prm_running")
    better = ran(promotion({"percent_bps": 1500}, id="prm_tried"), (1000, {}), beside=(running,))
    assert (better["cost"], better["price_change"]) == ({"EUR": 150}, {"EUR": 50})
    same = ran(promotion(TEN_PERCENT, id="prm_a", stack={"priority": 1}), (1000, {}), beside=(running,))
    assert (same["uses"], same["orders_changed"], same["price_change"]) == (1, 0, {"EUR": 0})
    worse = ran(promotion({"percent_bps": 500}, id="prm_tried"), (1000, {}), beside=(running,))
    assert worse["refusals"] == [{"reason": "lost_to_better", "orders": 1}]
    added = ran(promotion({"percent_bps": 500}, id="prm_tried", stack={"group": "b"}), (1000, {}), beside=(running,))
    assert added["price_change"] == added["cost"]


def test_the_ten_dearest_orders_are_shown() -> None:
    report = ran(promotion(), *((gross, {}) for gross in (500, *range(1000, 3000, 100), 600)))
    assert [one["discount_minor"] for one in map(_named, report["examples"])] == list(range(290, 190, -10))
    assert _named(report["examples"][0]) == {
        "discount_minor": 290,
        "order_id": "ord_20",
        "placed_at": (MONDAY_NOON + timedelta(hours=20)).isoformat(),
        "currency": "EUR",
        "gross_minor": 2900,
        "price_change_minor": 290,
    }


def _named(example: Any) -> dict[str, Any]:
    return {name: getattr(example, name) for name in type(example).__dataclass_fields__}
