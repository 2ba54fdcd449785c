"""The two commands of the README on a machine that lacks something."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.platform import HOUSE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give what make reads of a clean checkout."""
    (tmp_path / "tests").mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "tests/find_python.sh", "tests/install_tools.sh"):
        shutil.copy(HOUSE / name, tmp_path / name)
    return tmp_path


def make(checkout: Path, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    environ = {"PATH": path or os.environ["PATH"]}
    made = [shutil.which("make") or "make", *words]
    return subprocess.run(made, cwd=checkout, env=environ, check=False, capture_output=True, text=True)


def tools(folder: Path, *names: str) -> str:
    """Give a PATH on which only these programs are found."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return str(folder)


def test_make_alone_lists_what_there_is(checkout: Path) -> None:
    listed = make(checkout).stdout
    for target in ("demo", "test", "lint", "types", "bench", "openapi", "lock", "clean"):
        assert f"make {target} " in listed


def test_without_a_python_that_fits_it_says_which_to_install(checkout: Path) -> None:
    done = make(checkout, "demo", path=tools(checkout / "bin", "sh", "sed", "awk"))
    assert done.returncode != 0
    assert "There is no Python from 3.11 to 3.13 here" in done.stderr
    assert "PYTHON=/path/to/python" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_that_cannot_make_an_environment_is_told_apart(checkout: Path) -> None:
    python = checkout / "python3.11"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    done = make(checkout, "demo", f"PYTHON={python}")
    assert done.returncode != 0
    assert "Install its venv module" in done.stderr


def test_an_old_python_and_a_shim_of_nothing_are_passed_over(checkout: Path) -> None:
    path = tools(checkout / "bin", "sh")
    nothing, works = "exit 127", f'exec {sys.executable} "$@"'
    for name, does in {"python3.13": nothing, "python3.12": nothing, "python3.11": nothing, "python3": works}.items():
        shim = checkout / "bin" / name
        shim.write_text(f"#!/bin/sh\n{does}\n")
        shim.chmod(0o755)
    found = subprocess.run(
        ["sh", str(HOUSE / "tests" / "find_python.sh")], env={"PATH": path}, check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == f"{path}/python3"


def test_tools_that_are_missing_are_named_to_whoever_may_not_install_them(checkout: Path) -> None:
    path = tools(checkout / "bin", "sh", "id")
    done = subprocess.run(
        ["sh", "tests/install_tools.sh", "chromium"],
        cwd=checkout,
        env={"PATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "The tests need: chromium" in done.stderr
