"""Receipts with their number series: one for each completed bill, one for each refund, one for each that came back."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.payment.models.bills import bills
from ordering_platform.payment.models.columns import metadata, moment, one_of
from ordering_platform.payment.states import RECEIPT_KINDS

# One row for each venue and business day. A number is taken in the transaction that writes its receipt: no gaps.
receipt_series = sa.Table(
    "receipt_series",
    metadata,
    sa.Column("venue_id", sa.Text, primary_key=True),
    sa.Column("business_date", sa.Date, primary_key=True),
    sa.Column("last_number", sa.Integer, nullable=False),
)

# What was printed once is kept as it was printed: the database refuses to change or delete a row.
receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("business_date", sa.Date, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("bill_id", sa.Text, sa.ForeignKey(bills.c.id), nullable=False),
    # A reversal takes a credit back, because the guest's bank has sent the money back to us.
    sa.Column("kind", sa.Text, nullable=False),
    # Empty on the receipt of the bill itself.
    sa.Column("refund_id", sa.Text),
    sa.Column("document", JSONB, nullable=False),
    moment("issued_at", default=True),
    sa.UniqueConstraint("venue_id", "business_date", "number"),
    sa.CheckConstraint(one_of("kind", RECEIPT_KINDS), name="kind"),
    sa.CheckConstraint("(kind = 'sale') = (refund_id IS NULL)", name="refund_id"),
    sa.UniqueConstraint("refund_id", "kind"),
    sa.Index("uq_receipts_bill_id", "bill_id", unique=True, postgresql_where=sa.text("refund_id IS NULL")),
    sa.Index("ix_receipts_credits", "bill_id", postgresql_where=sa.text("refund_id IS NOT NULL")),
)

# What was paid or given back and has no receipt yet: a bill or a refund. The row goes in with the last move of its
# subject and out with the receipt, so the sweeper finds its work without looking through years of bills.
receipts_due = sa.Table(
    "receipts_due",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
)
