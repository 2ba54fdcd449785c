"""Users, their logins, invitations, counted attempts and the audit log.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

REFUSE = """
CREATE FUNCTION auth.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$
"""
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON auth.audit_log
FOR EACH ROW EXECUTE FUNCTION auth.refuse_change()
"""


def upgrade() -> None:
    op.execute(sa.schema.CreateSchema("auth", if_not_exists=True))
    op.create_table(
        "users",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        schema="auth",
    )
    op.create_index("ix_auth_users_venue_id_auth_users_id", "users", ["venue_id", "id"], schema="auth")
    op.create_table(
        "refresh_families",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("current_hash", sa.LargeBinary, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("rotated_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("idle_until", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_families"),
        sa.ForeignKeyConstraint(["user_id"], ["auth.users.id"], name="fk_refresh_families_user_id", ondelete="CASCADE"),
        schema="auth",
    )
    op.create_index("ix_auth_refresh_families_user_id", "refresh_families", ["user_id"], schema="auth")
    op.create_index("ix_auth_refresh_families_expires_at", "refresh_families", ["expires_at"], schema="auth")
    op.create_table(
        "invites",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("code_hash", name="uq_invites_code_hash"),
        schema="auth",
    )
    op.create_index("ix_auth_invites_expires_at", "invites", ["expires_at"], schema="auth")
    op.create_table(
        "attempts",
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("window_ends", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_attempts"),
        sa.CheckConstraint("failures >= 0", name="ck_attempts_failures_not_negative"),
        schema="auth",
    )
    op.create_index("ix_auth_attempts_window_ends", "attempts", ["window_ends"], schema="auth")
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        schema="auth",
    )
    op.create_index("ix_auth_audit_log_venue_id_auth_audit_log_id", "audit_log", ["venue_id", "id"], schema="auth")
    op.execute(REFUSE)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    for table in ("audit_log", "attempts", "invites", "refresh_families", "users"):
        op.drop_table(table, schema="auth")
    op.execute("DROP FUNCTION auth.refuse_change()")
    op.execute(sa.schema.DropSchema("auth"))
