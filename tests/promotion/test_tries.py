"""Codes cannot be guessed: so many wrong ones, then nobody looks any more."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.payment.quoting import question
from ordering_platform.promotion import codes, inquiry, offers, tries, usage
from ordering_platform.promotion.errors import CodeNotFound
from ordering_platform.promotion.models import wrong_codes
from ordering_platform.runtime.errors import RateLimited
from tests.promotion.samples import VENUE, asked, put, sent
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions


def reason(db: Transactions, code: str, **values: Any) -> str:
    """Give what a quote says about a code."""
    rejected = offers.evaluate(db, asked(codes=[code], **values))["rejected"]
    return str(rejected[0]["reason"]) if rejected else "applies"


def test_the_sixth_wrong_code_of_a_guest_is_not_looked_at_and_neither_is_a_right_one(db: Transactions) -> None:
    put(db, codes=["WELCOME10"])
    for place in range(5):
        assert reason(db, f"WRONG{place}") == "code_not_found"
    for code in ("WRONG6", "WELCOME10"):
        with pytest.raises(RateLimited) as limited:
            reason(db, code)
        assert 1 <= (limited.value.retry_after or 0) <= 600
    assert reason(db, "WELCOME10", guest_id="gst_2") == "applies"
    assert offers.evaluate(db, asked())["discount_minor"] == 0


def test_a_guest_is_known_by_the_session_when_it_is_told(db: Transactions) -> None:
    for place in range(5):
        reason(db, f"WRONG{place}", session_id="ses_1", guest_id=f"gst_{place}")
    with pytest.raises(RateLimited):
        reason(db, "WRONG", session_id="ses_1", guest_id="gst_9")
    assert reason(db, "WRONG", session_id="ses_2", guest_id="gst_9") == "code_not_found"


def test_quotes_checkouts_and_checks_count_alike(db: Transactions) -> None:
    reason(db, "WRONG")
    with pytest.raises(CodeNotFound):
        usage.apply(db, "bil_1", asked(codes=["WRONG"]))
    with pytest.raises(CodeNotFound):
        codes.known(db, VENUE, "gst_1", "WRONG")
    assert reason(db, "WRONG") == "code_not_found"
    assert reason(db, "WRONG") == "code_not_found"
    with pytest.raises(RateLimited):
        usage.apply(db, "bil_1", asked(codes=["WRONG"]))
    with pytest.raises(RateLimited):
        codes.known(db, VENUE, "gst_1", "WRONG")


def test_a_code_that_only_does_not_apply_is_no_guess(db: Transactions) -> None:
    put(db, codes=["LATER"], when={"starts_at": "2031-01-01"})
    for _ in range(7):
        assert reason(db, "LATER") == "not_started"


def test_all_guests_of_a_venue_together_have_fifty(db: Transactions) -> None:
    for guest in range(10):
        for place in range(5):
            reason(db, f"WRONG{place}", guest_id=f"gst_{guest}")
    with pytest.raises(RateLimited) as limited:
        reason(db, "WRONG", guest_id="gst_new")
    assert 600 < (limited.value.retry_after or 0) <= 3600
    assert reason(db, "WRONG", guest_id="gst_new", venue_id="ven_other") == "code_not_found"


def test_guesses_sent_at_once_do_not_pass_the_limit_together(db: Transactions) -> None:
    answers = at_once(partial(codes.known, db, VENUE, "ses_1", f"WRONG{place}") for place in range(20))
    told = Counter(getattr(answer, "code", answer) for answer in answers)
    assert told == {"code_not_found": 5, "rate_limited": 15}


def test_staff_may_try_as_they_like(db: Transactions) -> None:
    for _ in range(7):
        assert reason(db, "WRONG", guest_id=None) == "code_not_found"


def test_the_count_begins_anew_when_its_time_is_over(db: Transactions) -> None:
    for place in range(5):
        reason(db, f"WRONG{place}")
    with db.transaction() as tx:
        tx.execute(sa.update(wrong_codes).values(ends_at=sa.text("now() - interval '1 second'")))
    assert reason(db, "WRONG") == "code_not_found"
    with db.transaction() as tx:
        assert sorted(tx.scalars(sa.select(wrong_codes.c.wrong))) == [1, 1]
        assert tries.forget(tx) == 0
        tx.execute(sa.update(wrong_codes).values(ends_at=sa.text("now() - interval '1 second'")))
        assert tries.forget(tx) == 2


def test_guests_of_one_table_guess_together_at_the_checkout_and_when_they_try_a_code(db: Transactions) -> None:
    """Payment asks with the session of the table, which is what the door for single codes counts by."""
    for guest in range(4):
        asked_by_payment = question(table("ses_1"), VENUE, [f"WRONG{guest}"], f"gst_{guest}")
        assert offers.evaluate(db, inquiry.read(**asked_by_payment))["rejected"][0]["reason"] == "code_not_found"
    with pytest.raises(CodeNotFound):
        codes.known(db, VENUE, "ses_1", "WRONG4")
    with pytest.raises(RateLimited):
        usage.apply(db, "bil_1", inquiry.read(**question(table("ses_1"), VENUE, ["WRONG5"], "gst_5")))
    with pytest.raises(CodeNotFound):
        usage.apply(db, "bil_2", inquiry.read(**question(table("ses_2"), VENUE, ["WRONG6"], "gst_6")))


def test_staff_at_the_checkout_mistype_as_they_like(db: Transactions) -> None:
    for place in range(7):
        by_staff = inquiry.read(**question(table("ses_1"), VENUE, [f"WRONG{place}"], None))
        assert offers.evaluate(db, by_staff)["rejected"][0]["reason"] == "code_not_found"


def table(session_id: str) -> dict[str, Any]:
    """Write what order-service answers about the orders of a table."""
    told = sent()
    return {
        **{name: told[name] for name in ("currency", "currency_digits", "time_zone", "table_id", "lines")},
        "session_id": session_id,
        "orders": [{"id": "ord_1", "guest_id": "gst_1"}],
    }
