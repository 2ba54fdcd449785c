from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ordering_platform.runtime import migrations
from tests.support import postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., int]


@pytest.fixture(scope="session")
def seeded_url(postgres_url: str) -> str:
    """Give a database with the demo restaurant, for commands that only read it or add to it."""
    url = postgres.new_database(postgres_url, "commands")
    migrations.upgrade(url)
    return url
