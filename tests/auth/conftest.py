"""The auth service on a real port with a real database; of the order service there is only the door auth knocks on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.auth.keys import KeyFile, new_key_set
from ordering_platform.auth.service import AuthService
from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from ordering_platform.order.errors import TableNotFound
from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.runner import Runner, Served
from tests.support import services
from tests.support.http import Response, call
from tests.support.promised import Promises

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Engine

HERE = "203.0.113.7"
PROMISES = Promises(AuthService)


class OrderService:
    """Knows two tables; each has one session, and remembers who was seated."""

    name = "order"
    seated: list[dict[str, Any]] = []  # noqa: RUF012  shared on purpose: a service object lives for one call

    @rpc(callers=("auth",))
    def open_table_session(
        self, *, table_code: str, guest_id: str, nickname: str | None = None, visit_code: str | None = None
    ) -> dict[str, Any]:
        if table_code not in {"one", "two"}:
            raise TableNotFound
        self.seated.append({"guest_id": guest_id, "nickname": nickname, "visit_code": visit_code})
        return {
            "venue_id": "ven_home",
            "table_id": f"tbl_{table_code}",
            "table_name": f"Table {table_code}",
            "session_id": f"ses_{table_code}",
            "session_status": "open",
        }


class Doors:
    """The doors of the running service; each call says from which address it comes."""

    def __init__(self, port: int, keys: KeyFile) -> None:
        self.port = port
        self.keys = keys

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, *, address: str = HERE
    ) -> Response:
        answer = call(self.port, method, path, body, {"X-Forwarded-For": address, **(headers or {})})
        PROMISES.check(method, path, answer)
        return answer


def served(engine_url: str, key_path: Path, **overrides: Any) -> tuple[Runner, int]:
    """Bind the service and its peer; they are not started."""
    chosen = services.settings(
        database_url=engine_url,
        signing_keys_file=str(key_path),
        trusted_proxies=("127.0.0.1",),
        amqp_url="inproc://auth-tests",
        **overrides,
    )
    peer = services.settings(amqp_url="inproc://auth-tests")
    return Runner([Served(AuthService, chosen), Served(OrderService, peer, 1)]), chosen.http_port


@pytest.fixture(scope="session")
def key_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "signing-keys.json"
    path.write_text(new_key_set())
    return path


@pytest.fixture(scope="session")
def keys(key_path: Path) -> KeyFile:
    return KeyFile(str(key_path))


@pytest.fixture(scope="session")
def running_doors(database_url: str, key_path: Path, keys: KeyFile) -> Iterator[Doors]:
    runner, port = served(database_url, key_path)
    runner.start()
    yield Doors(port, keys)
    runner.stop()


@pytest.fixture
def doors(running_doors: Doors, engine: Engine) -> Doors:  # noqa: ARG001  it empties the database behind the test
    """Give the doors of the service on a database that is emptied afterwards."""
    OrderService.seated.clear()
    return running_doors


@pytest.fixture
def seated() -> list[dict[str, Any]]:
    """Give the guests the order service was told of."""
    return OrderService.seated
