"""A private PostgreSQL server and databases on it, for tests that own their data."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.embedded.postgres import Postgres
from ordering_platform.runtime.database import driver_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Durability is for data that outlives the test; many connections are for races.
_FOR_TESTS = {"fsync": "off", "max_connections": "300"}


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[str]:
    """Run a server with its data in ``folder``; gives the address of a database on it."""
    server = Postgres(folder / "data", settings={**_FOR_TESTS, **settings})
    url = server.start()
    try:
        yield url
    finally:
        server.remove()


def new_database(url: str, name: str) -> str:
    """Create an empty database and give its address."""
    engine = sa.create_engine(driver_url(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as tx:
        tx.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        tx.execute(sa.text(f'CREATE DATABASE "{name}"'))
    address = driver_url(url).set(database=name, drivername="postgresql")
    return address.render_as_string(hide_password=False)
