"""The tables of payment-service: bills, payments with their history, discounts, webhooks, the sandbox's ledger."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.payment.states import BILL_MOVES, PAYMENT_MOVES
from ordering_platform.runtime.database import NAMING

metadata = sa.MetaData(schema="payments", naming_convention=NAMING)


def _moment(name: str, *, default: bool = False) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=not default,
        server_default=sa.func.now() if default else None,
    )


def _amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _one_of(column: str, values: object) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"  # type: ignore[attr-defined]  # any iterable of texts


def _key_columns() -> tuple[sa.Column[object], ...]:
    """Describe who asked for this row under which Idempotency-Key, and what was answered."""
    return (
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        # Emptied after a day, and where the answer was not one to keep.
        sa.Column("key", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("failure", JSONB(none_as_null=True)),
    )


bills = sa.Table(
    "bills",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("table_id", sa.Text),
    sa.Column("guest_id", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("order_ids", JSONB, nullable=False),
    sa.Column("request", JSONB, nullable=False),
    *_key_columns(),
    sa.Column("currency", sa.CHAR(3)),
    sa.Column("digits", sa.SmallInteger),
    sa.Column("quote", JSONB(none_as_null=True)),
    sa.Column("quote_hash", sa.Text),
    _amount("total_minor"),
    _amount("paid_minor"),
    _amount("pending_minor"),
    sa.Column("promotions", sa.Text, nullable=False, server_default="none"),
    sa.Column("rehearsal", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("lease_owner", sa.Text),
    _moment("next_run_at"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _moment("created_at", default=True),
    _moment("completed_at"),
    sa.CheckConstraint(_one_of("status", BILL_MOVES), name="status"),
    sa.CheckConstraint(_one_of("promotions", ("none", "reserved", "skipped")), name="promotions"),
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

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("bill_id", sa.Text, sa.ForeignKey(bills.c.id), nullable=False),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("session_id", sa.Text),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    *_key_columns(),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    _amount("amount_minor"),
    _amount("tip_minor"),
    _amount("authorized_minor"),
    _amount("captured_minor"),
    _amount("refunded_minor"),
    _amount("refund_pending_minor"),
    sa.Column("card", JSONB(none_as_null=True)),
    sa.Column("reference", sa.Text),
    sa.Column("next_action", JSONB(none_as_null=True)),
    sa.Column("confirmed_by", sa.Text),
    _moment("created_at", default=True),
    _moment("captured_at"),
    sa.CheckConstraint(_one_of("status", PAYMENT_MOVES), name="status"),
    sa.CheckConstraint("amount_minor >= 0 AND tip_minor >= 0", name="not_negative"),
    sa.CheckConstraint(
        "authorized_minor <= amount_minor + tip_minor AND captured_minor <= authorized_minor"
        " AND refunded_minor + refund_pending_minor <= captured_minor"
        " AND refunded_minor >= 0 AND refund_pending_minor >= 0",
        name="counters",
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
    _moment("at", default=True),
    sa.Index("ix_payment_events_payment_id", "payment_id"),
)

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

webhook_inbox = sa.Table(
    "webhook_inbox",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Text),
    _moment("received_at", default=True),
    _moment("done_at"),
    _moment("next_try_at"),
)
sa.Index(
    "ix_webhook_inbox_next_try_at", webhook_inbox.c.next_try_at, postgresql_where=sa.text("next_try_at IS NOT NULL")
)

# The simulator's own books. Nothing else reads them but tests, to compare what was charged with what we believe.
sandbox_charges = sa.Table(
    "sandbox_charges",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("asked", sa.Integer, nullable=False, server_default="1"),
    _moment("settles_at"),
    _moment("created_at", default=True),
)
