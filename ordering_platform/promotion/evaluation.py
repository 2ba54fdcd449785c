"""Which promotions apply to an order, and what each takes off which line. PURE.

Items first, then the whole order. Inside a stage the promotions of one group compete and the best for
the guest wins; groups follow each other on what the earlier ones left. A group has its turn with the
first of its promotions that applies, so one that does not apply changes nothing. An exclusive promotion
stands alone against all the rest together. Every tie is broken the same way each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion.document import STAGES
from ordering_platform.promotion.errors import (
    LostToBetter,
    MinQuantityNotMet,
    MinSpendNotMet,
    NotApplicable,
    RewardItemMissing,
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
    """A running promotion, the code that called for it, and how far its counters have been used.

    ``code_uses`` is how often the code may be used; None is without limit.
    """

    promotion: Promotion
    code: str | None = None
    used: Mapping[tuple[str, str], int] = field(default_factory=dict)
    code_uses: int | None = None

    @property
    def turn(self) -> tuple[int, int, str]:
        """When it is looked at: by priority, percentages before fixed amounts, older before newer."""
        return self.promotion.priority, self.promotion.rule.rank, self.promotion.id


@dataclass(frozen=True, slots=True)
class Applied:
    """A promotion that applies, with its discount by line id and in all, and what it still lacks to give more."""

    candidate: Candidate
    shares: Mapping[str, int]
    discount: int
    more: NotApplicable | None = field(default=None, compare=False)


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
    """One way to apply promotions together, and what it leaves of each line that takes a discount."""

    left: dict[str, int]
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
    order = Basket(visit.currency, tuple(lines))
    plans = [_plan(contenders, order, visit) for contenders in (together, *alone)]
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


def _plan(contenders: Sequence[Candidate], order: Basket, visit: Visit) -> _Plan:
    plan = _Plan({line.id: line.gross for line in order.lines if line.discountable})
    for stage in STAGES:
        _take_turns([one for one in contenders if one.promotion.stage == stage], plan, order, visit)
    return plan


def _take_turns(waiting: Sequence[Candidate], plan: _Plan, order: Basket, visit: Visit) -> None:
    """Apply one promotion of each group, in the order of the first of each that applies."""
    # Thresholds see full prices, or those at the start of the stage; either way not what others of it take off.
    baskets = order.after(plan.left), order.after(plan.left, dict(plan.left))
    while waiting:
        first, *waiting = waiting
        offers = _offers([first], baskets, visit, plan.refused)
        if offers:
            group = first.promotion.group
            rivals = [one for one in waiting if one.promotion.group == group]
            waiting = [one for one in waiting if one.promotion.group != group]
            _take(_best([*offers, *_offers(rivals, baskets, visit, plan.refused)], plan.refused), plan)


def _take(offer: Applied, plan: _Plan) -> None:
    plan.applied.append(offer)
    for line_id, share in offer.shares.items():
        plan.left[line_id] -= share


def _best(offers: Sequence[Applied], refused: dict[str, NotApplicable]) -> Applied:
    best = min(offers, key=lambda one: (-one.discount, one.candidate.promotion.priority, one.candidate.promotion.id))
    refused.update({one.candidate.promotion.id: LostToBetter() for one in offers if one is not best})
    return best


def _offers(
    contenders: Sequence[Candidate], baskets: Sequence[Basket], visit: Visit, refused: dict[str, NotApplicable]
) -> list[Applied]:
    """Give what each of these would take off now, and note why the others would not."""
    offers = []
    for candidate in contenders:
        promotion = candidate.promotion
        try:
            offers.append(_offer(candidate, baskets[promotion.condition.after_item_discounts], visit))
        except NotApplicable as reason:
            refused[promotion.id] = _told(reason, promotion, visit)
    return offers


def _offer(candidate: Candidate, basket: Basket, visit: Visit) -> Applied:
    """What the promotion would take off now; raises NotApplicable."""
    promotion = candidate.promotion
    _check_condition(promotion, basket)
    shares = promotion.rule.shares(basket)
    # Rules may come from other packages; no fault of theirs may make a line negative.
    left = basket.left
    held = {line_id: kept for line_id, share in shares.items() if (kept := min(share, left.get(line_id, 0))) > 0}
    offer = Applied(candidate, held, sum(held.values()))
    if not offer.discount:
        raise ZeroDiscount
    for claim in claims(promotion, visit, offer.discount, candidate.code, candidate.code_uses):
        claim.check(candidate.used)
    more = promotion.rule.more(basket)
    return offer if more is None else replace(offer, more=_told(more, promotion, visit))


def _check_condition(promotion: Promotion, basket: Basket) -> None:
    condition = promotion.condition
    if condition.min_spend is None and not condition.min_quantity:
        return
    gift = promotion.rule.gift(basket)
    if condition.min_spend is not None:
        missing = condition.min_spend.of(basket.currency) - basket.counted(condition.items, gift)
        if missing > 0:
            raise MinSpendNotMet(missing_minor=missing)
    units = sum(line.quantity - gift.get(line.id, 0) for line in basket.chosen(condition.items))
    if units < condition.min_quantity:
        raise MinQuantityNotMet(missing_quantity=condition.min_quantity - units)


def _told(reason: NotApplicable, promotion: Promotion, visit: Visit) -> NotApplicable:
    """Say what could be added, with its amount and the name of the promotion."""
    details = reason.details
    if "gives_minor" in details:
        missing, gives = visit.written(details["missing_minor"]), visit.written(details["gives_minor"])
        message = f"Add {missing} more for {gives} off: {promotion.name}."
    elif "missing_minor" in details:
        message = f"Add {visit.written(details['missing_minor'])} more for {promotion.name}."
    elif isinstance(reason, RewardItemMissing):
        message = f"Add {details['missing_quantity']} more of what this gives: {promotion.name}."
    elif "missing_quantity" in details:
        message = f"Add {details['missing_quantity']} more for {promotion.name}."
    else:
        return reason
    return type(reason)(message, **details)


def hints(outcome: Outcome) -> list[dict[str, Any]]:
    """Give what a guest could add so that one more promotion applies, or that one takes more off."""
    open_ends = [*outcome.refused, *((one.candidate, one.more) for one in outcome.applied)]
    return [
        {
            "promotion_id": candidate.promotion.id,
            "code": candidate.code,
            "reason": reason.code,
            "message": reason.message,
            **reason.details,
        }
        for candidate, reason in open_ends
        if isinstance(reason, MinSpendNotMet | MinQuantityNotMet | RewardItemMissing)
    ]
