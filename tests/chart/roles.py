"""The database's roles as the chart's script makes them, on a server of the tests."""

from __future__ import annotations

import os
import subprocess

import sqlalchemy as sa

from ordering_platform.catalogue import SERVICES
from ordering_platform.embedded import programs
from ordering_platform.runtime.database import driver_url
from tests.chart.house import CHART

OWNED = [service for service in SERVICES if service.schema]
ROLES = {"owner": "ordering_owner", **{service.name: f"ordering_{service.name}" for service in OWNED}}


def run_script(url: str, suffix: str) -> None:
    words = [f"{postgres_programs()}/psql", "-q", "-d", url, "-f", str(CHART / "files" / "roles.sql")]
    passwords = {f"{name.upper()}_PASSWORD": f"{name}-{suffix}" for name in ROLES}
    done = subprocess.run(words, env={**os.environ, **passwords}, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def url_as(url: str, name: str, suffix: str) -> str:
    return str(
        driver_url(url)
        .set(drivername="postgresql", username=ROLES[name], password=f"{name}-{suffix}")
        .render_as_string(hide_password=False)
    )


# All tables but the trail of payments, which its service writes and never rewrites.
RIGHTS = """
    SELECT n.nspname AS schema, bool_and(right_) AS every, bool_or(right_) AS some
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace,
    LATERAL (SELECT
        has_schema_privilege(:role, n.oid, 'USAGE') AND has_table_privilege(:role, c.oid, :kind) AS right_) AS r
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND (n.nspname, c.relname) <> ('payments', 'payment_events')
    GROUP BY n.nspname
"""


def reachable(url: str, name: str, kind: str) -> set[str]:
    """Give the schemas in which this role may do that with every table, and fail where it may with some only."""
    with sa.create_engine(driver_url(url), poolclass=sa.NullPool).connect() as administrator:
        found = administrator.execute(sa.text(RIGHTS), {"role": ROLES[name], "kind": kind}).all()
    assert [row for row in found if row.some != row.every] == []
    return {row.schema for row in found if row.every}


def postgres_programs() -> str:
    """Give the folder with psql, pg_dump and pg_restore."""
    return str(programs.find(programs.account()))
