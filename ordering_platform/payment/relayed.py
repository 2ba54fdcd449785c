"""The refusals of order-service and promotion-service that pass through a door of payment-service, by their codes."""

from __future__ import annotations

from typing import Final

PRICING: Final = (
    "order_not_found",
    "order_not_payable",
    "order_already_paid",
    "order_empty",
)
LOCKING: Final = (
    *PRICING,
    "order_changed",
    "order_locked",
    "order_not_placed",
    "session_closed",
    # Where guests pay first, sending is part of paying.
    "ordering_paused",
    "items_unavailable",
    "order_limit",
)
CODES: Final = (
    "code_not_found",
    "code_disabled",
    "code_used_up",
    "not_started",
    "expired",
    "outside_schedule",
    "wrong_venue",
    "wrong_order_type",
    "customer_required",
    "customer_not_eligible",
    "min_spend_not_met",
    "min_quantity_not_met",
    "no_eligible_items",
    "reward_item_missing",
    "currency_not_supported",
    "promotion_exhausted",
    "customer_limit_reached",
    "budget_exhausted",
    "lost_to_better",
    "zero_discount",
    "rate_limited",
)
