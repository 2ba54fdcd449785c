"""Payments with the history of their moves, and the messages of their providers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.payment.models.bills import bills
from ordering_platform.payment.models.columns import key_columns, metadata, minor, moment, one_of
from ordering_platform.payment.states import PAYMENT_MOVES

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("bill_id", sa.Text, sa.ForeignKey(bills.c.id), nullable=False),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    *key_columns(),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    minor("amount_minor"),
    minor("tip_minor"),
    # What the step of the currency adds to or takes off a charge, in cash for example; may be negative.
    minor("rounding_minor"),
    minor("authorized_minor"),
    minor("captured_minor"),
    minor("refunded_minor"),
    minor("refund_pending_minor"),
    # Of both: how much of the tip is given back or about to be.
    minor("tip_refunded_minor"),
    # Given back whole while its bill was open, so that others pay what it had paid.
    sa.Column("off_bill", sa.Boolean, nullable=False, server_default=sa.false()),
    # Only held when it is made; staff take it later, or let it go.
    sa.Column("capture_later", sa.Boolean, nullable=False, server_default=sa.false()),
    # How much of what is held staff have decided to take, once; 0 lets it go. NULL: not decided.
    sa.Column("to_capture_minor", sa.BigInteger),
    sa.Column("card", JSONB(none_as_null=True)),
    sa.Column("reference", sa.Text),
    sa.Column("next_action", JSONB(none_as_null=True)),
    sa.Column("confirmed_by", sa.Text),
    moment("created_at", default=True),
    moment("captured_at"),
    sa.CheckConstraint(one_of("status", PAYMENT_MOVES), name="status"),
    sa.CheckConstraint(
        "amount_minor >= 0 AND tip_minor >= 0 AND amount_minor + tip_minor + rounding_minor >= 0", name="not_negative"
    ),
    sa.CheckConstraint(
        "authorized_minor <= amount_minor + tip_minor + rounding_minor AND captured_minor <= authorized_minor"
        " AND refunded_minor + refund_pending_minor <= captured_minor"
        " AND refunded_minor >= 0 AND refund_pending_minor >= 0",
        name="counters",
    ),
    sa.CheckConstraint(
        "tip_refunded_minor >= 0 AND tip_refunded_minor <= tip_minor"
        " AND tip_refunded_minor <= refunded_minor + refund_pending_minor",
        name="tip_refunded",
    ),
    sa.CheckConstraint("(status = 'captured') = (captured_at IS NOT NULL)", name="captured_at"),
    sa.UniqueConstraint("caller_id", "route", "key"),
    sa.Index("ix_payments_bill_id", "bill_id"),
)
sa.Index("ix_payments_key_age", payments.c.created_at, postgresql_where=sa.text("key IS NOT NULL"))

# Append-only: the role of the service may not change or delete these.
payment_events = sa.Table(
    "payment_events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("payment_id", sa.Text, sa.ForeignKey(payments.c.id), nullable=False),
    sa.Column("from_status", sa.Text, nullable=False),
    sa.Column("to_status", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False),
    moment("at", default=True),
    sa.Index("ix_payment_events_payment_id", "payment_id"),
)

webhook_inbox = sa.Table(
    "webhook_inbox",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text),
    sa.Column("refund_id", sa.Text),
    moment("received_at", default=True),
    moment("done_at"),
    moment("next_try_at"),
)
sa.Index(
    "ix_webhook_inbox_next_try_at", webhook_inbox.c.next_try_at, postgresql_where=sa.text("next_try_at IS NOT NULL")
)
