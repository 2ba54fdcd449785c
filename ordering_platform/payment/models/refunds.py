"""Refunds: money on its way back, and how much of each line has gone back already."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.payment.models.bills import bills
from ordering_platform.payment.models.columns import key_columns, lease_columns, metadata, minor, moment, one_of
from ordering_platform.payment.models.payments import payments
from ordering_platform.payment.states import REFUND_MOVES

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("payment_id", sa.Text, sa.ForeignKey(payments.c.id), nullable=False),
    sa.Column("bill_id", sa.Text, sa.ForeignKey(bills.c.id), nullable=False),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    *key_columns(),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    # ``amount_minor`` is what goes back in all; ``tip_minor`` is the part of it that was tip.
    minor("amount_minor"),
    minor("tip_minor"),
    sa.Column("reason", sa.Text, nullable=False),
    # [{"line_id", "quantity", "amount_minor"}], empty where an amount was given back without naming dishes.
    sa.Column("lines", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("reference", sa.Text),
    *lease_columns(),
    moment("created_at", default=True),
    moment("settled_at"),
    sa.CheckConstraint(one_of("status", REFUND_MOVES), name="status"),
    sa.CheckConstraint(
        "amount_minor > 0 AND tip_minor >= 0 AND tip_minor <= amount_minor", name="gives_something_back"
    ),
    sa.UniqueConstraint("caller_id", "route", "key"),
    sa.Index("ix_refunds_payment_id", "payment_id"),
    sa.Index("ix_refunds_bill_id", "bill_id"),
)
# The sweeper's list.
sa.Index("ix_refunds_next_run_at", refunds.c.next_run_at, postgresql_where=sa.text("next_run_at IS NOT NULL"))
sa.Index("ix_refunds_key_age", refunds.c.created_at, postgresql_where=sa.text("key IS NOT NULL"))
# A day's report looks for what was given back on that day.
sa.Index(
    "ix_refunds_settled_at",
    refunds.c.venue_id,
    refunds.c.settled_at,
    postgresql_where=sa.text("settled_at IS NOT NULL"),
)

# ``allowed_minor`` is what the guest has paid for the line, so the database itself refuses a cent too much.
refunded_lines = sa.Table(
    "refunded_lines",
    metadata,
    sa.Column("bill_id", sa.Text, sa.ForeignKey(bills.c.id), primary_key=True),
    sa.Column("line_id", sa.Text, primary_key=True),
    minor("refunded_minor"),
    minor("allowed_minor"),
    # The same in portions; an amount that was named without portions leaves them as they are.
    sa.Column("refunded_quantity", sa.Integer, nullable=False, server_default="0"),
    sa.Column("allowed_quantity", sa.Integer, nullable=False, server_default="0"),
    sa.CheckConstraint("refunded_minor >= 0 AND refunded_minor <= allowed_minor", name="within_what_was_paid"),
    sa.CheckConstraint(
        "refunded_quantity >= 0 AND refunded_quantity <= allowed_quantity", name="within_what_was_served"
    ),
)
