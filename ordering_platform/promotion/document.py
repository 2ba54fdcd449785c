"""A promotion as its document says it: who, when, where, under which condition, what for and how often. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ordering_platform.promotion.rules import registry
from ordering_platform.promotion.rules.basket import Amounts, Selector
from ordering_platform.promotion.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.promotion.rules.rule import Rule

TRIGGERS = ("auto", "code")
STAGES = ("item", "order")
CUSTOMERS = ("any", "known", "first_order")
BASES = ("before_discounts", "after_item_discounts")
GIVE_BACK = ("cancel", "full_refund", "never")
ORDER_TYPES = ("dine_in",)
DEFAULT_GROUP = "default"
DEFAULT_PRIORITY = 100
DEFAULT_GIVE_BACK = "full_refund"


@dataclass(frozen=True, slots=True)
class Condition:
    """What an order must hold before the reward is given; thresholds count only the chosen lines."""

    items: Selector
    min_spend: Amounts | None
    min_quantity: int
    after_item_discounts: bool

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Read the ``if`` block of a document."""
        spend = data.get("min_spend")
        return cls(
            items=Selector.read(data.get("items")),
            min_spend=Amounts(spend) if spend else None,
            min_quantity=data.get("min_quantity") or 0,
            after_item_discounts=data.get("basis") == "after_item_discounts",
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a promotion may be used and how much it may cost; None is without limit."""

    total: int | None
    per_customer: int | None
    per_day: int | None
    budget: Amounts | None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Read the ``limits`` block of a document."""
        budget = data.get("budget")
        return cls(
            data.get("total"), data.get("per_customer"), data.get("per_day"), Amounts(budget) if budget else None
        )


@dataclass(frozen=True, slots=True)
class Promotion:
    """One version of a promotion, ready to be evaluated; it never changes."""

    id: str
    version: int
    name: str
    trigger: str
    schedule: Schedule
    tables: frozenset[str]
    order_types: frozenset[str]
    customer: str
    condition: Condition
    rule: Rule
    limits: Limits
    stage: str
    group: str
    priority: int
    exclusive: bool
    give_back_on: str


def read(promotion_id: str, version: int, document: Mapping[str, Any]) -> Promotion:
    """Read a document that was checked when it was written; raises ParameterInvalid for an unknown reward."""
    where, stack = document.get("where") or {}, document.get("stack") or {}
    rule = registry.read(document["reward"])
    return Promotion(
        id=promotion_id,
        version=version,
        name=document["name"],
        trigger=document["trigger"],
        schedule=Schedule.read(document.get("when") or {}),
        tables=frozenset(where.get("tables") or ()),
        order_types=frozenset(where.get("order_types") or ()),
        customer=(document.get("who") or {}).get("customer", "any"),
        condition=Condition.read(document.get("if") or {}),
        rule=rule,
        limits=Limits.read(document.get("limits") or {}),
        stage=stack.get("stage") or rule.stage,
        group=stack.get("group", DEFAULT_GROUP),
        priority=stack.get("priority", DEFAULT_PRIORITY),
        exclusive=stack.get("exclusive", False),
        give_back_on=document.get("give_back_on", DEFAULT_GIVE_BACK),
    )
