"""Answers what an order would cost less: which promotions apply, which do not and why. Changes no use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import codes, tries
from ordering_platform.promotion.candidates import look
from ordering_platform.promotion.errors import CodeDisabled, CodeNotFound, LostToBetter
from ordering_platform.promotion.evaluation import evaluate as decide
from ordering_platform.promotion.evaluation import hints

if TYPE_CHECKING:
    from ordering_platform.promotion.candidates import Sight
    from ordering_platform.promotion.errors import NotApplicable
    from ordering_platform.promotion.evaluation import Applied, Candidate, Outcome
    from ordering_platform.promotion.inquiry import Inquiry
    from ordering_platform.runtime.database import Transactions


def evaluate(db: Transactions, inquiry: Inquiry) -> dict[str, Any]:
    """Give the discounts of an order and the reasons of those that do not apply; raises RateLimited."""
    with db.read() as tx:
        sight = look(tx, inquiry)
    tries.note(db, inquiry.venue_id, inquiry.tryer, len(unknown(sight, inquiry)))
    return answer(sight, inquiry, decide(sight.candidates, inquiry.lines, inquiry.visit(sight.now)))


def explain(db: Transactions, inquiry: Inquiry) -> dict[str, Any]:
    """Answer as ``evaluate`` does, and tell staff which of their own codes are switched off, as no guest is told."""
    told = evaluate(db, inquiry)
    hidden = [one for one in told["rejected"] if one["reason"] == CodeNotFound.code]
    if hidden:
        with db.read() as tx:
            own = codes.of_venue(tx, inquiry.venue_id, [one["code"] for one in hidden])
        for one in hidden:
            if one["code"] in own:
                one.update(_reason(CodeDisabled()))
    return told


def unknown(sight: Sight, inquiry: Inquiry) -> list[str]:
    """Give the codes that call for no running promotion of this venue; nobody learns why they do not."""
    return [code for code in inquiry.codes if code not in sight.called]


def code_refusals(sight: Sight, inquiry: Inquiry, outcome: Outcome) -> list[tuple[str, NotApplicable]]:
    """Give each code that takes nothing off, in the order they were typed, with the reason."""
    applied = {one.candidate.code for one in outcome.applied}
    reasons = {candidate.promotion.id: reason for candidate, reason in outcome.refused}
    refusals: list[tuple[str, NotApplicable]] = []
    for code in inquiry.codes:
        if code not in sight.called:
            refusals.append((code, CodeNotFound()))
        elif code not in applied:
            refusals.append((code, reasons.get(sight.called[code]) or LostToBetter()))
    return refusals


def answer(sight: Sight, inquiry: Inquiry, outcome: Outcome) -> dict[str, Any]:
    """Give an outcome as plain JSON, in minor units."""
    automatic = [(candidate, reason) for candidate, reason in outcome.refused if candidate.code is None]
    by_code = code_refusals(sight, inquiry, outcome)
    return {
        "applied": [_applied(one) for one in outcome.applied],
        "rejected": [{"code": code, **_reason(reason)} for code, reason in by_code]
        + [{**_named(candidate), **_reason(reason)} for candidate, reason in automatic],
        "hints": hints(outcome),
        "discount_minor": outcome.discount,
    }


def _applied(one: Applied) -> dict[str, Any]:
    promotion = one.candidate.promotion
    return {
        "promotion_id": promotion.id,
        "version": promotion.version,
        "name": promotion.name,
        "code": one.candidate.code,
        "stage": promotion.stage,
        "discount_minor": one.discount,
        "lines": [{"line_id": line_id, "discount_minor": share} for line_id, share in one.shares.items()],
    }


def _named(candidate: Candidate) -> dict[str, Any]:
    return {"promotion_id": candidate.promotion.id, "name": candidate.promotion.name}


def _reason(reason: NotApplicable) -> dict[str, Any]:
    return {"reason": reason.code, "message": reason.message, **reason.details}
