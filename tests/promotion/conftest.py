"""The promotion service on a real port and a real database, called over HTTP by people and over RPC as payment does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from ordering_platform.order.service import OrderService
from ordering_platform.promotion.service import PromotionService
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE
from ordering_platform.runtime.runner import Runner, Served
from tests.support import bus, services, tokens
from tests.support.http import Response, call, free_port
from tests.support.promised import Promises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

    from ordering_platform.runtime.peers import Calls
    from ordering_platform.runtime.request import Request

AMQP = "inproc://promotion-tests"
PROMISES = Promises(PromotionService)


class KeyService:
    """Publishes the key the tests sign with."""

    name = "keys"

    @http("GET", "/.well-known/jwks.json", who=ANYONE)
    def jwks(self, _request: Request) -> dict[str, Any]:
        return tokens.jwks()


class Doors:
    """The doors of the running service; whoever knocks is named by ``role``, ``guest`` or nothing."""

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(
        self,
        who: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        **claims: Any,
    ) -> Response:
        if who == "guest":
            shown = tokens.bearer("guest", **claims)
        else:
            shown = tokens.bearer("staff", who, **claims) if who else {}
        answer = call(self.port, method, path, body, {**shown, **(headers or {})})
        PROMISES.check(method, path, answer)
        return answer


@pytest.fixture(scope="session")
def running_doors(database_url: str) -> Iterator[Doors]:
    keys = services.settings(http_port=free_port())
    jwks_url = f"http://127.0.0.1:{keys.http_port}/.well-known/jwks.json"
    chosen = services.settings(
        http_port=free_port(),
        database_url=database_url,
        amqp_url=AMQP,
        jwks_url=jwks_url,
        db_pool_size=10,
        db_pool_overflow=20,
    )
    floor = services.settings(
        http_port=free_port(),
        database_url=database_url,
        amqp_url=AMQP,
        jwks_url=jwks_url,
        public_url="https://eat.example",
    )
    runner = Runner([Served(KeyService, keys), Served(PromotionService, chosen, 1), Served(OrderService, floor, 1)])
    runner.start()
    yield Doors(chosen.http_port)
    runner.stop()


@pytest.fixture
def doors(running_doors: Doors, engine: Engine) -> Doors:  # noqa: ARG001  it empties the database behind the test
    """Give the doors of the service on a database that is emptied afterwards."""
    return running_doors


@pytest.fixture
def payment(doors: Doors) -> Iterator[Calls]:  # noqa: ARG001  the service must run
    """Call the service as payment does."""
    with bus.calling(AMQP, "promotion", timeout=10.0) as calls:
        yield calls
