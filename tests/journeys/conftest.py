"""What a journey starts with: a browser, a manager, a table nobody has sat at."""

from __future__ import annotations

from tests.support.browser import browser, free_table, manager
from tests.support.guests import seat

__all__ = ["browser", "free_table", "manager", "seat"]
