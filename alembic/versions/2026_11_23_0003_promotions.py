"""Promotions with their versions and codes, what bills reserved of them, and the counters behind their limits.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = "promotions"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
    _create_promotions()
    _create_codes()
    _create_usage()
    op.create_table(
        "promotion_changes",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_promotion_changes"),
        _of_promotion("promotion_changes"),
        schema=SCHEMA,
    )
    op.create_index("ix_promotion_changes_promotion", "promotion_changes", ["promotion_id", "id"], schema=SCHEMA)


def _of_promotion(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["promotion_id"], [f"{SCHEMA}.promotions.id"], name=f"fk_{table}_promotion_id")


def _create_promotions() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_promotions"),
        schema=SCHEMA,
    )
    op.create_index("ix_promotions_venue", "promotions", ["venue_id", "id"], schema=SCHEMA)
    op.create_index(
        "ix_promotions_automatic",
        "promotions",
        ["venue_id"],
        schema=SCHEMA,
        postgresql_where=sa.text("trigger = 'auto' AND status = 'running'"),
    )
    op.create_table(
        "promotion_versions",
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("promotion_id", "version", name="pk_promotion_versions"),
        _of_promotion("promotion_versions"),
        schema=SCHEMA,
    )


def _create_codes() -> None:
    op.create_table(
        "codes",
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("venue_id", "code", name="pk_codes"),
        _of_promotion("codes"),
        schema=SCHEMA,
    )
    op.create_index("ix_codes_promotion", "codes", ["promotion_id", "code"], schema=SCHEMA)
    op.create_table(
        "wrong_codes",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("allowed", sa.Integer, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_wrong_codes"),
        schema=SCHEMA,
    )
    op.create_index("ix_wrong_codes_ends_at", "wrong_codes", ["ends_at"], schema=SCHEMA)


def _create_usage() -> None:
    op.create_table(
        "usage_counters",
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("allowed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("promotion_id", "scope", "key", name="pk_usage_counters"),
        sa.CheckConstraint("used >= 0 AND used <= allowed", name="ck_usage_counters_used_within_allowed"),
        _of_promotion("usage_counters"),
        schema=SCHEMA,
    )
    op.create_table(
        "reservations",
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary),
        sa.Column("answer", sa.JSON),
        sa.Column("claims", JSONB),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("settled_at", MOMENT),
        sa.PrimaryKeyConstraint("bill_id", name="pk_reservations"),
        schema=SCHEMA,
    )
    op.create_table(
        "uses",
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("bill_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("guest_id", sa.Text),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("discount_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("promotion_id", "bill_id", name="pk_uses"),
        sa.CheckConstraint("discount_minor > 0", name="ck_uses_discount_above_zero"),
        sa.ForeignKeyConstraint(["bill_id"], [f"{SCHEMA}.reservations.bill_id"], name="fk_uses_bill_id"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    for table in (
        "promotion_changes",
        "uses",
        "reservations",
        "usage_counters",
        "wrong_codes",
        "codes",
        "promotion_versions",
        "promotions",
    ):
        op.drop_table(table, schema=SCHEMA)
    op.execute(sa.schema.DropSchema(SCHEMA))
