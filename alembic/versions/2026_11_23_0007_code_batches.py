"""Codes by the batch, each with so many uses of its own, and the keys of requests that make them once.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = "promotions"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "code_batches",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("promotion_id", sa.Text, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("uses_per_code", sa.Integer, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("disabled_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_code_batches"),
        sa.ForeignKeyConstraint(["promotion_id"], [f"{SCHEMA}.promotions.id"], name="fk_code_batches_promotion_id"),
        schema=SCHEMA,
    )
    op.create_index("ix_code_batches_promotion", "code_batches", ["promotion_id", "id"], schema=SCHEMA)
    op.add_column("codes", sa.Column("batch_id", sa.Text), schema=SCHEMA)
    op.add_column("codes", sa.Column("uses_allowed", sa.Integer), schema=SCHEMA)
    op.create_foreign_key(
        "fk_codes_batch_id", "codes", "code_batches", ["batch_id"], ["id"], source_schema=SCHEMA, referent_schema=SCHEMA
    )
    op.create_check_constraint(op.f("ck_codes_uses_allowed"), "codes", "uses_allowed >= 1", schema=SCHEMA)
    op.create_index(
        "ix_codes_batch", "codes", ["batch_id", "code"], schema=SCHEMA, postgresql_where=sa.text("batch_id IS NOT NULL")
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("body", sa.LargeBinary),
        sa.Column("headers", JSONB),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("caller_id", "route", "key", name="pk_idempotency_keys"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("idempotency_keys", schema=SCHEMA)
    op.drop_index("ix_codes_batch", "codes", schema=SCHEMA)
    op.drop_constraint(op.f("ck_codes_uses_allowed"), "codes", schema=SCHEMA)
    op.drop_constraint("fk_codes_batch_id", "codes", schema=SCHEMA)
    for column in ("uses_allowed", "batch_id"):
        op.drop_column("codes", column, schema=SCHEMA)
    op.drop_table("code_batches", schema=SCHEMA)
