"""The order service: venues, tables, menu, orders and the trail of what happened to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The lock makes ids grow in the order of commits, so that whoever has read up to an id has missed nothing.
ANNOUNCE = """
CREATE FUNCTION orders.announce_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('orders.order_events'), hashtext(NEW.venue_id));
    NEW.id := nextval('orders.order_events_id_seq');
    NEW.at := clock_timestamp();
    PERFORM pg_notify('order_events', to_jsonb(NEW)::text);
    RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER announce_event BEFORE INSERT ON orders.order_events
FOR EACH ROW EXECUTE FUNCTION orders.announce_event()
"""


def upgrade() -> None:
    op.execute(sa.schema.CreateSchema("orders", if_not_exists=True))
    op.create_table(
        "bill_locks",
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("answer", JSONB, nullable=True),
        sa.Column("payment_ids", ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("bill_id", name=op.f("pk_bill_locks")),
        schema="orders",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=True),
        sa.Column("body", sa.LargeBinary, nullable=True),
        sa.Column("headers", JSONB, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("caller_id", "route", "key", name=op.f("pk_idempotency_keys")),
        schema="orders",
    )
    op.create_table(
        "order_events",
        sa.Column("id", sa.BigInteger, autoincrement=True, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=True),
        sa.Column("order_id", sa.Text, nullable=True),
        sa.Column("subject_id", sa.Text, nullable=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("from_status", sa.Text, nullable=True),
        sa.Column("to_status", sa.Text, nullable=True),
        sa.Column("private", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("rehearsal", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("details", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
        schema="orders",
    )
    op.create_index(
        "ix_order_events_everybody",
        "order_events",
        ["venue_id", "id"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("session_id IS NULL"),
    )
    op.create_index(
        op.f("ix_orders_order_events_order_id_orders_order_events_id"),
        "order_events",
        ["order_id", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_order_events_session_id_orders_order_events_id"),
        "order_events",
        ["session_id", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_order_events_venue_id_orders_order_events_id"),
        "order_events",
        ["venue_id", "id"],
        unique=False,
        schema="orders",
    )
    op.create_table(
        "order_numbers",
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("business_day", sa.Date, nullable=False),
        sa.Column("rehearsal", sa.Boolean, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("venue_id", "business_day", "rehearsal", name=op.f("pk_order_numbers")),
        schema="orders",
    )
    op.create_table(
        "venues",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("currency_digits", sa.Integer, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("languages", ARRAY(sa.Text), nullable=False),
        sa.Column("tax_included", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("tax_rounding", sa.Text, server_default="per_rate", nullable=False),
        sa.Column("service_charge_bps", sa.Integer, server_default="0", nullable=False),
        sa.Column("policy", sa.Text, server_default="open", nullable=False),
        sa.Column("max_quantity", sa.Integer, server_default="20", nullable=False),
        sa.Column("max_items", sa.Integer, server_default="100", nullable=False),
        sa.Column("order_cap_minor", sa.BigInteger, server_default="100000", nullable=False),
        sa.Column("max_unpaid_orders", sa.Integer, server_default="3", nullable=False),
        sa.Column("paused", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_message", sa.Text, server_default="", nullable=False),
        sa.Column("business_day_close", sa.Integer, server_default="4", nullable=False),
        sa.Column("idle_close_minutes", sa.Integer, server_default="30", nullable=False),
        sa.Column(
            "menu_version",
            sa.BigInteger,
            server_default=sa.text("(extract(epoch from clock_timestamp()) * 1000)::bigint"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("business_day_close BETWEEN 0 AND 23", name=op.f("ck_venues_business_day_close")),
        sa.CheckConstraint("service_charge_bps BETWEEN 0 AND 10000", name=op.f("ck_venues_service_charge_bps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_venues")),
        schema="orders",
    )
    op.create_table(
        "dining_tables",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("sort_order", sa.Integer, server_default="0", nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["orders.venues.id"], name=op.f("fk_dining_tables_venue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dining_tables")),
        sa.UniqueConstraint("code", name=op.f("uq_dining_tables_code")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_dining_tables_venue_id_orders_dining_tables_sort_order"),
        "dining_tables",
        ["venue_id", "sort_order"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "uq_dining_tables_name",
        "dining_tables",
        ["venue_id", "name"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "menu_categories",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("name", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("sort_order", sa.Integer, server_default="0", nullable=False),
        sa.Column("hours", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.ForeignKeyConstraint(["venue_id"], ["orders.venues.id"], name=op.f("fk_menu_categories_venue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_categories")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_menu_categories_venue_id"), "menu_categories", ["venue_id"], unique=False, schema="orders"
    )
    op.create_table(
        "option_groups",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("name", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("min", sa.Integer, server_default="0", nullable=False),
        sa.Column("max", sa.Integer, server_default="1", nullable=False),
        sa.CheckConstraint("0 <= min AND min <= max AND max >= 1", name=op.f("ck_option_groups_bounds")),
        sa.ForeignKeyConstraint(["venue_id"], ["orders.venues.id"], name=op.f("fk_option_groups_venue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_option_groups")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_option_groups_venue_id"), "option_groups", ["venue_id"], unique=False, schema="orders"
    )
    op.create_table(
        "menu_items",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("category_id", sa.Text, nullable=False),
        sa.Column("name", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("description", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("tax_ppm", sa.Integer, server_default="0", nullable=False),
        sa.Column("tags", ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("allergens", ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("option_group_ids", ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("image_url", sa.Text, nullable=True),
        sa.Column("station", sa.Text, server_default="kitchen", nullable=False),
        sa.Column("discountable", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("hours", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("sold_out", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("sold_out_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sort_order", sa.Integer, server_default="0", nullable=False),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_menu_items_price_minor")),
        sa.CheckConstraint("tax_ppm BETWEEN 0 AND 1000000", name=op.f("ck_menu_items_tax_ppm")),
        sa.ForeignKeyConstraint(["category_id"], ["orders.menu_categories.id"], name=op.f("fk_menu_items_category_id")),
        sa.ForeignKeyConstraint(["venue_id"], ["orders.venues.id"], name=op.f("fk_menu_items_venue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_items")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_menu_items_category_id"), "menu_items", ["category_id"], unique=False, schema="orders"
    )
    op.create_index(op.f("ix_orders_menu_items_venue_id"), "menu_items", ["venue_id"], unique=False, schema="orders")
    op.create_table(
        "menu_options",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("name", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("price_minor", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("is_default", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("sold_out", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("sold_out_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sort_order", sa.Integer, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["orders.option_groups.id"], name=op.f("fk_menu_options_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_options")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_menu_options_group_id"), "menu_options", ["group_id"], unique=False, schema="orders"
    )
    op.create_index(
        op.f("ix_orders_menu_options_venue_id"), "menu_options", ["venue_id"], unique=False, schema="orders"
    )
    op.create_table(
        "retired_codes",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("table_id", sa.Text, nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["table_id"], ["orders.dining_tables.id"], name=op.f("fk_retired_codes_table_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_retired_codes")),
        schema="orders",
    )
    op.create_table(
        "table_sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("table_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, server_default="open", nullable=False),
        sa.Column("confirmed", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("visit_code", sa.Text, nullable=True),
        sa.Column("wrong_codes", sa.Integer, server_default="0", nullable=False),
        sa.Column("wrong_code_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Text, nullable=True),
        sa.Column("close_reason", sa.Text, nullable=True),
        sa.ForeignKeyConstraint(["table_id"], ["orders.dining_tables.id"], name=op.f("fk_table_sessions_table_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_sessions")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_table_sessions_venue_id_orders_table_sessions_id"),
        "table_sessions",
        ["venue_id", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "uq_table_sessions_open",
        "table_sessions",
        ["table_id"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("table_id", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("guest_id", sa.Text, nullable=True),
        sa.Column("guest_name", sa.Text, nullable=True),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=True),
        sa.Column("business_day", sa.Date, nullable=True),
        sa.Column("status", sa.Text, server_default="open", nullable=False),
        sa.Column("payment_status", sa.Text, server_default="unpaid", nullable=False),
        sa.Column("needs_approval", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("rehearsal", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("currency_digits", sa.Integer, nullable=False),
        sa.Column("total_minor", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("item_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("next_position", sa.Integer, server_default="0", nullable=False),
        sa.Column("locked_by_bill", sa.Text, nullable=True),
        sa.Column("version", sa.Integer, server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(status IN ('open', 'cancelled')) OR number IS NOT NULL", name=op.f("ck_orders_number")),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_orders_total_minor")),
        sa.ForeignKeyConstraint(["session_id"], ["orders.table_sessions.id"], name=op.f("fk_orders_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("venue_id", "business_day", "number", name=op.f("uq_orders_venue_id_business_day_number")),
        schema="orders",
    )
    op.create_index(
        "ix_orders_live",
        "orders",
        ["venue_id", "id"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("status IN ('placed', 'accepted', 'preparing', 'ready', 'served')"),
    )
    op.create_index(
        "ix_orders_locked_by_bill",
        "orders",
        ["locked_by_bill"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("locked_by_bill IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_orders_orders_session_id_orders_orders_id"),
        "orders",
        ["session_id", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_orders_venue_id_orders_orders_id"), "orders", ["venue_id", "id"], unique=False, schema="orders"
    )
    op.create_index(
        "ix_orders_placed",
        "orders",
        ["venue_id", "placed_at"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("placed_at IS NOT NULL"),
    )
    op.create_index(
        "ix_orders_unsettled",
        "orders",
        ["venue_id", "id"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("placed_at IS NOT NULL AND payment_status IN ('unpaid', 'pending', 'partially_paid')"),
    )
    op.create_table(
        "session_guests",
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("guest_id", sa.Text, nullable=False),
        sa.Column("nickname", sa.Text, nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["orders.table_sessions.id"], name=op.f("fk_session_guests_session_id")
        ),
        sa.PrimaryKeyConstraint("session_id", "guest_id", name=op.f("pk_session_guests")),
        schema="orders",
    )
    op.create_table(
        "staff_calls",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("table_id", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("guest_id", sa.Text, nullable=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("status", sa.Text, server_default="open", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Text, nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text, nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["orders.table_sessions.id"], name=op.f("fk_staff_calls_session_id")),
        sa.ForeignKeyConstraint(["table_id"], ["orders.dining_tables.id"], name=op.f("fk_staff_calls_table_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_calls")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_staff_calls_venue_id_orders_staff_calls_id"),
        "staff_calls",
        ["venue_id", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "uq_staff_calls_open",
        "staff_calls",
        ["session_id", "kind"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.create_table(
        "order_items",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("menu_item_id", sa.Text, nullable=False),
        sa.Column("category_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_minor", sa.BigInteger, nullable=False),
        sa.Column("options", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("tax_ppm", sa.Integer, nullable=False),
        sa.Column("tags", ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("station", sa.Text, nullable=False),
        sa.Column("discountable", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 1000", name=op.f("ck_order_items_quantity")),
        sa.CheckConstraint("unit_minor >= 0", name=op.f("ck_order_items_unit_minor")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.orders.id"], name=op.f("fk_order_items_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_items")),
        schema="orders",
    )
    op.create_index(
        op.f("ix_orders_order_items_order_id_orders_order_items_position"),
        "order_items",
        ["order_id", "position"],
        unique=False,
        schema="orders",
    )
    op.execute(ANNOUNCE)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER announce_event ON orders.order_events")
    op.execute("DROP FUNCTION orders.announce_event")
    op.drop_index(
        op.f("ix_orders_order_items_order_id_orders_order_items_position"), table_name="order_items", schema="orders"
    )
    op.drop_table("order_items", schema="orders")
    op.drop_index(
        "uq_staff_calls_open",
        table_name="staff_calls",
        schema="orders",
        postgresql_where=sa.text("status <> 'resolved'"),
    )
    op.drop_index(
        op.f("ix_orders_staff_calls_venue_id_orders_staff_calls_id"), table_name="staff_calls", schema="orders"
    )
    op.drop_table("staff_calls", schema="orders")
    op.drop_table("session_guests", schema="orders")
    op.drop_index(
        "ix_orders_unsettled",
        table_name="orders",
        schema="orders",
        postgresql_where=sa.text("placed_at IS NOT NULL AND payment_status IN ('unpaid', 'pending', 'partially_paid')"),
    )
    op.drop_index(
        "ix_orders_placed", table_name="orders", schema="orders", postgresql_where=sa.text("placed_at IS NOT NULL")
    )
    op.drop_index(op.f("ix_orders_orders_venue_id_orders_orders_id"), table_name="orders", schema="orders")
    op.drop_index(op.f("ix_orders_orders_session_id_orders_orders_id"), table_name="orders", schema="orders")
    op.drop_index(
        "ix_orders_locked_by_bill",
        table_name="orders",
        schema="orders",
        postgresql_where=sa.text("locked_by_bill IS NOT NULL"),
    )
    op.drop_index(
        "ix_orders_live",
        table_name="orders",
        schema="orders",
        postgresql_where=sa.text("status IN ('placed', 'accepted', 'preparing', 'ready', 'served')"),
    )
    op.drop_table("orders", schema="orders")
    op.drop_index(
        "uq_table_sessions_open",
        table_name="table_sessions",
        schema="orders",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_index(
        op.f("ix_orders_table_sessions_venue_id_orders_table_sessions_id"), table_name="table_sessions", schema="orders"
    )
    op.drop_table("table_sessions", schema="orders")
    op.drop_table("retired_codes", schema="orders")
    op.drop_index(op.f("ix_orders_menu_options_venue_id"), table_name="menu_options", schema="orders")
    op.drop_index(op.f("ix_orders_menu_options_group_id"), table_name="menu_options", schema="orders")
    op.drop_table("menu_options", schema="orders")
    op.drop_index(op.f("ix_orders_menu_items_venue_id"), table_name="menu_items", schema="orders")
    op.drop_index(op.f("ix_orders_menu_items_category_id"), table_name="menu_items", schema="orders")
    op.drop_table("menu_items", schema="orders")
    op.drop_index(op.f("ix_orders_option_groups_venue_id"), table_name="option_groups", schema="orders")
    op.drop_table("option_groups", schema="orders")
    op.drop_index(op.f("ix_orders_menu_categories_venue_id"), table_name="menu_categories", schema="orders")
    op.drop_table("menu_categories", schema="orders")
    op.drop_index(
        "uq_dining_tables_name",
        table_name="dining_tables",
        schema="orders",
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.drop_index(
        op.f("ix_orders_dining_tables_venue_id_orders_dining_tables_sort_order"),
        table_name="dining_tables",
        schema="orders",
    )
    op.drop_table("dining_tables", schema="orders")
    op.drop_table("venues", schema="orders")
    op.drop_table("order_numbers", schema="orders")
    op.drop_index(
        op.f("ix_orders_order_events_venue_id_orders_order_events_id"), table_name="order_events", schema="orders"
    )
    op.drop_index(
        op.f("ix_orders_order_events_session_id_orders_order_events_id"), table_name="order_events", schema="orders"
    )
    op.drop_index(
        op.f("ix_orders_order_events_order_id_orders_order_events_id"), table_name="order_events", schema="orders"
    )
    op.drop_index(
        "ix_order_events_everybody",
        table_name="order_events",
        schema="orders",
        postgresql_where=sa.text("session_id IS NULL"),
    )
    op.drop_table("order_events", schema="orders")
    op.drop_table("idempotency_keys", schema="orders")
    op.drop_table("bill_locks", schema="orders")
    op.execute(sa.schema.DropSchema("orders"))
