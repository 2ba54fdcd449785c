"""The backup the chart makes and the restore the handbook shows, carried out on a real PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.embedded.seed import seed
from ordering_platform.runtime import migrations
from ordering_platform.runtime.database import Transactions, driver_url, make_engine
from tests.chart.house import OPERATIONS
from tests.chart.rendering import Helm, plain
from tests.chart.roles import OWNED, postgres_programs, reachable, run_script, url_as
from tests.support import postgres

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chart.rendering import Manifest

KEEP = 2


def run(script: str, **environ: str) -> str:
    path = f"{postgres_programs()}:{os.environ['PATH']}"
    words = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(words, env={"PATH": path, **environ}, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(postgres_url: str) -> str:
    """Give a database with its roles and the demo restaurant in it."""
    url = postgres.new_database(postgres_url, "to_be_kept")
    run_script(url, "1")
    owner = url_as(url, "owner", "1")
    migrations.upgrade(owner)
    engine = make_engine(owner, pool_size=1, overflow=0)
    seed(Transactions(engine))
    engine.dispose()
    return url


@pytest.fixture(scope="module")
def cronjob(helm: Helm) -> Manifest:
    rendered = helm.render(plain("backups", {"backup": {"enabled": True, "keep": KEEP}}))
    (container,) = dict(rendered.pods())["backup"]["spec"]["containers"]
    found: Manifest = container
    return found


def contents(url: str) -> dict[str, int]:
    """Count the rows of every table."""
    with sa.create_engine(driver_url(url), poolclass=sa.NullPool).connect() as administrator:
        names = administrator.scalars(
            sa.text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
        ).all()
        return {name: administrator.scalar(sa.text(f"SELECT count(*) FROM {name}")) or 0 for name in names}  # noqa: S608


def backed_up(cronjob: Manifest, url: str, folder: Path) -> list[str]:
    """Carry out what the CronJob would, and give the dumps there are then."""
    assert cronjob["command"] == ["bash", "-euo", "pipefail", "-c"]
    (script,) = cronjob["args"]
    environ = {variable["name"]: variable.get("value", "") for variable in cronjob["env"]}
    assert environ.keys() == {"KEEP", "DATABASE_URL"}
    run(script.replace("/backup", str(folder)), **{**environ, "DATABASE_URL": url_as(url, "owner", "1")})
    return sorted(entry.name for entry in folder.iterdir())


def test_the_newest_dumps_stay_and_what_was_cut_short_goes(demo: str, cronjob: Manifest, tmp_path: Path) -> None:
    old = [f"ordering-2020010{day}T023000Z.dump" for day in (1, 2, 3)]
    for name in [*old, "ordering-20200104T023000Z.dump.part"]:
        (tmp_path / name).touch()
    kept = backed_up(cronjob, demo, tmp_path)
    assert len(kept) == KEEP
    assert kept[0] == old[-1]
    assert kept[1] > "ordering-2026"


def test_the_drill_of_the_handbook_brings_every_row_and_every_right_back(
    demo: str, cronjob: Manifest, postgres_url: str, tmp_path: Path
) -> None:
    (dump,) = backed_up(cronjob, demo, tmp_path)
    elsewhere = postgres.new_database(postgres_url, "restored")
    run_script(elsewhere, "1")
    blocks = re.findall(r"^```\n(.*?)^```$", (OPERATIONS / "backup.md").read_text(), re.MULTILINE | re.DOTALL)
    (drill,) = [block for block in blocks if "pg_restore" in block]
    run(drill, OWNER_URL=url_as(elsewhere, "owner", "1"), DUMP=str(tmp_path / dump))
    run_script(elsewhere, "1")
    found = contents(elsewhere)
    assert found == contents(demo)
    assert sum(found.values()) > len(found)
    for service in OWNED:
        assert reachable(elsewhere, service.name, "INSERT") == {service.schema}
        assert migrations.pending(url_as(elsewhere, service.name, "1")) == []
