"""The tables of the order service, as rooms: the floor, the menu, the orders."""

from __future__ import annotations

from ordering_platform.order.models.columns import metadata
from ordering_platform.order.models.floor import (
    dining_tables,
    retired_codes,
    session_guests,
    staff_calls,
    table_sessions,
    venues,
)
from ordering_platform.order.models.menu import menu_categories, menu_items, menu_options, option_groups
from ordering_platform.order.models.orders import (
    bill_locks,
    idempotency_keys,
    order_events,
    order_items,
    order_numbers,
    orders,
)

__all__ = [
    "bill_locks",
    "dining_tables",
    "idempotency_keys",
    "menu_categories",
    "menu_items",
    "menu_options",
    "metadata",
    "option_groups",
    "order_events",
    "order_items",
    "order_numbers",
    "orders",
    "retired_codes",
    "session_guests",
    "staff_calls",
    "table_sessions",
    "venues",
]
