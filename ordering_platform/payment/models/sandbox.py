"""The sandbox's own books: what it has charged and given back."""

from __future__ import annotations

import sqlalchemy as sa

from ordering_platform.payment.models.columns import metadata, minor, moment

# The simulator's own books. Nothing else reads them but tests, to compare what was charged with what we believe.
sandbox_charges = sa.Table(
    "sandbox_charges",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    minor("captured_minor"),
    sa.Column("capture_later", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("currency", sa.CHAR(3), nullable=False),
    sa.Column("asked", sa.Integer, nullable=False, server_default="1"),
    moment("settles_at"),
    moment("created_at", default=True),
)

sandbox_refunds = sa.Table(
    "sandbox_refunds",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("charge_id", sa.Text, sa.ForeignKey(sandbox_charges.c.id), nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False, server_default="1"),
    moment("settles_at"),
    moment("created_at", default=True),
    sa.Index("ix_sandbox_refunds_charge_id", "charge_id"),
)
