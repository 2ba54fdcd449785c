"""Bills with what promotions took off them and with the parts that guests have taken on."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.payment.models.columns import key_columns, lease_columns, metadata, minor, moment, one_of
from ordering_platform.payment.states import BILL_MOVES

bills = sa.Table(
    "bills",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("table_id", sa.Text),
    sa.Column("table_name", sa.Text),
    sa.Column("guest_id", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("order_ids", JSONB, nullable=False),
    sa.Column("request", JSONB, nullable=False),
    *key_columns(),
    sa.Column("currency", sa.CHAR(3)),
    sa.Column("digits", sa.SmallInteger),
    sa.Column("quote", JSONB(none_as_null=True)),
    sa.Column("quote_hash", sa.Text),
    minor("total_minor"),
    minor("paid_minor"),
    minor("pending_minor"),
    # How much of ``paid_minor`` order-service has been told of while more was still to be paid.
    minor("told_minor"),
    sa.Column("promotions", sa.Text, nullable=False, server_default="none"),
    sa.Column("rehearsal", sa.Boolean, nullable=False, server_default=sa.false()),
    # The venue as it was on this evening: name, address, tax number, time zone, close of the business day.
    sa.Column("venue", JSONB(none_as_null=True)),
    # How several people share it: {"kind": "equal", "parts": 3} or {"kind": "lines"}, once the first has paid so.
    sa.Column("split", JSONB(none_as_null=True)),
    # The unguessable half of the receipt's link.
    sa.Column("receipt_secret", sa.Text),
    *lease_columns(),
    moment("created_at", default=True),
    moment("completed_at"),
    sa.CheckConstraint(one_of("status", BILL_MOVES), name="status"),
    sa.CheckConstraint(one_of("promotions", ("none", "reserved", "skipped")), name="promotions"),
    sa.CheckConstraint("paid_minor >= 0 AND pending_minor >= 0", name="not_negative"),
    sa.CheckConstraint("paid_minor + pending_minor <= total_minor", name="not_overpaid"),
    sa.UniqueConstraint("caller_id", "route", "key"),
    sa.Index("ix_bills_session_id", "session_id"),
    sa.Index("ix_bills_venue_id_id", "venue_id", "id"),
)
# The sweeper's list: what is leased or waits for its next run. Only next_run_at, so that moves stay in place (HOT).
sa.Index(
    "ix_bills_next_run_at",
    bills.c.next_run_at,
    postgresql_where=sa.text("next_run_at IS NOT NULL"),
)
# What staff look for among years of bills. Not by status, for the same reason.
sa.Index("ix_bills_open", bills.c.venue_id, bills.c.id, postgresql_where=sa.text("completed_at IS NULL"))
sa.Index("ix_bills_key_age", bills.c.created_at, postgresql_where=sa.text("key IS NOT NULL"))

bill_discounts = sa.Table(
    "bill_discounts",
    metadata,
    sa.Column("bill_id", sa.Text, sa.ForeignKey(bills.c.id), primary_key=True),
    sa.Column("promotion_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("shares", JSONB, nullable=False),
    sa.CheckConstraint("amount_minor > 0", name="takes_something_off"),
)

# What of a bill somebody has taken on: a part of equal parts ("2/3"), a line or a part of one ("lin_…:1/2").
# A payment that fails gives its parts back, so two can never hold the same one.
bill_shares = sa.Table(
    "bill_shares",
    metadata,
    sa.Column("bill_id", sa.Text, sa.ForeignKey(bills.c.id), primary_key=True),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("payment_id", sa.Text, nullable=False),
    minor("amount_minor"),
    sa.CheckConstraint("amount_minor >= 0", name="not_negative"),
    sa.Index("ix_bill_shares_payment_id", "payment_id"),
)
