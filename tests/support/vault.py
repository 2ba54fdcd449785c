"""A service for tests of RPC: its doors answer, refuse, fail and wait in every way there is."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import eventlet
import sqlalchemy as sa

from ordering_platform.runtime import context
from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.errors import Conflict, FieldError


class NothingLeft(Conflict):
    """The last one is sold."""


class Vault:
    name = "vault"
    started: list[str] = []  # noqa: RUF012  what the doors saw, across instances
    gate = eventlet.Event()

    @rpc(callers=("teller",))
    def store(self, *, what: str, times: int = 1) -> dict[str, Any]:
        return {"stored": what * times, "request_id": context.request_id.get(), "trace": context.traceparent.get()}

    @rpc(callers=("teller",))
    def positional(self, what: str, /) -> str:
        return what

    @rpc(callers=("teller",))
    def refuse(self) -> None:
        raise NothingLeft("none of 7 left", errors=[FieldError("/n", "too_many", "one at most")], retry_after=3, item=7)

    @rpc(callers=("teller",))
    def break_down(self) -> None:
        raise sa.exc.ProgrammingError("SELECT secret FROM users", {"password": "hunter2"}, Exception("no such table"))

    @rpc(callers=("teller",))
    def stop_everything(self) -> None:
        raise BaseException("not even an Exception")  # noqa: TRY002  that is the point

    @rpc(callers=("teller",))
    def time_out(self) -> None:
        raise eventlet.Timeout(0.1)

    @rpc(callers=("teller",))
    def give_decimal(self) -> Any:
        return {"price": Decimal("2.50")}

    @rpc(callers=("teller",))
    def give_moment(self) -> Any:
        return {"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}

    @rpc(callers=("teller",))
    def echo(self, *, value: Any) -> Any:
        return value

    @rpc(callers=("teller",))
    def wait(self, *, name: str) -> str:
        Vault.started.append(name)
        Vault.gate.wait()
        return name
