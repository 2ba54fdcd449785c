"""Bills, payments with their history, discounts, the inbox of webhooks and the sandbox's ledger.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = "payments"
MOMENT = sa.DateTime(timezone=True)
BILL_STATUSES = "'created', 'locked', 'priced', 'paying', 'captured', 'compensating', 'completed', 'failed'"
PAYMENT_STATUSES = "'created', 'processing', 'requires_action', 'unknown', 'authorized', 'captured', 'failed'"


def upgrade() -> None:
    op.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
    _create_bills()
    _create_payments()
    _create_inbox()
    _create_sandbox()


def _amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _made(name: str = "created_at") -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=False, server_default=sa.func.now())


def _key() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("failure", JSONB),
    )


def _create_bills() -> None:
    op.create_table(
        "bills",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("table_id", sa.Text),
        sa.Column("guest_id", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("order_ids", JSONB, nullable=False),
        sa.Column("request", JSONB, nullable=False),
        *_key(),
        sa.Column("currency", sa.CHAR(3)),
        sa.Column("digits", sa.SmallInteger),
        sa.Column("quote", JSONB),
        sa.Column("quote_hash", sa.Text),
        _amount("total_minor"),
        _amount("paid_minor"),
        _amount("pending_minor"),
        sa.Column("promotions", sa.Text, nullable=False, server_default="none"),
        sa.Column("rehearsal", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("lease_owner", sa.Text),
        sa.Column("next_run_at", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        _made(),
        sa.Column("completed_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_bills"),
        sa.CheckConstraint(f"status IN ({BILL_STATUSES})", name="ck_bills_status"),
        sa.CheckConstraint("promotions IN ('none', 'reserved', 'skipped')", name="ck_bills_promotions"),
        sa.CheckConstraint("paid_minor >= 0 AND pending_minor >= 0", name="ck_bills_not_negative"),
        sa.CheckConstraint("paid_minor + pending_minor <= total_minor", name="ck_bills_not_overpaid"),
        sa.UniqueConstraint("caller_id", "route", "key", name="uq_bills_caller_id_route_key"),
        schema=SCHEMA,
    )
    op.create_index("ix_bills_session_id", "bills", ["session_id"], schema=SCHEMA)
    op.create_index("ix_bills_venue_id_id", "bills", ["venue_id", "id"], schema=SCHEMA)
    op.create_index(
        "ix_bills_next_run_at",
        "bills",
        ["next_run_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("next_run_at IS NOT NULL"),
    )
    op.create_index(
        "ix_bills_open",
        "bills",
        ["venue_id", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    op.create_index(
        "ix_bills_key_age", "bills", ["created_at"], schema=SCHEMA, postgresql_where=sa.text("key IS NOT NULL")
    )
    op.create_table(
        "bill_discounts",
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("shares", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("bill_id", "promotion_id", name="pk_bill_discounts"),
        sa.ForeignKeyConstraint(["bill_id"], [f"{SCHEMA}.bills.id"], name="fk_bill_discounts_bill_id"),
        sa.CheckConstraint("amount_minor > 0", name="ck_bill_discounts_takes_something_off"),
        schema=SCHEMA,
    )


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        *_key(),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        _amount("amount_minor"),
        _amount("tip_minor"),
        _amount("authorized_minor"),
        _amount("captured_minor"),
        _amount("refunded_minor"),
        _amount("refund_pending_minor"),
        sa.Column("card", JSONB),
        sa.Column("reference", sa.Text),
        sa.Column("next_action", JSONB),
        sa.Column("confirmed_by", sa.Text),
        _made(),
        sa.Column("captured_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
        sa.ForeignKeyConstraint(["bill_id"], [f"{SCHEMA}.bills.id"], name="fk_payments_bill_id"),
        sa.CheckConstraint(f"status IN ({PAYMENT_STATUSES})", name="ck_payments_status"),
        sa.CheckConstraint("amount_minor >= 0 AND tip_minor >= 0", name="ck_payments_not_negative"),
        sa.CheckConstraint(
            "authorized_minor <= amount_minor + tip_minor AND captured_minor <= authorized_minor"
            " AND refunded_minor + refund_pending_minor <= captured_minor"
            " AND refunded_minor >= 0 AND refund_pending_minor >= 0",
            name="ck_payments_counters",
        ),
        sa.CheckConstraint("(status = 'captured') = (captured_at IS NOT NULL)", name="ck_payments_captured_at"),
        sa.UniqueConstraint("caller_id", "route", "key", name="uq_payments_caller_id_route_key"),
        schema=SCHEMA,
    )
    op.create_index("ix_payments_bill_id", "payments", ["bill_id"], schema=SCHEMA)
    op.create_index(
        "ix_payments_key_age", "payments", ["created_at"], schema=SCHEMA, postgresql_where=sa.text("key IS NOT NULL")
    )
    op.create_table(
        "payment_events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("from_status", sa.Text, nullable=False),
        sa.Column("to_status", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        _made("at"),
        sa.PrimaryKeyConstraint("id", name="pk_payment_events"),
        sa.ForeignKeyConstraint(["payment_id"], [f"{SCHEMA}.payments.id"], name="fk_payment_events_payment_id"),
        schema=SCHEMA,
    )
    op.create_index("ix_payment_events_payment_id", "payment_events", ["payment_id"], schema=SCHEMA)


def _create_inbox() -> None:
    op.create_table(
        "webhook_inbox",
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text),
        _made("received_at"),
        sa.Column("done_at", MOMENT),
        sa.Column("next_try_at", MOMENT),
        sa.PrimaryKeyConstraint("provider", "event_id", name="pk_webhook_inbox"),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_webhook_inbox_next_try_at",
        "webhook_inbox",
        ["next_try_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )


def _create_sandbox() -> None:
    op.create_table(
        "sandbox_charges",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("card", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        sa.Column("asked", sa.Integer, nullable=False, server_default="1"),
        sa.Column("settles_at", MOMENT),
        _made(),
        sa.PrimaryKeyConstraint("id", name="pk_sandbox_charges"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    for table in ("sandbox_charges", "webhook_inbox", "payment_events", "payments", "bill_discounts", "bills"):
        op.drop_table(table, schema=SCHEMA)
    op.execute(sa.schema.DropSchema(SCHEMA))
