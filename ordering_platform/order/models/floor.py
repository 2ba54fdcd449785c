"""The floor of the house: venues, their tables, the parties that sit there and their calls for staff."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from ordering_platform.order.models.columns import (
    flag,
    key,
    made,
    metadata,
    minor,
    moment,
    number,
    optional,
    same_venue,
    text,
    venue,
)

# Milliseconds, not a small counter: a database restored from a backup must not meet a cache that knows its numbers.
FIRST_MENU_VERSION = sa.text("(extract(epoch from clock_timestamp()) * 1000)::bigint")

venues = sa.Table(
    "venues",
    metadata,
    key(),
    text("name"),
    text("currency"),
    number("currency_digits"),
    text("time_zone"),
    sa.Column("languages", ARRAY(sa.Text), nullable=False),
    flag("tax_included", "true"),
    text("tax_rounding", server_default="per_rate"),
    number("service_charge_bps", 0),
    text("policy", server_default="open"),
    number("max_quantity", 20),
    number("max_items", 100),
    minor("order_cap_minor", 100_000),
    number("max_unpaid_orders", 3),
    flag("paused"),
    moment("paused_until"),
    text("pause_message", server_default=""),
    number("business_day_close", 4),
    number("idle_close_minutes", 30),
    # Ends by itself when all is paid, when all is paid and it has been idle, or only by staff.
    text("session_closing", server_default="idle"),
    # The smallest coin: what is paid in cash is a multiple of it.
    number("cash_step_minor", 1),
    # As printed on receipts.
    text("address", server_default=""),
    text("tax_number", server_default=""),
    sa.Column("menu_version", sa.BigInteger, nullable=False, server_default=FIRST_MENU_VERSION),
    number("version", 1),
    made(),
    made("updated_at"),
    sa.CheckConstraint("business_day_close BETWEEN 0 AND 23", name="business_day_close"),
    sa.CheckConstraint("cash_step_minor >= 1", name="cash_step_minor"),
    sa.CheckConstraint("session_closing IN ('paid', 'idle', 'staff')", name="session_closing"),
    sa.CheckConstraint("service_charge_bps BETWEEN 0 AND 10000", name="service_charge_bps"),
)

dining_tables = sa.Table(
    "dining_tables",
    metadata,
    key(),
    venue(),
    text("name"),
    text("code", unique=True),
    number("sort_order", 0),
    moment("retired_at"),
    made(),
    sa.Index(None, "venue_id", "sort_order"),
    sa.Index("uq_dining_tables_name", "venue_id", "name", unique=True, postgresql_where=sa.text("retired_at IS NULL")),
)

retired_codes = sa.Table(
    "retired_codes",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("table_id", sa.Text, sa.ForeignKey("orders.dining_tables.id"), nullable=False),
    made("retired_at"),
)

table_sessions = sa.Table(
    "table_sessions",
    metadata,
    key(),
    same_venue(),
    sa.Column("table_id", sa.Text, sa.ForeignKey("orders.dining_tables.id"), nullable=False),
    text("status", server_default="open"),
    flag("confirmed"),
    optional("visit_code"),
    number("wrong_codes", 0),
    moment("wrong_code_at"),
    text("opened_by"),
    made("opened_at"),
    made("last_activity_at"),
    moment("closed_at"),
    optional("closed_by"),
    optional("close_reason"),
    sa.Index("uq_table_sessions_open", "table_id", unique=True, postgresql_where=sa.text("status = 'open'")),
    sa.Index(None, "venue_id", "id"),
)

session_guests = sa.Table(
    "session_guests",
    metadata,
    sa.Column("session_id", sa.Text, sa.ForeignKey("orders.table_sessions.id"), primary_key=True),
    sa.Column("guest_id", sa.Text, primary_key=True),
    optional("nickname"),
    made("joined_at"),
)


staff_calls = sa.Table(
    "staff_calls",
    metadata,
    key(),
    same_venue(),
    sa.Column("session_id", sa.Text, sa.ForeignKey("orders.table_sessions.id"), nullable=False),
    sa.Column("table_id", sa.Text, sa.ForeignKey("orders.dining_tables.id"), nullable=False),
    text("table_name"),
    optional("guest_id"),
    text("kind"),
    text("note", server_default=""),
    text("status", server_default="open"),
    made(),
    moment("acknowledged_at"),
    optional("acknowledged_by"),
    moment("resolved_at"),
    optional("resolved_by"),
    sa.Index(
        "uq_staff_calls_open", "session_id", "kind", unique=True, postgresql_where=sa.text("status <> 'resolved'")
    ),
    sa.Index(None, "venue_id", "id"),
)
