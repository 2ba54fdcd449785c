"""What payment is answered over RPC: plain JSON, and errors by their codes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.runtime.errors import DomainError
from tests.promotion.samples import put, sent
from tests.support.crowds import at_once

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.peers import Calls


def refused(method: Any, **arguments: Any) -> DomainError:
    with pytest.raises(DomainError) as fault:
        method(**arguments)
    return fault.value


def test_a_checkout_evaluates_applies_and_confirms(db: Transactions, payment: Calls) -> None:
    put(db, codes=["WELCOME10"], limits={"total": 1})
    quoted = payment.evaluate(**sent(codes=["WELCOME10"]))
    assert quoted["discount_minor"] == 100
    assert payment.apply(bill_id="bil_1", **sent(codes=["WELCOME10"])) == quoted
    assert payment.confirm(bill_id="bil_1") == {"confirmed": 1, "state": "confirmed"}
    assert payment.reverse(bill_id="bil_1") == {"reversed": 1, "state": "reversed"}


def test_reasons_cross_with_their_code_and_details(db: Transactions, payment: Calls) -> None:
    put(db, codes=["LUNCH5"], condition={"min_spend": {"EUR": 2500}})
    fault = refused(payment.apply, bill_id="bil_1", **sent(codes=["LUNCH5"]))
    assert (fault.code, fault.status) == ("min_spend_not_met", 422)
    assert fault.details == {"promotion_code": "LUNCH5", "missing_minor": 1500}
    assert refused(payment.apply, bill_id="bil_1", **sent(codes=["NOPE"])).code == "code_not_found"


def test_a_released_bill_is_turned_away(payment: Calls) -> None:
    assert payment.release(bill_id="bil_1") == {"released": 0, "state": "released"}
    fault = refused(payment.apply, bill_id="bil_1", **sent())
    assert (fault.code, fault.status) == ("bill_released", 409)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe"])
def test_a_zone_nobody_knows_is_refused(payment: Calls, zone: str) -> None:
    fault = refused(payment.evaluate, **sent(time_zone=zone))
    assert (fault.status, fault.errors[0].pointer) == (422, "/time_zone")


@pytest.mark.parametrize("moment", ["2026-11-23T12:00:00", "noon"])
def test_a_moment_without_its_offset_is_refused(payment: Calls, moment: str) -> None:
    fault = refused(payment.evaluate, **sent(now=moment))
    assert (fault.status, fault.errors[0].pointer) == (422, "/now")


def test_forty_bills_over_rpc_share_seven_uses(db: Transactions, payment: Calls) -> None:
    put(db, codes=["SEVEN"], limits={"total": 7})
    answers = at_once(partial(payment.apply, bill_id=f"bil_{place}", **sent(codes=["SEVEN"])) for place in range(40))
    codes = [getattr(answer, "code", "applied") for answer in answers]
    assert codes.count("applied") == 7
    assert codes.count("promotion_exhausted") == 33
