"""What every test may ask for: a real PostgreSQL, migrated once, and emptied behind each test that used it."""

from __future__ import annotations

from ordering_platform.runtime import green

green.patch()

import tempfile  # noqa: E402  the patch must come first
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import pytest  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from hypothesis import settings  # noqa: E402

from ordering_platform.catalogue import SERVICES  # noqa: E402
from ordering_platform.runtime import migrations  # noqa: E402
from ordering_platform.runtime.database import Transactions, make_engine  # noqa: E402
from tests.support import postgres  # noqa: E402
from tests.support.platform import data_dir, platform  # noqa: E402, F401  fixtures for everybody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

# No test is timed: on a busy machine a single example may take long.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the address of a private PostgreSQL server with an empty database ``postgres``."""
    with (
        tempfile.TemporaryDirectory(prefix="op-pg-", ignore_cleanup_errors=True) as folder,
        postgres.running(Path(folder)) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def database_url(postgres_url: str) -> str:
    """Give a database of its own, at the latest revision."""
    url = postgres.new_database(postgres_url, "tests")
    migrations.upgrade(url)
    return url


@pytest.fixture(scope="session")
def shared_engine(database_url: str) -> Iterator[Engine]:
    engine = make_engine(database_url, pool_size=20, overflow=40)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(shared_engine: Engine) -> Iterator[Engine]:
    """Give an engine on the migrated database; every row written is gone after the test."""
    yield shared_engine
    schemas = tuple(service.schema for service in SERVICES if service.schema)
    with shared_engine.begin() as tx:
        tables = tx.scalars(
            sa.text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN :schemas"
            ).bindparams(sa.bindparam("schemas", schemas, expanding=True))
        ).all()
        # Emptying a table costs the same whether it holds rows or not, and most tests write to a few of them only.
        used = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)  # noqa: S608
        if tables and (written := tx.scalars(sa.text(used)).all()):
            tx.execute(sa.text(f"TRUNCATE {', '.join(written)} RESTART IDENTITY CASCADE"))


@pytest.fixture
def db(engine: Engine) -> Transactions:
    """Give what a service gets as ``self.db``."""
    return Transactions(engine)
