"""Shorthand for columns, so that a table reads like a list of what it keeps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ordering_platform.runtime.database import NAMING

metadata = sa.MetaData(schema="orders", naming_convention=NAMING)


def key() -> sa.Column[str]:
    """Name the row by an id of ours."""
    return sa.Column("id", sa.Text, primary_key=True)


def text(name: str, **options: Any) -> sa.Column[str]:
    """Keep a text that is always there."""
    return sa.Column(name, sa.Text, nullable=False, **options)


def optional(name: str) -> sa.Column[str]:
    """Keep a text that may be missing."""
    return sa.Column(name, sa.Text)


def flag(name: str, default: str = "false") -> sa.Column[bool]:
    """Keep a yes or no."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text(default))


def number(name: str, default: int | None = None) -> sa.Column[int]:
    """Keep a small whole number."""
    return sa.Column(name, sa.Integer, nullable=False, server_default=None if default is None else str(default))


def minor(name: str, default: int | None = None) -> sa.Column[int]:
    """Keep an amount in minor units."""
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=None if default is None else str(default))


def moment(name: str) -> sa.Column[Any]:
    """Keep a time that may not have come yet."""
    return sa.Column(name, sa.DateTime(timezone=True))


def made(name: str = "created_at") -> sa.Column[Any]:
    """Keep the time of writing, by the clock of the database."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def texts(name: str) -> sa.Column[Any]:
    """Keep a list of texts."""
    return sa.Column(name, ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]"))


def json(name: str, default: str = "{}") -> sa.Column[Any]:
    """Keep a JSON value."""
    return sa.Column(name, JSONB, nullable=False, server_default=sa.text(f"'{default}'::jsonb"))


def venue() -> sa.Column[str]:
    """Say whose row it is."""
    return sa.Column("venue_id", sa.Text, sa.ForeignKey("orders.venues.id"), nullable=False)


def same_venue() -> sa.Column[str]:
    """Say whose row it is, where the row it hangs on is held to a venue already.

    A second foreign key would make every order of a venue lock the one row of the venue.
    """
    return sa.Column("venue_id", sa.Text, nullable=False)
