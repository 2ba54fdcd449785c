"""What is published works on its own: code, migrations and pages are inside, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.support import postgres

HOUSE = Path(__file__).parents[2]
PACKAGE = "ordering_platform/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(next(WheelBuilder(str(HOUSE)).build(directory=str(tmp_path_factory.mktemp("wheel")))))


def tracked(folder: str) -> set[str]:
    words = ["git", "ls-files", folder]
    return set(subprocess.run(words, cwd=HOUSE, check=True, capture_output=True, text=True).stdout.split())


def test_the_wheel_carries_the_code_the_pages_and_the_migrations(wheel: Path) -> None:
    inside = {name for name in ZipFile(wheel).namelist() if name.startswith(PACKAGE)}
    migrations = {name.replace("alembic/", f"{PACKAGE}migrations/", 1) for name in tracked("alembic")}
    assert tracked("ordering_platform") | migrations <= inside
    assert not any(name.endswith((".pyc", ".map")) for name in inside)


def test_the_wheel_is_for_every_python_and_machine(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")


def test_the_wheel_alone_builds_the_database(wheel: Path, postgres_url: str, tmp_path: Path) -> None:
    ZipFile(wheel).extractall(tmp_path)
    url = postgres.new_database(postgres_url, "from_the_wheel")
    words = [sys.executable, "-m", "ordering_platform.cli.main", "db", "upgrade"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "DATABASE_URL": url}
    done = subprocess.run(words, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)
    assert (done.returncode, "Applied 0001" in done.stdout + done.stderr) == (0, True), done.stderr
