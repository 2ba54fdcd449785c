"""Where the files under test stand."""

from __future__ import annotations

from pathlib import Path

HOUSE = Path(__file__).parents[2]
CHART = HOUSE / "charts" / "ordering-platform"
OPERATIONS = HOUSE / "docs" / "operations"
