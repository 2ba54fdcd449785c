"""Moves the database to the shape the code expects: one history for all schemas, one mover at a time."""

from __future__ import annotations

import time
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ordering_platform.runtime.database import driver_url
from ordering_platform.runtime.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

# Any constant will do, as long as every release uses the same one.
_ADVISORY_LOCK = 7_301_964_520
_LOCK_WAIT = "5s"


class DatabaseAway(Unavailable):
    """PostgreSQL did not answer in time; check DATABASE_URL and whether the server runs."""


class MigrationLocked(Unavailable):
    """Somebody else is moving this database, or holds a table it needs; nothing was changed, try again."""


def folder() -> Path:
    """Where the migrations are: inside an installed package, or beside it in a checkout."""
    inside = Path(str(files("ordering_platform"))) / "migrations"
    return inside if inside.is_dir() else Path(str(files("ordering_platform"))).parent / "alembic"


def history(connection: Connection | None = None) -> Config:
    """Give alembic its configuration; the connection is the one the migrations run on."""
    config = Config()
    config.set_main_option("script_location", str(folder()))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    engine = sa.create_engine(driver_url(database_url), poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.OperationalError as fault:
        if isinstance(fault.orig, psycopg2.errors.LockNotAvailable):
            raise MigrationLocked from fault
        raise DatabaseAway from fault
    finally:
        engine.dispose()


def upgrade(database_url: str, target: str = "head") -> list[str]:
    """Apply what is pending, all or nothing, and give the revisions applied; raises MigrationLocked or DatabaseAway.

    A database that is ahead of the code (after a rollback of the code) is left as it is.
    """
    with _connected(database_url) as connection:
        connection.execute(sa.text(f"SET lock_timeout = '{_LOCK_WAIT}'"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        before = _pending(connection)
        if before:
            command.upgrade(history(connection), target)
            connection.commit()
        after = _pending(connection)
        return [revision for revision in before if revision not in after]


def current(database_url: str) -> str | None:
    """Give the revision the database is at, or None for an empty one."""
    with _connected(database_url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def pending(database_url: str) -> list[str]:
    """List the revisions the code knows and the database lacks, oldest first."""
    with _connected(database_url) as connection:
        return _pending(connection)


def knock(database_url: str, seconds: float, step: float = 0.5) -> None:
    """Return as soon as the database answers, whatever shape it is in; raises DatabaseAway after ``seconds``."""
    until = time.monotonic() + seconds
    while True:
        try:
            current(database_url)
        except DatabaseAway:
            if time.monotonic() + step > until:
                raise
            time.sleep(step)
        else:
            return


def wait(database_url: str, seconds: float, step: float = 0.5) -> None:
    """Return as soon as the database answers and lacks nothing; raises DatabaseAway after ``seconds``."""
    until = time.monotonic() + seconds
    while True:
        try:
            missing = pending(database_url)
            if not missing:
                return
            reason = DatabaseAway(f"The database lacks the migrations {', '.join(missing)}; run: db upgrade")
        except DatabaseAway as fault:
            reason = fault
        if time.monotonic() + step > until:
            raise reason
        time.sleep(step)


def _pending(connection: Connection) -> list[str]:
    scripts = ScriptDirectory.from_config(history())
    at = MigrationContext.configure(connection).get_current_revision()
    known = [script.revision for script in scripts.walk_revisions()][::-1]
    if at is None:
        return known
    # A revision the code does not know belongs to a newer release whose schema this code can work with.
    return known[known.index(at) + 1 :] if at in known else []
