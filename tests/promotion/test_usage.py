"""A bill's uses of promotions: reserved once, confirmed, given back, and never past a limit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.promotion import ledger, offers, promotions, usage
from ordering_platform.promotion.errors import BillAlreadyApplied, BillReleased, NotApplicable
from ordering_platform.promotion.models import reservations, usage_counters, uses
from ordering_platform.runtime.errors import ValidationFailed
from tests.promotion.samples import FIVE_OFF, VENUE, asked, put
from tests.support.statements import watched

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions


def counted(db: Transactions) -> dict[str, int]:
    """Give every counter by its scope and key."""
    with db.read() as tx:
        return {f"{row.scope} {row.key}".strip(): row.used for row in tx.execute(sa.select(usage_counters))}


def state(db: Transactions, bill_id: str) -> str:
    with db.read() as tx:
        entry = ledger.read(tx, bill_id)
    assert entry is not None
    return entry.state


def settle(db: Transactions, verb: Any, bill_id: str, **values: Any) -> Any:
    with db.transaction() as tx:
        return verb(tx, bill_id, **values)


def refused(db: Transactions, bill_id: str, **values: Any) -> str:
    with pytest.raises(NotApplicable) as reason:
        usage.apply(db, bill_id, asked(**values))
    return reason.value.code


def test_an_order_without_promotions_is_answered_and_remembered(db: Transactions) -> None:
    answer = usage.apply(db, "bil_1", asked())
    assert answer == {"applied": [], "rejected": [], "hints": [], "discount_minor": 0}
    assert state(db, "bil_1") == "reserved"


def test_automatic_promotions_and_codes_apply_with_their_shares(db: Transactions) -> None:
    happy = put(db, {"percent_bps": 2000, "on": {"menu_items": ["itm_0"]}}, name="Happy hour")
    welcome = put(db, name="Welcome", codes=["WELCOME10"])
    answer = usage.apply(db, "bil_1", asked(2000, 1000, codes=["welcome-10"]))
    assert answer["applied"] == [
        {
            "promotion_id": happy,
            "version": 1,
            "name": "Happy hour",
            "code": None,
            "stage": "item",
            "discount_minor": 400,
            "lines": [{"line_id": "lin_0", "discount_minor": 400}],
        },
        {
            "promotion_id": welcome,
            "version": 1,
            "name": "Welcome",
            "code": "WELCOME10",
            "stage": "order",
            "discount_minor": 260,
            "lines": [{"line_id": "lin_0", "discount_minor": 160}, {"line_id": "lin_1", "discount_minor": 100}],
        },
    ]
    assert answer["discount_minor"] == 660
    with db.read() as tx:
        noted = tx.execute(sa.select(uses).order_by(uses.c.discount_minor)).mappings().all()
    assert [dict(row) for row in noted] == [
        {
            "promotion_id": promotion_id,
            "bill_id": "bil_1",
            "version": 1,
            "code": code,
            "guest_id": "gst_1",
            "currency": "EUR",
            "discount_minor": discount,
        }
        for promotion_id, code, discount in [(welcome, "WELCOME10", 260), (happy, None, 400)]
    ]


def test_evaluating_says_the_same_and_reserves_nothing(db: Transactions) -> None:
    put(db, codes=["WELCOME10"], limits={"total": 1})
    quoted = offers.evaluate(db, asked(codes=["WELCOME10"]))
    assert counted(db) == {}
    assert usage.apply(db, "bil_1", asked(codes=["WELCOME10"])) == quoted
    assert counted(db) == {"total": 1}


def test_one_code_in_three_spellings_applies_once(db: Transactions) -> None:
    put(db, codes=["SAVE10"])
    answer = usage.apply(db, "bil_1", asked(codes=[" save10 ", "SAVE-10", "Save10"]))
    assert answer["discount_minor"] == 100
    assert answer["rejected"] == []


def test_two_codes_of_one_promotion_never_add_up(db: Transactions) -> None:
    put(db, codes=["ONE1", "TWO2"])
    quoted = offers.evaluate(db, asked(codes=["TWO2", "ONE1"]))
    assert [one["code"] for one in quoted["applied"]] == ["TWO2"]
    assert [(one["code"], one["reason"]) for one in quoted["rejected"]] == [("ONE1", "lost_to_better")]
    assert refused(db, "bil_1", codes=["TWO2", "ONE1"]) == "lost_to_better"


def test_a_promotion_without_limits_touches_no_counter(db: Transactions) -> None:
    put(db)
    usage.apply(db, "bil_1", asked())
    assert counted(db) == {}


def test_every_kind_of_limit_is_counted(db: Transactions) -> None:
    put(db, limits={"total": 5, "per_customer": 2, "per_day": 3, "budget": {"EUR": 1000}})
    usage.apply(db, "bil_1", asked())
    with db.read() as tx:
        today = tx.scalar(sa.text("SELECT to_char(now() AT TIME ZONE 'Europe/Berlin', 'YYYY-MM-DD')"))
    assert counted(db) == {"total": 1, "customer gst_1": 1, f"day {today}": 1, "budget EUR": 100}


def test_the_last_use_is_given_and_the_next_is_not(db: Transactions) -> None:
    put(db, codes=["FIRST2"], limits={"total": 2})
    for bill in ("bil_1", "bil_2"):
        usage.apply(db, bill, asked(codes=["FIRST2"]))
    assert refused(db, "bil_3", codes=["FIRST2"]) == "promotion_exhausted"
    assert counted(db) == {"total": 2}
    with db.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(reservations)) == 2


def test_a_guest_has_so_many_uses_and_the_next_guest_has_their_own(db: Transactions) -> None:
    put(db, codes=["EACH1"], limits={"per_customer": 1})
    usage.apply(db, "bil_1", asked(codes=["EACH1"]))
    assert refused(db, "bil_2", codes=["EACH1"]) == "customer_limit_reached"
    usage.apply(db, "bil_3", asked(codes=["EACH1"], guest_id="gst_2"))
    assert refused(db, "bil_4", codes=["EACH1"], guest_id=None) == "customer_required"


def test_a_budget_is_spent_to_the_cent_and_never_in_part(db: Transactions) -> None:
    put(db, codes=["BUDGET"], limits={"budget": {"EUR": 1000}})
    usage.apply(db, "bil_1", asked(9000, codes=["BUDGET"]))
    with pytest.raises(NotApplicable) as reason:
        usage.apply(db, "bil_2", asked(2000, codes=["BUDGET"]))
    assert reason.value.code == "budget_exhausted"
    usage.apply(db, "bil_3", asked(1000, codes=["BUDGET"]))
    assert counted(db) == {"budget EUR": 1000}


def test_an_automatic_promotion_obeys_its_limit_and_the_checkout_goes_on(db: Transactions) -> None:
    offer = put(db, limits={"total": 1})
    assert usage.apply(db, "bil_1", asked())["discount_minor"] == 100
    answer = usage.apply(db, "bil_2", asked())
    assert answer["discount_minor"] == 0
    assert [(one["promotion_id"], one["reason"]) for one in answer["rejected"]] == [(offer, "promotion_exhausted")]


def test_a_code_that_does_not_apply_says_why_and_reserves_nothing(db: Transactions) -> None:
    put(db)
    put(db, FIVE_OFF, codes=["LUNCH5"], condition={"min_spend": {"EUR": 2500}})
    with pytest.raises(NotApplicable) as reason:
        usage.apply(db, "bil_1", asked(2260, codes=["LUNCH5"]))
    assert reason.value.code == "min_spend_not_met"
    assert reason.value.message == "Add 2.40 EUR more for Offer."
    assert reason.value.details == {"promotion_code": "LUNCH5", "missing_minor": 240}
    with db.read() as tx:
        assert ledger.read(tx, "bil_1") is None


def test_a_code_may_lose_to_an_automatic_offer_and_then_says_so(db: Transactions) -> None:
    put(db, {"percent_bps": 5000})
    put(db, codes=["WELCOME10"])
    assert refused(db, "bil_1", codes=["WELCOME10"]) == "lost_to_better"


def test_unknown_disabled_paused_and_foreign_codes_are_refused_alike(db: Transactions) -> None:
    disabled = put(db, codes=["DISABLED"])
    paused = put(db, codes=["PAUSED"])
    put(db, codes=["FOREIGN"], venue_id="ven_other")
    with db.transaction() as tx:
        promotions.disable_code(tx, VENUE, disabled, "usr_manager", "DISABLED")
        promotions.move(tx, VENUE, paused, "usr_manager", "paused")
    told = set()
    for code in ("UNKNOWN", "DISABLED", "PAUSED", "FOREIGN"):
        with pytest.raises(NotApplicable) as reason:
            usage.apply(db, f"bil_{code}", asked(codes=[code], guest_id=f"gst_{code}"))
        assert reason.value.details == {"promotion_code": code}
        told.add((reason.value.code, reason.value.message))
    assert len(told) == 1
    assert told.pop()[0] == "code_not_found"


def test_a_repeat_gets_the_first_answer_whatever_has_changed_since(db: Transactions) -> None:
    offer = put(db, codes=["WELCOME10"], limits={"total": 1})
    first = usage.apply(db, "bil_1", asked(codes=["WELCOME10"]))
    with db.transaction() as tx:
        promotions.change(tx, VENUE, offer, "usr_manager", {"reward": {"percent_bps": 9000}})
        promotions.move(tx, VENUE, offer, "usr_manager", "paused")
    again = usage.apply(db, "bil_1", asked(codes=["welcome-10"]))
    assert str(again) == str(first)
    assert counted(db) == {"total": 1}


@pytest.mark.parametrize("change", [{"codes": ["OTHER"]}, {"guest_id": "gst_2"}, {"venue_id": "ven_other"}])
def test_a_bill_does_not_come_back_with_other_content(db: Transactions, change: dict[str, Any]) -> None:
    usage.apply(db, "bil_1", asked())
    with pytest.raises(BillAlreadyApplied):
        usage.apply(db, "bil_1", asked(**change))
    with pytest.raises(BillAlreadyApplied):
        usage.apply(db, "bil_1", asked(1001))


def test_confirm_keeps_the_use_and_says_the_same_each_time(db: Transactions) -> None:
    put(db, limits={"total": 3})
    first = usage.apply(db, "bil_1", asked())
    for _ in range(2):
        assert settle(db, usage.confirm, "bil_1") == {"confirmed": 1, "state": "confirmed"}
    assert counted(db) == {"total": 1}
    assert settle(db, usage.release, "bil_1") == {"released": 0, "state": "confirmed"}
    assert usage.apply(db, "bil_1", asked()) == first


def test_release_gives_the_use_back_once(db: Transactions) -> None:
    put(db, limits={"total": 1, "per_customer": 1, "budget": {"EUR": 100}})
    usage.apply(db, "bil_1", asked())
    for _ in range(2):
        assert settle(db, usage.release, "bil_1") == {"released": 1, "state": "released"}
    assert set(counted(db).values()) == {0}
    assert settle(db, usage.confirm, "bil_1") == {"confirmed": 0, "state": "released"}
    with pytest.raises(BillReleased):
        usage.apply(db, "bil_1", asked())
    assert usage.apply(db, "bil_2", asked())["discount_minor"] == 100


def test_a_release_that_comes_first_turns_the_late_apply_away(db: Transactions) -> None:
    put(db, limits={"total": 1})
    assert settle(db, usage.release, "bil_1") == {"released": 0, "state": "released"}
    with pytest.raises(BillReleased):
        usage.apply(db, "bil_1", asked())
    assert counted(db) == {}


def test_settling_a_bill_nobody_applied_changes_nothing(db: Transactions) -> None:
    assert settle(db, usage.confirm, "bil_1") == {"confirmed": 0, "state": "unknown"}
    assert settle(db, usage.reverse, "bil_1") == {"reversed": 0, "state": "unknown"}


@pytest.mark.parametrize(
    ("give_back_on", "reason", "left"),
    [
        ("cancel", "cancel", 0),
        ("cancel", "full_refund", 1),
        ("full_refund", "cancel", 0),
        ("full_refund", "full_refund", 0),
        ("never", "cancel", 1),
        ("never", "full_refund", 1),
        (None, "full_refund", 0),
    ],
)
def test_a_refund_gives_back_what_the_promotion_says(
    db: Transactions, give_back_on: str | None, reason: str, left: int
) -> None:
    put(db, limits={"total": 3}, give_back_on=give_back_on)
    usage.apply(db, "bil_1", asked())
    settle(db, usage.confirm, "bil_1")
    for _ in range(2):
        assert settle(db, usage.reverse, "bil_1", reason=reason) == {"reversed": 1, "state": "reversed"}
    assert counted(db) == {"total": left}
    assert settle(db, usage.confirm, "bil_1") == {"confirmed": 0, "state": "reversed"}


def test_a_failed_checkout_always_gives_back(db: Transactions) -> None:
    put(db, limits={"total": 3}, give_back_on="never")
    usage.apply(db, "bil_1", asked())
    settle(db, usage.release, "bil_1")
    assert counted(db) == {"total": 0}


def test_a_limit_may_be_lowered_below_what_was_used(db: Transactions) -> None:
    offer = put(db, codes=["MANY"], limits={"total": 5})
    for place in range(3):
        usage.apply(db, f"bil_{place}", asked(codes=["MANY"]))
    with db.transaction() as tx:
        promotions.change(tx, VENUE, offer, "usr_manager", {"limits": {"total": 2}})
    assert refused(db, "bil_9", codes=["MANY"]) == "promotion_exhausted"
    assert counted(db) == {"total": 3}
    settle(db, usage.release, "bil_0")
    assert refused(db, "bil_9", codes=["MANY"]) == "promotion_exhausted"
    settle(db, usage.release, "bil_1")
    usage.apply(db, "bil_10", asked(codes=["MANY"]))
    assert counted(db) == {"total": 2}


def test_a_promotion_changed_or_paused_after_the_reservation_is_confirmed_as_it_was(db: Transactions) -> None:
    offer = put(db, limits={"total": 5})
    usage.apply(db, "bil_1", asked())
    with db.transaction() as tx:
        promotions.change(tx, VENUE, offer, "usr_manager", {"reward": {"percent_bps": 9000}, "limits": None})
        promotions.move(tx, VENUE, offer, "usr_manager", "paused")
    assert settle(db, usage.confirm, "bil_1") == {"confirmed": 1, "state": "confirmed"}
    assert usage.apply(db, "bil_1", asked())["discount_minor"] == 100


def test_a_moment_may_be_named_and_the_database_clock_counts_otherwise(db: Transactions) -> None:
    put(db, when={"starts_at": "2031-01-01"})
    assert offers.evaluate(db, asked())["rejected"][0]["reason"] == "not_started"
    later = datetime(2031, 1, 1, 12, tzinfo=UTC).isoformat()
    assert offers.evaluate(db, asked(now=later))["discount_minor"] == 100


def test_a_checkout_makes_two_statements_with_limits_one_more_and_every_outcome_one(db: Transactions) -> None:
    put(db)
    limits = {"total": 9, "per_customer": 9, "per_day": 9, "budget": {"EUR": 900}}
    put(db, codes=["FEW"], limits=limits, stack={"group": "b"})
    with watched(db.engine) as statements:
        counts = []
        for work in (
            lambda: offers.evaluate(db, asked(codes=["FEW"])),
            lambda: usage.apply(db, "bil_1", asked()),
            lambda: usage.apply(db, "bil_2", asked(codes=["FEW"])),
            lambda: usage.apply(db, "bil_3", asked(codes=["FEW"])),
            lambda: usage.apply(db, "bil_1", asked()),
            lambda: settle(db, usage.confirm, "bil_1"),
            lambda: settle(db, usage.confirm, "bil_2"),
            lambda: settle(db, usage.release, "bil_3"),
        ):
            statements.clear()
            work()
            counts.append(len(statements))
    assert counts == [1, 2, 3, 3, 1, 1, 1, 1]


def test_who_comes_next_on_the_connection_still_waits_for_the_disk(db: Transactions) -> None:
    put(db, limits={"total": 9})
    usage.apply(db, "bil_1", asked())
    with db.read() as tx:
        assert tx.execute(sa.text("SHOW synchronous_commit")).scalar_one() == "on"


def test_a_reason_nobody_knows_gives_nothing_back(db: Transactions) -> None:
    put(db, limits={"total": 3})
    usage.apply(db, "bil_1", asked())
    with pytest.raises(ValidationFailed):
        settle(db, usage.reverse, "bil_1", reason="mood")
    assert counted(db) == {"total": 1}
