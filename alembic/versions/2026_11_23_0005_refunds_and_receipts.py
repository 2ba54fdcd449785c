"""Refunds, receipts with their series, parts of bills, rounding of charges.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SCHEMA = "payments"
MOMENT = sa.DateTime(timezone=True)
CHARGE = "amount_minor + tip_minor"
REST = (
    " AND captured_minor <= authorized_minor AND refunded_minor + refund_pending_minor <= captured_minor"
    " AND refunded_minor >= 0 AND refund_pending_minor >= 0"
)

REFUSE_CHANGE = """
CREATE FUNCTION payments.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$
"""
KEEP_RECEIPTS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.receipts
FOR EACH ROW EXECUTE FUNCTION payments.refuse_change()
"""


# Who gave back what, and why, is written and never rewritten; where each service has a role of its own, not even by it.
APPEND_ONLY = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ordering_payment') THEN
        REVOKE UPDATE, DELETE ON payments.payment_events FROM ordering_payment;
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute(APPEND_ONLY)
    for column in (
        sa.Column("table_name", sa.Text),
        sa.Column("venue", JSONB),
        sa.Column("split", JSONB),
        sa.Column("receipt_secret", sa.Text),
        _amount("told_minor"),
    ):
        op.add_column("bills", column, schema=SCHEMA)
    for column in (
        _amount("rounding_minor"),
        _amount("tip_refunded_minor"),
        _flag("off_bill"),
        _flag("capture_later"),
        sa.Column("to_capture_minor", sa.BigInteger),
    ):
        op.add_column("payments", column, schema=SCHEMA)
    op.add_column("webhook_inbox", sa.Column("refund_id", sa.Text), schema=SCHEMA)
    op.add_column("sandbox_charges", _amount("captured_minor"), schema=SCHEMA)
    op.add_column("sandbox_charges", _flag("capture_later"), schema=SCHEMA)
    op.execute("UPDATE payments.sandbox_charges SET captured_minor = amount_minor WHERE status = 'captured'")
    _check("not_negative", f"amount_minor >= 0 AND tip_minor >= 0 AND {CHARGE} + rounding_minor >= 0")
    _check("counters", f"authorized_minor <= {CHARGE} + rounding_minor{REST}")
    op.create_check_constraint(
        op.f("ck_payments_tip_refunded"),
        "payments",
        "tip_refunded_minor >= 0 AND tip_refunded_minor <= tip_minor"
        " AND tip_refunded_minor <= refunded_minor + refund_pending_minor",
        schema=SCHEMA,
    )
    _create_shares()
    _create_refunds()
    _create_receipts()
    _create_sandbox_refunds()


def _amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _made(name: str = "created_at") -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=False, server_default=sa.func.now())


