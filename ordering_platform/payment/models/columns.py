"""Shorthand for columns, so that a table reads like a list of what it keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from ordering_platform.runtime.database import NAMING

if TYPE_CHECKING:
    from collections.abc import Iterable

metadata = sa.MetaData(schema="payments", naming_convention=NAMING)


def moment(name: str, *, default: bool = False) -> sa.Column[object]:
    """Keep a time: one that may not have come yet or, by ``default``, the time of writing."""
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        nullable=not default,
        server_default=sa.func.now() if default else None,
    )


def minor(name: str) -> sa.Column[int]:
    """Keep an amount in minor units, nothing to begin with."""
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def one_of(column: str, values: Iterable[str]) -> str:
    """Write the condition that a column holds one of these texts."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def key_columns() -> tuple[sa.Column[object], ...]:
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


def lease_columns() -> tuple[sa.Column[object], ...]:
    """Describe who drives this row just now, when it is looked at next, and how often it has been."""
    return (
        sa.Column("lease_owner", sa.Text),
        moment("next_run_at"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    )
