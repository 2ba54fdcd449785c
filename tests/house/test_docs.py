"""What the documentation shows is executed: every bash and Python block, page by page, against a running platform."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.platform import Platform

HOUSE = Path(__file__).parents[2]
PAGES = sorted([HOUSE / "README.md", HOUSE / "CONTRIBUTING.md", *(HOUSE / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


def shown(page: Path) -> str:
    return str(page.relative_to(HOUSE))


@pytest.mark.parametrize("page", [page for page in PAGES if _BLOCK.search(page.read_text())], ids=shown)
def test_every_command_on_the_page_works(page: Path, platform: Platform, tmp_path: Path) -> None:
    """Blocks without a language are outputs and commands that a test elsewhere runs (``make demo``)."""
    script = ["set -euo pipefail"]
    for number, (language, text) in enumerate(_BLOCK.findall(page.read_text())):
        if language == "bash":
            script.append(text)
        else:
            (tmp_path / f"block{number}.py").write_text(text)
            script.append(f"python3 block{number}.py")
    environ = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "URL": platform.url,
        "TABLE": platform.table_code,
        "OWNER_PASSWORD": platform.password("owner"),
        "DATA_DIR": str(platform.data_dir),
    }
    words = ["bash", "-c", "\n".join(script)]
    done = subprocess.run(words, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_somewhere(page: Path) -> None:
    gone = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert gone == []
