"""The tables of the auth service: users, their logins, invitations, counted attempts and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.runtime.database import NAMING

metadata = sa.MetaData(schema="auth", naming_convention=NAMING)

_moment = sa.DateTime(timezone=True)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, _moment, nullable=False, server_default=sa.func.now())


users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("venue_id", sa.Text, nullable=False),
    # Normalised by schemas.Email; one address is one person on the whole platform.
    sa.Column("email", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    _now("created_at"),
    _now("updated_at"),
    sa.Index(None, "venue_id", "id"),
)

# One row is one login: the tokens of a family follow each other, and only the newest may be used.
refresh_families = sa.Table(
    "refresh_families",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey(users.c.id, ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("current_hash", sa.LargeBinary, nullable=False),
    sa.Column("previous_hash", sa.LargeBinary),
    # With it the present token follows from the previous one, so a repeated refresh gets the same answer.
    sa.Column("salt", sa.LargeBinary),
    _now("created_at"),
    _now("rotated_at"),
    sa.Column("idle_until", _moment, nullable=False),
    sa.Column("expires_at", _moment, nullable=False, index=True),
    sa.Column("revoked_at", _moment),
)

invites = sa.Table(
    "invites",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("code_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    _now("created_at"),
    sa.Column("expires_at", _moment, nullable=False, index=True),
    sa.Column("used_at", _moment),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("window_ends", _moment, nullable=False, index=True),
    sa.CheckConstraint("failures >= 0", name="failures_not_negative"),
)

# Append-only: the migration refuses UPDATE and DELETE by a trigger.
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _now("at"),
    sa.Column("venue_id", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False),
    sa.Index(None, "venue_id", "id"),
)
