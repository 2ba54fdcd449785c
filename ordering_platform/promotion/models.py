"""The tables of the promotion service, all in the schema ``promotions``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.runtime.database import NAMING
from ordering_platform.runtime.idempotency import key_table

if TYPE_CHECKING:
    from datetime import datetime

metadata = sa.MetaData(schema="promotions", naming_convention=NAMING)

RUNNING, PAUSED, ARCHIVED = "running", "paused", "archived"
RESERVED, CONFIRMED, RELEASED, REVERSED = "reserved", "confirmed", "released", "reversed"


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    default = None if nullable else sa.func.now()
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    sa.Index("ix_promotions_venue", "venue_id", "id"),
)

# Every checkout asks for these, and they are few.
sa.Index(
    "ix_promotions_automatic",
    promotions.c.venue_id,
    postgresql_where=sa.text("trigger = 'auto' AND status = 'running'"),
)

promotion_versions = sa.Table(
    "promotion_versions",
    metadata,
    sa.Column("promotion_id", sa.Text, sa.ForeignKey(promotions.c.id), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", JSONB, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    _moment("created_at"),
)

# Codes that were made together; each of them may be used so many times.
code_batches = sa.Table(
    "code_batches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("promotion_id", sa.Text, sa.ForeignKey(promotions.c.id), nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("uses_per_code", sa.Integer, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    _moment("created_at"),
    _moment("disabled_at", nullable=True),
    sa.Index("ix_code_batches_promotion", "promotion_id", "id"),
)

codes = sa.Table(
    "codes",
    metadata,
    sa.Column("venue_id", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("promotion_id", sa.Text, sa.ForeignKey(promotions.c.id), nullable=False),
    _moment("created_at"),
    _moment("disabled_at", nullable=True),
    sa.Column("batch_id", sa.Text, sa.ForeignKey(code_batches.c.id)),
    sa.Column("uses_allowed", sa.Integer),
    sa.CheckConstraint("uses_allowed >= 1", name="uses_allowed"),
    sa.Index("ix_codes_promotion", "promotion_id", "code"),
    sa.Index("ix_codes_batch", "batch_id", "code", postgresql_where=sa.text("batch_id IS NOT NULL")),
)

# One row for each limit that is counted: all uses, those of a guest, a day or a code, money by currency.
# ``allowed`` is the limit the last use was granted under, so the database itself refuses one too many.
usage_counters = sa.Table(
    "usage_counters",
    metadata,
    sa.Column("promotion_id", sa.Text, sa.ForeignKey(promotions.c.id), primary_key=True),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.Column("allowed", sa.BigInteger, nullable=False),
    sa.CheckConstraint("used >= 0 AND used <= allowed", name="used_within_allowed"),
)

# One row for each bill, with the answer it was given; a bill released before it was seen leaves a bare row.
# The answer is JSON as it was written, so that a repeat reads the same to the letter.
reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("bill_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary),
    sa.Column("answer", sa.JSON),
    sa.Column("claims", JSONB),
    _moment("created_at"),
    _moment("settled_at", nullable=True),
)

# No foreign key to promotions: it would make every checkout lock the row of the same promotion.
uses = sa.Table(
    "uses",
    metadata,
    sa.Column("promotion_id", sa.Text, primary_key=True),
    sa.Column("bill_id", sa.Text, sa.ForeignKey(reservations.c.bill_id), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("guest_id", sa.Text),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("discount_minor", sa.BigInteger, nullable=False),
    sa.CheckConstraint("discount_minor > 0", name="discount_above_zero"),
)

wrong_codes = sa.Table(
    "wrong_codes",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("allowed", sa.Integer, nullable=False),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("ix_wrong_codes_ends_at", "ends_at"),
)

promotion_changes = sa.Table(
    "promotion_changes",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("promotion_id", sa.Text, sa.ForeignKey(promotions.c.id), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False),
    _moment("at"),
    sa.Index("ix_promotion_changes_promotion", "promotion_id", "id"),
)

idempotency_keys = key_table(metadata)
