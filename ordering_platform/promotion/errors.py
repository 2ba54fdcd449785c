"""What the promotion service refuses; the ``NotApplicable`` ones are also the reasons an evaluation gives."""

from __future__ import annotations

from ordering_platform.runtime.errors import Conflict, Invalid, NotFound


class NotApplicable(Invalid, family=True):
    """This promotion does not apply to this order."""


class CodeNotFound(NotApplicable):
    """This code is not known here; check the spelling."""


class CodeDisabled(NotApplicable):
    """This code has been switched off."""


class CodeUsedUp(NotApplicable):
    """This code has been used as often as it may be."""


class NotStarted(NotApplicable):
    """This promotion has not started yet."""


class Expired(NotApplicable):
    """This promotion is over."""


class OutsideSchedule(NotApplicable):
    """This promotion is not valid at this time of day or on this day."""


class WrongVenue(NotApplicable):
    """This promotion is not valid where this order is eaten; its venue offers it at other tables."""


class WrongOrderType(NotApplicable):
    """This promotion is not valid for this kind of order."""


class CustomerRequired(NotApplicable):
    """This promotion is counted per guest; scan the code on your table to be recognised."""


class CustomerNotEligible(NotApplicable):
    """This promotion is for a first order only."""


class MinSpendNotMet(NotApplicable):
    """The order is below the amount this promotion needs; add something to it."""


class MinQuantityNotMet(NotApplicable):
    """The order has too few of the items this promotion needs; add something to it."""


class NoEligibleItems(NotApplicable):
    """Nothing in the order is part of this promotion."""


class RewardItemMissing(NotApplicable):
    """The item this promotion gives is not in the order; add it."""


class CurrencyNotSupported(NotApplicable):
    """This promotion has no amount in the currency of the order."""


class PromotionExhausted(NotApplicable):
    """This promotion has been used as often as it may be."""


class CustomerLimitReached(NotApplicable):
    """You have used this promotion as often as one guest may."""


class BudgetExhausted(NotApplicable):
    """What is left for this promotion does not cover this discount."""


class LostToBetter(NotApplicable):
    """A better offer applies, and the two do not add up."""


class ZeroDiscount(NotApplicable):
    """This promotion would take nothing off this order."""


class PromotionNotFound(NotFound):
    """There is no promotion with this id at your venue."""


class PromotionCodeNotFound(NotFound):
    """This promotion has no such code."""


class CodeBatchNotFound(NotFound):
    """This promotion has no batch of codes with this id."""


class TooManyCodes(Conflict):
    """A promotion holds at most 100,000 codes made in batches; create another promotion for more."""


class CodeTaken(Conflict):
    """One of these codes already belongs to a promotion of your venue; choose another."""


class PromotionArchived(Conflict):
    """This promotion was removed and stays as it was; create a new one."""


class PromotionAutomatic(Conflict):
    """This promotion applies without a code; only promotions with the trigger code have codes."""


class BillReleased(Conflict):
    """The promotions of this bill were given back; start a new checkout."""


class BillAlreadyApplied(Conflict):
    """Promotions were applied to this bill with other content; start a new checkout."""
