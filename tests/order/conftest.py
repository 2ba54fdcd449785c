"""A venue on a real database and the order service on a real port; callers are signed for by a key of the test run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from ordering_platform.order.menu import MenuBook
from ordering_platform.order.service import OrderService
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE
from ordering_platform.runtime.runner import Runner, Served
from tests.order import rooms
from tests.support import services, tokens
from tests.support.http import Response, call
from tests.support.promised import Promises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller
    from ordering_platform.runtime.request import Request

PROMISES = Promises(OrderService)
AMQP = "inproc://order-tests"


class KeyService:
    """Publishes the keys that sign for the people of these tests."""

    name = "keys"

    @http("GET", "/.well-known/jwks.json", who=ANYONE)
    def jwks(self, _request: Request) -> dict[str, Any]:
        """Publish them."""
        return tokens.jwks()


class Doors:
    """The doors of the running service."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(
        self, caller: Caller | None, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Response:
        """Send a request as somebody; every answer is held to what its door promises."""
        answer = call(self.port, method, path, body, {**(rooms.signed(caller) if caller else {}), **(headers or {})})
        PROMISES.check(method, path, answer)
        return answer


@pytest.fixture(scope="module")
def port(database_url: str) -> Iterator[int]:
    keys = services.settings(amqp_url=AMQP)
    chosen = services.settings(
        database_url=database_url,
        amqp_url=AMQP,
        jwks_url=f"http://127.0.0.1:{keys.http_port}/.well-known/jwks.json",
        public_url="https://eat.example",
        db_pool_size=20,
        db_pool_overflow=40,
    )
    runner = Runner([Served(OrderService, chosen), Served(KeyService, keys, 1)])
    runner.start()
    yield chosen.http_port
    runner.stop()


@pytest.fixture
def doors(port: int) -> Doors:
    return Doors(port)


@pytest.fixture
def room(db: Transactions) -> rooms.Room:
    with db.transaction() as tx:
        return rooms.venue(tx)


@pytest.fixture
def book() -> MenuBook:
    return MenuBook()