def _check(name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_payments_{name}"), "payments", schema=SCHEMA)
    op.create_check_constraint(op.f(f"ck_payments_{name}"), "payments", condition, schema=SCHEMA)


def _create_shares() -> None:
    op.create_table(
        "bill_shares",
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        _amount("amount_minor"),
        sa.PrimaryKeyConstraint("bill_id", "part", name="pk_bill_shares"),
        sa.ForeignKeyConstraint(["bill_id"], [f"{SCHEMA}.bills.id"], name="fk_bill_shares_bill_id_bills"),
        sa.CheckConstraint("amount_minor >= 0", name="ck_bill_shares_not_negative"),
        schema=SCHEMA,
    )
    op.create_index("ix_bill_shares_payment_id", "bill_shares", ["payment_id"], schema=SCHEMA)


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("payment_id", sa.Text, nullable=False),
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("failure", JSONB),
        sa.Column("currency", sa.CHAR(3), nullable=False),
        _amount("amount_minor"),
        _amount("tip_minor"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("lines", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("reference", sa.Text),
        sa.Column("lease_owner", sa.Text),
        sa.Column("next_run_at", MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        _made(),
        sa.Column("settled_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_refunds"),
        sa.ForeignKeyConstraint(["payment_id"], [f"{SCHEMA}.payments.id"], name="fk_refunds_payment_id_payments"),
        sa.ForeignKeyConstraint(["bill_id"], [f"{SCHEMA}.bills.id"], name="fk_refunds_bill_id_bills"),
        sa.CheckConstraint(
            "status IN ('processing', 'unknown', 'succeeded', 'completed', 'failed')", name="ck_refunds_status"
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND tip_minor >= 0 AND tip_minor <= amount_minor",
            name="ck_refunds_gives_something_back",
        ),
        sa.UniqueConstraint("caller_id", "route", "key", name="uq_refunds_caller_id_route_key"),
        schema=SCHEMA,
    )
    op.create_index("ix_refunds_payment_id", "refunds", ["payment_id"], schema=SCHEMA)
    op.create_index("ix_refunds_bill_id", "refunds", ["bill_id"], schema=SCHEMA)
    for name, columns, where in (
        ("ix_refunds_next_run_at", ["next_run_at"], "next_run_at IS NOT NULL"),
        ("ix_refunds_key_age", ["created_at"], "key IS NOT NULL"),
        ("ix_refunds_settled_at", ["venue_id", "settled_at"], "settled_at IS NOT NULL"),
    ):
        op.create_index(name, "refunds", columns, schema=SCHEMA, postgresql_where=sa.text(where))
    op.create_table(
        "refunded_lines",
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("line_id", sa.Text, nullable=False),
        _amount("refunded_minor"),
        _amount("allowed_minor"),
        sa.Column("refunded_quantity", sa.Integer, nullable=False, server_default="0"),
        sa.Column("allowed_quantity", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("bill_id", "line_id", name="pk_refunded_lines"),
        sa.ForeignKeyConstraint(["bill_id"], [f"{SCHEMA}.bills.id"], name="fk_refunded_lines_bill_id_bills"),
        sa.CheckConstraint(
            "refunded_minor >= 0 AND refunded_minor <= allowed_minor", name="ck_refunded_lines_within_what_was_paid"
        ),
        sa.CheckConstraint(
            "refunded_quantity >= 0 AND refunded_quantity <= allowed_quantity",
            name="ck_refunded_lines_within_what_was_served",
        ),
        schema=SCHEMA,
    )


def _create_receipts() -> None:
    op.create_table(
        "receipt_series",
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("last_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("venue_id", "business_date", name="pk_receipt_series"),
        schema=SCHEMA,
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("refund_id", sa.Text),
        sa.Column("document", JSONB, nullable=False),
        _made("issued_at"),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.ForeignKeyConstraint(["bill_id"], [f"{SCHEMA}.bills.id"], name="fk_receipts_bill_id_bills"),
        sa.UniqueConstraint("venue_id", "business_date", "number", name="uq_receipts_venue_id_business_date_number"),
        sa.UniqueConstraint("refund_id", "kind", name="uq_receipts_refund_id_kind"),
        sa.CheckConstraint("kind IN ('sale', 'credit', 'reversal')", name="ck_receipts_kind"),
        sa.CheckConstraint("(kind = 'sale') = (refund_id IS NULL)", name="ck_receipts_refund_id"),
        schema=SCHEMA,
    )
    op.execute(REFUSE_CHANGE)
    op.execute(KEEP_RECEIPTS)
    for name, unique, where in (
        ("uq_receipts_bill_id", True, "refund_id IS NULL"),
        ("ix_receipts_credits", False, "refund_id IS NOT NULL"),
    ):
        op.create_index(name, "receipts", ["bill_id"], unique=unique, schema=SCHEMA, postgresql_where=sa.text(where))
    op.create_table(
        "receipts_due",
        sa.Column("id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_receipts_due"),
        schema=SCHEMA,
    )


def _create_sandbox_refunds() -> None:
    op.create_table(
        "sandbox_refunds",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("charge_id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("asked", sa.Integer, nullable=False, server_default="1"),
        sa.Column("settles_at", MOMENT),
        _made(),
        sa.PrimaryKeyConstraint("id", name="pk_sandbox_refunds"),
        sa.ForeignKeyConstraint(
            ["charge_id"], [f"{SCHEMA}.sandbox_charges.id"], name="fk_sandbox_refunds_charge_id_sandbox_charges"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_sandbox_refunds_charge_id", "sandbox_refunds", ["charge_id"], schema=SCHEMA)


def downgrade() -> None:
    for table in (
        "sandbox_refunds",
        "receipts_due",
        "receipts",
        "receipt_series",
        "refunded_lines",
        "refunds",
        "bill_shares",
    ):
        op.drop_table(table, schema=SCHEMA)
    op.execute("DROP FUNCTION payments.refuse_change()")
    op.drop_constraint(op.f("ck_payments_tip_refunded"), "payments", schema=SCHEMA)
    _check("counters", f"authorized_minor <= {CHARGE}{REST}")
    _check("not_negative", "amount_minor >= 0 AND tip_minor >= 0")
    op.drop_column("sandbox_charges", "capture_later", schema=SCHEMA)
    op.drop_column("sandbox_charges", "captured_minor", schema=SCHEMA)
    op.drop_column("webhook_inbox", "refund_id", schema=SCHEMA)
    for name in ("to_capture_minor", "capture_later", "off_bill", "tip_refunded_minor", "rounding_minor"):
        op.drop_column("payments", name, schema=SCHEMA)
    for name in ("told_minor", "receipt_secret", "split", "venue", "table_name"):
        op.drop_column("bills", name, schema=SCHEMA)
