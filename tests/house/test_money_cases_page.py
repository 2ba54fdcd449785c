"""The page of money cases names tests that exist, down to the row of a table of rows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PAGE = (HOUSE / "docs/reference/money-cases.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| case |", "| ---"))]


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    where, _, row = named.removesuffix("]").partition("[")
    path, *names = where.split("::")
    text = (HOUSE / path).read_text()
    assert all(re.search(rf"^\s*(def|class) {name}\b", text, re.MULTILINE) for name in names)
    assert f'"{row}"' in text if row else True


def test_every_case_is_shown_by_a_test() -> None:
    assert len(ROWS) > 70
    assert [row for row in ROWS if "`tests/" not in row.rsplit("|", 2)[1]] == []
