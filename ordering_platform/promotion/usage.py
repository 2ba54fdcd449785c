"""The uses of promotions by bills: reserved at checkout, confirmed by payment, given back when it fails.

Every verb is idempotent by the bill, because messages arrive twice and late: the first to write the
row of a bill decides, everybody after reads it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import ledger, offers, tries
from ordering_platform.promotion.candidates import look
from ordering_platform.promotion.document import GIVE_BACK
from ordering_platform.promotion.errors import BillAlreadyApplied, BillReleased, CodeNotFound
from ordering_platform.promotion.evaluation import evaluate as decide
from ordering_platform.promotion.limits import claims as claims_of
from ordering_platform.promotion.models import CONFIRMED, RELEASED, RESERVED, REVERSED
from ordering_platform.runtime.database import DatabaseBusy
from ordering_platform.runtime.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.promotion.candidates import Sight
    from ordering_platform.promotion.evaluation import Outcome
    from ordering_platform.promotion.inquiry import Inquiry
    from ordering_platform.promotion.ledger import Entry
    from ordering_platform.promotion.visit import Visit
    from ordering_platform.runtime.database import Transactions

# Which uses come back: all of them where nothing was served, some also when everything was refunded.
GIVES_BACK = {"cancel": ("cancel", "full_refund"), "full_refund": ("full_refund",)}

# A round is lost only to a bill that took the last use in the same moment; who looks again sees that it is gone.
_ROUNDS = 20


def apply(db: Transactions, bill_id: str, inquiry: Inquiry) -> dict[str, Any]:
    """Reserve the promotions of a bill and give the discounts; the same bill is given the same answer again.

    Every code that was typed must take something off: otherwise its reason is raised (a NotApplicable)
    and nothing is reserved. Raises BillReleased, BillAlreadyApplied, RateLimited, and DatabaseBusy where
    uses come and go faster than they can be claimed.
    """
    for _ in range(_ROUNDS):
        with db.read() as tx:
            sight = look(tx, inquiry, bill_id)
        if sight.stored is not None:
            return _again(sight.stored, inquiry)
        if wrong := offers.unknown(sight, inquiry):
            tries.note(db, inquiry.venue_id, inquiry.tryer, len(wrong))
            raise CodeNotFound(promotion_code=wrong[0])
        answer, claims = _decide(sight, inquiry)
        with suppress(ledger.LimitReached), db.single() as tx:
            if ledger.reserve(tx, bill_id, inquiry, answer, claims):
                return answer
            return _again(ledger.read(tx, bill_id), inquiry)
    raise DatabaseBusy


def _decide(sight: Sight, inquiry: Inquiry) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give the answer and what it claims from counters; raises the reason of a code that takes nothing off."""
    visit = inquiry.visit(sight.now)
    outcome = decide(sight.candidates, inquiry.lines, visit)
    for code, refusal in offers.code_refusals(sight, inquiry, outcome):
        raise type(refusal)(refusal.message, promotion_code=code, **refusal.details)
    return offers.answer(sight, inquiry, outcome), _claims(outcome, visit)


def _claims(outcome: Outcome, visit: Visit) -> list[dict[str, Any]]:
    return [
        {**asdict(claim), "give_back_on": one.candidate.promotion.give_back_on}
        for one in outcome.applied
        for claim in claims_of(
            one.candidate.promotion, visit, one.discount, one.candidate.code, one.candidate.code_uses
        )
    ]


def _again(stored: Entry | None, inquiry: Inquiry) -> dict[str, Any]:
    if stored is None or stored.answer is None or stored.state in {RELEASED, REVERSED}:
        raise BillReleased
    if stored.fingerprint != inquiry.fingerprint:
        raise BillAlreadyApplied
    return stored.answer


def confirm(tx: Connection, bill_id: str) -> dict[str, Any]:
    """Keep the uses of a bill for good, whatever became of the promotions since; raises nothing."""
    moved = ledger.settle(tx, bill_id, CONFIRMED, [RESERVED])
    return _settled(moved or ledger.read(tx, bill_id), "confirmed", CONFIRMED)


def release(tx: Connection, bill_id: str) -> dict[str, Any]:
    """Give back the uses of a bill that was not paid; one that is not known here yet can never apply any."""
    moved = ledger.release(tx, bill_id, GIVE_BACK)
    return _settled(moved or ledger.read(tx, bill_id), "released", RELEASED)


def reverse(tx: Connection, bill_id: str, reason: str = "full_refund") -> dict[str, Any]:
    """Give back those uses of a paid bill whose promotions say so on a ``cancel`` or a ``full_refund``.

    Raises ValidationFailed for another reason.
    """
    if reason not in GIVES_BACK:
        raise ValidationFailed(errors=[FieldError("/reason", "choice", f"Send one of: {', '.join(GIVES_BACK)}.")])
    moved = ledger.settle(tx, bill_id, REVERSED, [RESERVED, CONFIRMED], GIVES_BACK[reason])
    return _settled(moved or ledger.read(tx, bill_id), "reversed", REVERSED)


def _settled(entry: Entry | None, verb: str, state: str) -> dict[str, Any]:
    """Say the same each time a verb is repeated, and tell a caller who came too late where the bill stands."""
    if entry is None:
        return {verb: 0, "state": "unknown"}
    return {verb: entry.uses if entry.state == state else 0, "state": entry.state}
