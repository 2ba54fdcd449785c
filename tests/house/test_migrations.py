"""The migrations build exactly what the models describe, and the way back works too."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ordering_platform.catalogue import SERVICES
from ordering_platform.runtime import migrations
from ordering_platform.runtime.database import driver_url
from tests.support import postgres

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

SCHEMAS = {service.schema: service.name for service in SERVICES if service.schema}


def test_the_models_and_the_migrations_agree(engine: Engine) -> None:
    described: Any = [import_module(f"ordering_platform.{name}.models").metadata for name in SCHEMAS.values()]

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "schema" or name in SCHEMAS

    with engine.connect() as connection:
        options = {"include_schemas": True, "include_name": ours, "compare_type": True}
        context = MigrationContext.configure(connection, opts={**options, "target_metadata": described})
        assert compare_metadata(context, described) == []


def test_a_second_upgrade_finds_nothing_to_do(database_url: str) -> None:
    assert migrations.upgrade(database_url) == []
    assert migrations.pending(database_url) == []


def test_every_step_can_be_taken_back_and_forth(postgres_url: str) -> None:
    url = postgres.new_database(postgres_url, "back_and_forth")
    applied = migrations.upgrade(url)
    engine = sa.create_engine(driver_url(url))
    with engine.begin() as connection:
        command.downgrade(migrations.history(connection), "base")
    assert migrations.current(url) is None
    assert migrations.upgrade(url) == applied
    engine.dispose()


def test_a_database_ahead_of_the_code_is_left_alone(postgres_url: str) -> None:
    """After a rollback of the code the newer schema stays, and the older code works with it."""
    url = postgres.new_database(postgres_url, "ahead")
    migrations.upgrade(url)
    engine = sa.create_engine(driver_url(url))
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'from_the_future'"))
    assert migrations.upgrade(url) == []
    assert migrations.current(url) == "from_the_future"
    engine.dispose()
