"""The database's roles on a real PostgreSQL: each service reaches its own schema, the owner alone changes its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.runtime import migrations
from ordering_platform.runtime.database import driver_url
from tests.chart.roles import OWNED, ROLES, reachable, run_script, url_as
from tests.support import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from ordering_platform.catalogue import Service


@pytest.fixture(scope="module")
def url(postgres_url: str) -> str:
    """Give a database made the way the chart makes it: roles first, then the migrations as the owner."""
    made = postgres.new_database(postgres_url, "roles")
    run_script(made, "1")
    migrations.upgrade(url_as(made, "owner", "1"))
    return made


@pytest.fixture
def connections(url: str) -> Iterator[dict[str, Connection]]:
    engines = {name: sa.create_engine(driver_url(url_as(url, name, "1")), poolclass=sa.NullPool) for name in ROLES}
    opened = {name: engine.connect() for name, engine in engines.items()}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.mark.parametrize("service", OWNED, ids=lambda service: service.name)
def test_a_service_reaches_its_own_schema_and_no_other(url: str, service: Service) -> None:
    for kind in ("INSERT", "UPDATE", "DELETE"):
        assert reachable(url, service.name, kind) == {service.schema}
    assert reachable(url, service.name, "SELECT") == {service.schema, "public"}


@pytest.mark.parametrize("service", OWNED, ids=lambda service: service.name)
def test_a_service_cannot_change_the_shape_of_anything(connections: dict[str, Connection], service: Service) -> None:
    for statement in (f"CREATE TABLE {service.schema}.more ()", "CREATE TABLE public.more ()", "CREATE SCHEMA more"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connections[service.name].execute(sa.text(statement))
        connections[service.name].rollback()


@pytest.mark.parametrize("service", OWNED, ids=lambda service: service.name)
def test_a_service_may_ask_whether_the_database_is_up_to_date(url: str, service: Service) -> None:
    assert migrations.pending(url_as(url, service.name, "1")) == []


def test_the_trail_of_payments_is_never_rewritten(url: str) -> None:
    """Neither after the migrations nor after the script was run once more."""
    trail = sa.text("SELECT has_table_privilege('ordering_payment', 'payments.payment_events', :kind)")
    kinds = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    for _ in range(2):
        with sa.create_engine(driver_url(url), poolclass=sa.NullPool).connect() as administrator:
            assert [kind for kind in kinds if administrator.scalar(trail, {"kind": kind})] == ["SELECT", "INSERT"]
        run_script(url, "1")


def test_the_script_run_again_sets_new_passwords_and_keeps_all_else(url: str) -> None:
    before = kept_passwords(url)
    run_script(url, "2")
    assert all(before[role] != after for role, after in kept_passwords(url).items())
    assert migrations.pending(url_as(url, "auth", "2")) == []


def kept_passwords(url: str) -> dict[str, str]:
    with sa.create_engine(driver_url(url), poolclass=sa.NullPool).connect() as administrator:
        rows = administrator.execute(
            sa.text("SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'ordering_%'")
        )
        return {row.rolname: row.rolpassword for row in rows}
