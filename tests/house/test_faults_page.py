"""The page about nameko's faults names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", (HOUSE / "docs/reference/nameko-faults.md").read_text())))


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    path, *names = named.split("::")
    text = (HOUSE / path).read_text()
    assert all(re.search(rf"^\s*(def|class) {name}\b", text, re.MULTILINE) for name in names)
