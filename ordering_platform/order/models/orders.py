"""Orders with their items, what happened to them, and the bills that hold them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ordering_platform.order.models.columns import (
    flag,
    json,
    key,
    made,
    metadata,
    minor,
    moment,
    number,
    optional,
    same_venue,
    text,
    texts,
)
from ordering_platform.runtime.idempotency import key_table

orders = sa.Table(
    "orders",
    metadata,
    key(),
    same_venue(),
    sa.Column("session_id", sa.Text, sa.ForeignKey("orders.table_sessions.id"), nullable=False),
    text("table_id"),
    text("table_name"),
    optional("guest_id"),
    optional("guest_name"),
    text("created_by"),
    optional("number"),
    sa.Column("business_day", sa.Date),
    text("status", server_default="open"),
    text("payment_status", server_default="unpaid"),
    flag("needs_approval"),
    flag("rehearsal"),
    text("note", server_default=""),
    text("currency"),
    number("currency_digits"),
    minor("total_minor", 0),
    number("item_count", 0),
    number("next_position", 0),
    optional("locked_by_bill"),
    number("version", 1),
    made(),
    moment("placed_at"),
    made("updated_at"),
    sa.CheckConstraint("total_minor >= 0", name="total_minor"),
    sa.CheckConstraint("(status IN ('open', 'cancelled')) OR number IS NOT NULL", name="number"),
    sa.UniqueConstraint("venue_id", "business_day", "number"),
    sa.Index(None, "session_id", "id"),
    sa.Index(None, "venue_id", "id"),
    sa.Index(
        "ix_orders_live",
        "venue_id",
        "id",
        postgresql_where=sa.text("status IN ('placed', 'accepted', 'preparing', 'ready', 'served')"),
    ),
    sa.Index(
        "ix_orders_unsettled",
        "venue_id",
        "id",
        postgresql_where=sa.text("placed_at IS NOT NULL AND payment_status IN ('unpaid', 'pending', 'partially_paid')"),
    ),
    sa.Index("ix_orders_placed", "venue_id", "placed_at", postgresql_where=sa.text("placed_at IS NOT NULL")),
    sa.Index(
        "ix_orders_paid_by_guest",
        "guest_id",
        postgresql_where=sa.text("guest_id IS NOT NULL AND payment_status <> 'unpaid'"),
    ),
    sa.Index("ix_orders_locked_by_bill", "locked_by_bill", postgresql_where=sa.text("locked_by_bill IS NOT NULL")),
)

order_items = sa.Table(
    "order_items",
    metadata,
    key(),
    same_venue(),
    sa.Column("order_id", sa.Text, sa.ForeignKey("orders.orders.id"), nullable=False),
    number("position"),
    text("menu_item_id"),
    text("category_id"),
    text("name"),
    number("quantity"),
    minor("unit_minor"),
    json("options", "[]"),
    number("tax_ppm"),
    texts("tags"),
    text("station"),
    flag("discountable", "true"),
    text("note", server_default=""),
    sa.CheckConstraint("quantity BETWEEN 1 AND 1000", name="quantity"),
    sa.CheckConstraint("unit_minor >= 0", name="unit_minor"),
    sa.Index(None, "order_id", "position"),
)

order_events = sa.Table(
    "order_events",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
    same_venue(),
    optional("session_id"),
    optional("order_id"),
    optional("subject_id"),
    text("kind"),
    text("actor_kind"),
    text("actor_id"),
    optional("from_status"),
    optional("to_status"),
    flag("private"),
    flag("rehearsal"),
    json("details"),
    made("at"),
    sa.Index(None, "venue_id", "id"),
    sa.Index(None, "session_id", "id"),
    sa.Index(None, "order_id", "id"),
    sa.Index("ix_order_events_everybody", "venue_id", "id", postgresql_where=sa.text("session_id IS NULL")),
)

order_numbers = sa.Table(
    "order_numbers",
    metadata,
    sa.Column("venue_id", sa.Text, primary_key=True),
    sa.Column("business_day", sa.Date, primary_key=True),
    sa.Column("rehearsal", sa.Boolean, primary_key=True),
    number("last"),
)

bill_locks = sa.Table(
    "bill_locks",
    metadata,
    sa.Column("bill_id", sa.Text, primary_key=True),
    text("status"),
    sa.Column("answer", JSONB),
    sa.Column("payment_ids", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
    # Which news of its refunds was the last; what comes later with a lower number is old.
    sa.Column("refund_step", sa.Integer, nullable=False, server_default="0"),
    made(),
    made("updated_at"),
)

idempotency_keys = key_table(metadata)
