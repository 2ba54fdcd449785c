"""What a venue prints on its receipts, how it rounds cash, when a session ends by itself, who has paid before.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHEMA = "orders"


def upgrade() -> None:
    for column in (
        sa.Column("address", sa.Text, nullable=False, server_default=""),
        sa.Column("tax_number", sa.Text, nullable=False, server_default=""),
        sa.Column("cash_step_minor", sa.Integer, nullable=False, server_default="1"),
        sa.Column("session_closing", sa.Text, nullable=False, server_default="idle"),
    ):
        op.add_column("venues", column, schema=SCHEMA)
    refund_step = sa.Column("refund_step", sa.Integer, nullable=False, server_default="0")
    op.add_column("bill_locks", refund_step, schema=SCHEMA)
    op.create_check_constraint(op.f("ck_venues_cash_step_minor"), "venues", "cash_step_minor >= 1", schema=SCHEMA)
    op.create_check_constraint(
        op.f("ck_venues_session_closing"), "venues", "session_closing IN ('paid', 'idle', 'staff')", schema=SCHEMA
    )
    op.create_index(
        "ix_orders_paid_by_guest",
        "orders",
        ["guest_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("guest_id IS NOT NULL AND payment_status <> 'unpaid'"),
    )


def downgrade() -> None:
    op.drop_index("ix_orders_paid_by_guest", table_name="orders", schema=SCHEMA)
    op.drop_column("bill_locks", "refund_step", schema=SCHEMA)
    for name in ("cash_step_minor", "session_closing"):
        op.drop_constraint(op.f(f"ck_venues_{name}"), "venues", schema=SCHEMA)
    for name in ("session_closing", "cash_step_minor", "tax_number", "address"):
        op.drop_column("venues", name, schema=SCHEMA)
