"""Runs the migrations on the connection it is given, inside that connection's transaction."""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import context

from ordering_platform.catalogue import SERVICES
from ordering_platform.runtime.database import driver_url

schemas = {service.schema: service.name for service in SERVICES if service.schema}
given = context.config.attributes.get("connection")


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in schemas


def run(connection: sa.Connection, target_metadata: list[sa.MetaData]) -> None:
    context.configure(
        connection=connection,
        target_metadata=target_metadata,
        include_schemas=True,
        include_name=_ours,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()


if given is not None:
    run(given, [])
else:
    # Called by the alembic command itself: `alembic -x url=postgresql://... revision --autogenerate`.
    url = context.get_x_argument(as_dictionary=True)["url"]
    described = [import_module(f"ordering_platform.{name}.models").metadata for name in schemas.values()]
    with sa.create_engine(driver_url(url), poolclass=sa.NullPool).begin() as own:
        run(own, described)
