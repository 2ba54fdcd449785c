"""Which promotions apply to an order, and what each takes off which line. PURE.

Items first, then the whole order. Inside a stage the promotions of one group compete and the best for
the guest wins; groups follow each other on what the earlier ones left. An exclusive promotion stands
alone against all the rest together. Every tie is broken the same way each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion.document import STAGES
from ordering_platform.promotion.errors import (
    LostToBetter,
    MinQuantityNotMet,
    MinSpendNotMet,
    NotApplicable,
    ZeroDiscount,
)
from ordering_platform.promotion.limits import claims
from ordering_platform.promotion.rules.basket import Basket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ordering_platform.promotion.document import Promotion
    from ordering_platform.promotion.rules.basket import Line
    from ordering_platform.promotion.visit import Visit


@dataclass(frozen=True, slots=True)
class Candidate:
    """A running promotion, the code that called for it, and how far its counters have been used."""

    promotion: Promotion
    code: str | None = None
    used: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def turn(self) -> tuple[int, int, str]:
        """When it is looked at: by priority, percentages before fixed amounts, older before newer."""
        return self.promotion.priority, self.promotion.rule.rank, self.promotion.id


@dataclass(frozen=True, slots=True)
class Applied:
    """A promotion that applies, with its discount by line id."""

    candidate: Candidate
    shares: Mapping[str, int]

    @property
    def discount(self) -> int:
        """What it takes off in all."""
        return sum(self.shares.values())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applies, in the order it was applied, and why the rest does not."""

    applied: tuple[Applied, ...]
    refused: tuple[tuple[Candidate, NotApplicable], ...]

    @property
    def discount(self) -> int:
        """What the order costs less."""
        return sum(applied.discount for applied in self.applied)


@dataclass(slots=True)
class _Plan:
    """One way to apply promotions together."""

    applied: list[Applied] = field(default_factory=list)
    refused: dict[str, NotApplicable] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[int, int, str]:
        """Best first: by discount, then by the priority and the age of the first promotion in it."""
        firsts = [(one.candidate.promotion.priority, one.candidate.promotion.id) for one in self.applied]
        return (-sum(one.discount for one in self.applied), *min(firsts, default=(0, "")))


def evaluate(candidates: Iterable[Candidate], lines: Sequence[Line], visit: Visit) -> Outcome:
    """Apply what serves the guest best; every candidate is either applied or refused with a reason."""
    candidates = sorted(candidates, key=lambda candidate: candidate.turn)
    refused: dict[str, NotApplicable] = {}
    admitted = []
    for candidate in candidates:
        try:
            visit.admit(candidate.promotion)
        except NotApplicable as reason:
            refused[candidate.promotion.id] = reason
        else:
            admitted.append(candidate)
    together = [candidate for candidate in admitted if not candidate.promotion.exclusive]
    alone = [[candidate] for candidate in admitted if candidate.promotion.exclusive]
    plans = [_plan(contenders, lines, visit) for contenders in (together, *alone)]
    best = min(plans, key=lambda plan: plan.standing)
    for plan in plans:
        refused |= plan.refused
    applied = {one.candidate.promotion.id for one in best.applied}
    return Outcome(
        applied=tuple(best.applied),
        refused=tuple(
            (candidate, refused.get(candidate.promotion.id) or LostToBetter())
            for candidate in candidates
            if candidate.promotion.id not in applied
        ),
    )


def _plan(contenders: Sequence[Candidate], lines: Sequence[Line], visit: Visit) -> _Plan:
    plan = _Plan()
    left = {line.id: line.gross for line in lines}
    for stage in STAGES:
        before = dict(left)
        for group in _groups(contenders, stage):
            basket = Basket(visit.currency, tuple(lines), left)
            winner = _best(group, basket, Basket(visit.currency, basket.lines, before), visit, plan.refused)
            if winner is not None:
                plan.applied.append(winner)
                for line_id, share in winner.shares.items():
                    left[line_id] -= share
    return plan


def _groups(contenders: Sequence[Candidate], stage: str) -> Iterable[list[Candidate]]:
    groups: dict[str, list[Candidate]] = {}
    for candidate in contenders:
        if candidate.promotion.stage == stage:
            groups.setdefault(candidate.promotion.group, []).append(candidate)
    return groups.values()


def _best(
    group: Sequence[Candidate], basket: Basket, before: Basket, visit: Visit, refused: dict[str, NotApplicable]
) -> Applied | None:
    offers = []
    for candidate in group:
        try:
            offers.append(_offer(candidate, basket, before, visit))
        except NotApplicable as reason:
            refused[candidate.promotion.id] = reason
    if not offers:
        return None
    best = min(offers, key=lambda one: (-one.discount, one.candidate.promotion.priority, one.candidate.promotion.id))
    refused.update({one.candidate.promotion.id: LostToBetter() for one in offers if one is not best})
    return best


def _offer(candidate: Candidate, basket: Basket, before: Basket, visit: Visit) -> Applied:
    """What the promotion would take off now; raises NotApplicable. ``before`` is the start of the stage."""
    promotion = candidate.promotion
    basis = before if promotion.condition.after_item_discounts else Basket(basket.currency, basket.lines)
    _check_condition(promotion, basis, visit)
    shares = promotion.rule.shares(basket)
    # Rules may come from other packages; no fault of theirs may make a line negative.
    held = {line.id: basket.left_of(line) for line in basket.lines if line.discountable}
    shares = {line_id: min(share, held.get(line_id, 0)) for line_id, share in shares.items()}
    offer = Applied(candidate, {line_id: share for line_id, share in shares.items() if share > 0})
    if not offer.discount:
        raise ZeroDiscount
    for claim in claims(promotion, visit, offer.discount):
        claim.check(candidate.used)
    return offer


def _check_condition(promotion: Promotion, basis: Basket, visit: Visit) -> None:
    condition = promotion.condition
    counted = basis.chosen(condition.items)
    if condition.min_spend is not None:
        missing = condition.min_spend.of(visit.currency) - sum(basis.left_of(line) for line in counted)
        if missing > 0:
            message = f"Add {visit.written(missing)} more for {promotion.name}."
            raise MinSpendNotMet(message, missing_minor=missing)
    lacking = condition.min_quantity - sum(line.quantity for line in counted)
    if lacking > 0:
        message = f"Add {lacking} more for {promotion.name}."
        raise MinQuantityNotMet(message, missing_quantity=lacking)


def hints(outcome: Outcome) -> list[dict[str, Any]]:
    """Give what a guest could add so that one more promotion applies."""
    return [
        {
            "promotion_id": candidate.promotion.id,
            "code": candidate.code,
            "reason": reason.code,
            "message": reason.message,
            **reason.details,
        }
        for candidate, reason in outcome.refused
        if isinstance(reason, MinSpendNotMet | MinQuantityNotMet)
    ]
