"""One embedded platform with two restaurants, its database, and a hand that knocks at doors."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from ordering_platform.embedded.postgres import Postgres
from ordering_platform.runtime.database import driver_url
from tests.attacks import world
from tests.attacks.knocking import Knocker
from tests.attacks.party import sit_down
from tests.attacks.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.engine import Engine

    from tests.attacks.knocking import Case
    from tests.attacks.matrix import Refuse
    from tests.attacks.party import Party
    from tests.attacks.world import Restaurant
    from tests.support.platform import Platform


@pytest.fixture(scope="session")
def embedded_engine(platform: Platform) -> Iterator[Engine]:
    """Give the database behind the embedded platform."""
    url = Postgres(platform.data_dir / "postgres").running_address()
    assert url, "the platform's database does not run"
    engine = sa.create_engine(driver_url(url), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def rows(embedded_engine: Engine) -> Rows:
    return Rows(embedded_engine)


@pytest.fixture(scope="session")
def home(platform: Platform, embedded_engine: Engine) -> Restaurant:
    return world.restaurant(embedded_engine, platform.url, "home")


@pytest.fixture(scope="session")
def abroad(platform: Platform, embedded_engine: Engine) -> Restaurant:
    return world.restaurant(embedded_engine, platform.url, "abroad")


@pytest.fixture(scope="session")
def knocker(platform: Platform) -> Iterator[Knocker]:
    port = urlsplit(platform.url).port
    assert port
    with Knocker(port) as one:
        yield one


@pytest.fixture
def refuse(knocker: Knocker, rows: Rows) -> Refuse:
    def send(bad: Iterable[Case]) -> None:
        with rows.unchanged():
            assert knocker.refused(bad), "there was nothing to refuse"

    return send


@pytest.fixture
def party(knocker: Knocker, home: Restaurant) -> Party:
    return sit_down(knocker, home)
