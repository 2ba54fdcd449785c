"""The auth service on a real port; of the order service there is only the door auth knocks on."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

from ordering_platform.auth.keys import KeyFile
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

HERE = "203.0.113.7"
PROMISES = Promises(AuthService)

_numbers = count()


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


@contextmanager
def serving(
    database_url: str, key_path: Path, peers: tuple[type, ...] = (OrderService,), **overrides: Any
) -> Iterator[Doors]:
    """Run the service with its peers; ``overrides`` are settings by name."""
    bus = f"inproc://auth-{next(_numbers)}"
    chosen = services.settings(
        database_url=database_url,
        signing_keys_file=str(key_path),
        trusted_proxies=("127.0.0.1",),
        amqp_url=bus,
        **overrides,
    )
    others = [Served(peer, services.settings(amqp_url=bus), 1) for peer in peers]
    runner = Runner([Served(AuthService, chosen), *others])
    runner.start()
    try:
        yield Doors(chosen.http_port, KeyFile(str(key_path)))
    finally:
        runner.stop()
