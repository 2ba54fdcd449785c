"""Many bills at once on the same promotion: no use too many, none lost, nobody waits in a ring."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.promotion import promotions, usage
from ordering_platform.promotion.errors import NotApplicable
from ordering_platform.promotion.models import reservations, usage_counters, uses
from tests.promotion.samples import FIVE_OFF, VENUE, asked, put
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions


def outcomes(answers: list[Any]) -> Counter[str]:
    """Count what became of each caller: ``applied``, or the code of its error; anything else fails the test."""
    for answer in answers:
        if isinstance(answer, Exception) and not hasattr(answer, "code"):
            raise answer
    return Counter(getattr(answer, "code", "applied") for answer in answers)


def settle(db: Transactions, verb: Any, bill_id: str) -> Any:
    with db.transaction() as tx:
        return verb(tx, bill_id)


def used(db: Transactions) -> dict[str, int]:
    with db.read() as tx:
        return {f"{row.scope} {row.key}".strip(): row.used for row in tx.execute(sa.select(usage_counters))}


def held(db: Transactions) -> int:
    """Count the uses of bills that are reserved or confirmed, which is what the counters must say."""
    query = (
        sa.select(sa.func.count())
        .select_from(uses.join(reservations, reservations.c.bill_id == uses.c.bill_id))
        .where(reservations.c.state.in_(["reserved", "confirmed"]))
    )
    with db.read() as tx:
        return int(tx.scalar(query) or 0)


@pytest.mark.parametrize(("limit", "bills"), [(1, 20), (7, 40)])
def test_a_limit_is_used_up_exactly(db: Transactions, limit: int, bills: int) -> None:
    put(db, codes=["FEW"], limits={"total": limit})
    answers = at_once(partial(usage.apply, db, f"bil_{place}", asked(codes=["FEW"])) for place in range(bills))
    assert outcomes(answers) == {"applied": limit, "promotion_exhausted": bills - limit}
    assert used(db) == {"total": limit}
    assert held(db) == limit


def test_an_automatic_promotion_is_used_up_exactly_and_every_checkout_goes_on(db: Transactions) -> None:
    put(db, limits={"total": 3})
    answers = at_once(partial(usage.apply, db, f"bil_{place}", asked()) for place in range(20))
    assert Counter(answer["discount_minor"] for answer in answers) == {100: 3, 0: 17}
    assert used(db) == {"total": 3}


def test_who_loses_the_last_use_of_the_best_offer_gets_the_next_best(db: Transactions) -> None:
    put(db, {"percent_bps": 5000}, limits={"total": 2})
    put(db)
    answers = at_once(partial(usage.apply, db, f"bil_{place}", asked()) for place in range(12))
    assert Counter(answer["discount_minor"] for answer in answers) == {500: 2, 100: 10}


def test_one_checkout_delivered_twenty_times_reserves_once(db: Transactions) -> None:
    put(db, codes=["ONE"], limits={"total": 1})
    answers = at_once(partial(usage.apply, db, "bil_1", asked(codes=["ONE"])) for _ in range(20))
    assert outcomes(answers) == {"applied": 20}
    assert len({str(answer) for answer in answers}) == 1
    assert used(db) == {"total": 1}
    assert held(db) == 1


def test_one_guest_in_twenty_tabs_has_their_two_uses_and_no_more(db: Transactions) -> None:
    put(db, codes=["TWICE"], limits={"per_customer": 2, "total": 100})
    answers = at_once(partial(usage.apply, db, f"bil_{place}", asked(codes=["TWICE"])) for place in range(20))
    assert outcomes(answers) == {"applied": 2, "customer_limit_reached": 18}
    assert used(db) == {"total": 2, "customer gst_1": 2}


def test_a_budget_is_never_overdrawn(db: Transactions) -> None:
    put(db, FIVE_OFF, codes=["BUDGET"], limits={"budget": {"EUR": 2400}})
    answers = at_once(partial(usage.apply, db, f"bil_{place}", asked(codes=["BUDGET"])) for place in range(15))
    assert outcomes(answers) == {"applied": 4, "budget_exhausted": 11}
    assert used(db) == {"budget EUR": 2000}


def test_of_confirm_and_release_one_wins(db: Transactions) -> None:
    put(db, limits={"total": 100})
    for place in range(20):
        usage.apply(db, f"bil_{place}", asked())
    answers = at_once(
        partial(settle, db, verb, f"bil_{place}") for place in range(20) for verb in (usage.confirm, usage.release)
    )
    outcomes(answers)
    for kept, given in zip(answers[::2], answers[1::2], strict=True):
        assert kept["state"] == given["state"]
        assert (kept["confirmed"], given["released"]) in {(1, 0), (0, 1)}
    assert used(db) == {"total": sum(answer["confirmed"] for answer in answers[::2])} == {"total": held(db)}


def test_of_apply_and_release_the_counters_always_tell_the_truth(db: Transactions) -> None:
    put(db, limits={"total": 100})
    works = [
        work
        for place in range(20)
        for work in (
            partial(usage.apply, db, f"bil_{place}", asked()),
            partial(settle, db, usage.release, f"bil_{place}"),
        )
    ]
    answers = at_once(works)
    assert set(outcomes(answers[::2])) <= {"applied", "bill_released"}
    assert set(used(db).values()) <= {0}
    assert held(db) == 0


def test_released_uses_can_be_taken_at_once(db: Transactions) -> None:
    put(db, codes=["FEW"], limits={"total": 5})
    for place in range(5):
        usage.apply(db, f"bil_{place}", asked(codes=["FEW"]))
    works = [partial(settle, db, usage.release, f"bil_{place}") for place in range(5)]
    works += [partial(usage.apply, db, f"bil_new_{place}", asked(codes=["FEW"])) for place in range(15)]
    told = outcomes(at_once(works)[5:])
    assert set(told) <= {"applied", "promotion_exhausted"}
    assert used(db) == {"total": told["applied"]} == {"total": held(db)}
    for place in range(5 - told["applied"]):
        usage.apply(db, f"bil_late_{place}", asked(codes=["FEW"]))
    with pytest.raises(NotApplicable):
        usage.apply(db, "bil_last", asked(codes=["FEW"]))


def test_bills_that_use_promotions_in_opposite_order_never_wait_in_a_ring(db: Transactions) -> None:
    limits = {"total": 1000, "per_day": 1000, "budget": {"EUR": 10**9}}
    first = put(db, codes=["ALPHA"], limits=limits, stack={"group": "a"})
    put(db, FIVE_OFF, codes=["OMEGA"], limits=limits, stack={"group": "b"})
    both = asked(2000, codes=["ALPHA", "OMEGA"])
    old = [f"bil_old_{place}" for place in range(12)]
    assert outcomes(at_once(partial(usage.apply, db, bill, both) for bill in old)) == {"applied": 12}
    with db.transaction() as tx:
        promotions.change(tx, VENUE, first, "usr_manager", {"stack": {"group": "a", "priority": 999}})
    works = [
        work
        for place, bill in enumerate(old)
        for work in (partial(settle, db, usage.release, bill), partial(usage.apply, db, f"bil_{place}", both))
    ]
    answers = at_once(works)
    assert outcomes(answers) == {"applied": 24}
    assert [one["code"] for one in answers[1]["applied"]] == ["OMEGA", "ALPHA"]
    with db.read() as tx:
        totals = tx.scalars(sa.select(usage_counters.c.used).where(usage_counters.c.scope == "total"))
        assert list(totals) == [12, 12]


def test_a_full_refund_told_twenty_times_gives_the_use_back_once(db: Transactions) -> None:
    put(db, limits={"total": 100})
    for bill in ("bil_1", "bil_2"):
        usage.apply(db, bill, asked())
        settle(db, usage.confirm, bill)
    answers = at_once(partial(settle, db, usage.reverse, "bil_1") for _ in range(20))
    assert answers == [{"reversed": 1, "state": "reversed"}] * 20
    assert used(db) == {"total": 1}


def test_of_release_and_reverse_the_use_comes_back_once(db: Transactions) -> None:
    put(db, limits={"total": 100})
    for place in range(10):
        usage.apply(db, f"bil_{place}", asked())
    works = [
        partial(settle, db, verb, f"bil_{place}") for place in range(10) for verb in (usage.release, usage.reverse)
    ]
    outcomes(at_once(works))
    assert used(db) == {"total": 0}


def test_two_limits_move_together_or_not_at_all(db: Transactions) -> None:
    put(db, codes=["BOTH"], limits={"total": 5, "budget": {"EUR": 300}, "per_day": 4})
    answers = at_once(partial(usage.apply, db, f"bil_{place}", asked(codes=["BOTH"])) for place in range(20))
    assert outcomes(answers)["applied"] == 3
    assert set(outcomes(answers)) == {"applied", "budget_exhausted"}
    moved = used(db)
    assert {moved.pop("total"), *(value for name, value in moved.items() if name.startswith("day"))} == {3}
    assert moved["budget EUR"] == 300
    assert held(db) == 3
