"""The house keeps its shape: short modules, a map that is true, a first sentence in every room."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
MODULES = sorted((HOUSE / "ordering_platform").rglob("*.py"))
LONGEST = 300


def shown(path: Path) -> str:
    return str(path.relative_to(HOUSE))


@pytest.mark.parametrize("module", MODULES, ids=shown)
def test_a_module_holds_one_subject_and_says_which(module: Path) -> None:
    text = module.read_text()
    assert len(text.splitlines()) <= LONGEST
    assert ast.get_docstring(ast.parse(text)), "begin with a sentence that says what the module is for"


def test_the_map_has_a_line_for_every_folder_and_none_that_is_gone() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=HOUSE, capture_output=True, check=True, text=True).stdout
    folders = {
        str(folder) for line in tracked.splitlines() for folder in Path(line).parents if str(folder) not in {".", ".ci"}
    }
    lines = (HOUSE / "docs" / "design" / "map.md").read_text()
    assert set(re.findall(r"^\| `([^`]+)/` \|", lines, re.MULTILINE)) == folders


def test_the_migrations_do_not_shadow_the_library() -> None:
    assert not (HOUSE / "alembic" / "__init__.py").exists()
