"""A bounded call to another service: it answers, or it fails in time and says whether repeating is safe."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import eventlet
from nameko.extensions import DependencyProvider

from ordering_platform.runtime import wire
from ordering_platform.runtime.config import settings_of
from ordering_platform.runtime.database import transaction_open
from ordering_platform.runtime.errors import ServiceUnavailable
from ordering_platform.runtime.link import Link, NeverQueued, join, leave

if TYPE_CHECKING:
    from collections.abc import Callable

RETRY_FOR = 1.0
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.2


class Calls:
    """The methods of one service, called by name with keyword arguments."""

    def __init__(self, to: Link, service: str, timeout: float, retry_for: float = RETRY_FOR) -> None:
        """Call this service over this link; ``timeout`` and ``retry_for`` are seconds."""
        self._link = to
        self._service = service
        self._timeout = timeout
        self._retry_for = retry_for

    def with_timeout(self, seconds: float) -> Calls:
        """Give the same methods with another deadline."""
        return Calls(self._link, self._service, seconds, self._retry_for)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self._call, method)

    def _call(self, method: str, /, **kwargs: Any) -> Any:
        if transaction_open():
            raise RuntimeError(f"{self._service}.{method} was called while a transaction is open; commit first")
        body = wire.write_call(kwargs)
        start = time.monotonic()
        deadline = start + self._timeout
        give_up = min(deadline, start + self._retry_for)
        pause = _FIRST_PAUSE
        while True:
            try:
                message = self._link.request(f"{self._service}.{method}", body, deadline)
                return wire.read_answer(message.body, message.properties)
            except NeverQueued as fault:
                left = give_up - time.monotonic()
                if left <= 0:
                    raise ServiceUnavailable(service=self._service) from fault
                eventlet.sleep(min(pause, left))
                pause = min(_LONGEST_PAUSE, pause * 2)


class Peer(DependencyProvider):  # type: ignore[misc]  # nameko carries no types
    """Gives a service ``self.<peer>.method(name=value)``; touches no network until then."""

    calls: Calls

    def __init__(self, service: str) -> None:
        """Name the service that is called."""
        super().__init__()
        self.service = service

    def setup(self) -> None:
        """Share the link of the process; nothing is waited for."""
        settings = settings_of(self.container.config)
        self._link = join(settings.amqp_url, settings.heartbeat)
        self.calls = Calls(self._link, settings.rpc_prefix + self.service, settings.rpc_timeout)

    def stop(self) -> None:
        """Leave the link."""
        leave(self._link)

    def get_dependency(self, _worker_ctx: Any) -> Calls:
        """Put the methods of the peer into the service."""
        return self.calls
