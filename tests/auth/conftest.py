"""One running auth service for all tests, and a database that is emptied behind each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.auth.keys import new_key_set
from tests.auth.running import Doors, OrderService, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Engine


@pytest.fixture(scope="session")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing-keys.json"
    path.write_text(new_key_set())
    return path


@pytest.fixture(scope="session")
def running_doors(database_url: str, key_path: Path) -> Iterator[Doors]:
    with serving(database_url, key_path) as doors:
        yield doors


@pytest.fixture
def doors(running_doors: Doors, engine: Engine) -> Doors:  # noqa: ARG001  it empties the database behind the test
    """Give the doors of the service on a database that is emptied afterwards."""
    OrderService.seated.clear()
    return running_doors


@pytest.fixture
def seated() -> list[dict[str, Any]]:
    """Give the guests the order service was told of."""
    return OrderService.seated
