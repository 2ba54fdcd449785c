"""A bounded call to another service: it answers, or it fails in time and says whether repeating is safe."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from nameko.extensions import DependencyProvider

from ordering_platform.runtime import wire
from ordering_platform.runtime.config import settings_of
from ordering_platform.runtime.database import transaction_open
from ordering_platform.runtime.errors import ServiceUnavailable
from ordering_platform.runtime.link import Link, NeverQueued, join_for, leave

if TYPE_CHECKING:
    from collections.abc import Callable

RETRY_FOR = 1.0
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.2


class _Absence:
    """Since when a service has been away: the first callers wait for its return, later ones are told at once."""

    def __init__(self) -> None:
        self._since = self._asked = float("-inf")

    def patience(self, retry_for: float) -> float:
        """How many seconds are left to wait, counted from the first call that found nobody."""
        now = time.monotonic()
        if now - self._asked > retry_for:
            self._since = now
        self._asked = now
        return self._since + retry_for - now

    def end(self) -> None:
        """Note that the service is there."""
        self._asked = float("-inf")


class Calls:
    """The methods of one service, called by name with keyword arguments."""

    def __init__(
        self, link: Link, service: str, timeout: float, retry_for: float = RETRY_FOR, absence: _Absence | None = None
    ) -> None:
        """Call this service over this link; ``timeout`` and ``retry_for`` are seconds."""
        self._link = link
        self._service = service
        self._timeout = timeout
        self._retry_for = retry_for
        self._absence = absence or _Absence()

    def with_timeout(self, seconds: float) -> Calls:
        """Give the same methods with another deadline."""
        return Calls(self._link, self._service, seconds, self._retry_for, self._absence)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        return partial(self._call, method)

    def _call(self, method: str, /, **kwargs: Any) -> Any:
        """Give the result as plain JSON.

        Raises the DomainError the method raised (compare its ``code``); ServiceUnavailable when nobody was
        there to be asked, so that asking again is safe; DeadlineExceeded, or ConnectionLost as a kind of
        it, when the method may or may not have run.
        """
        if transaction_open():
            raise RuntimeError(f"{self._service}.{method} was called while a transaction is open; commit first")
        body = wire.write_call(kwargs)
        deadline = time.monotonic() + self._timeout
        pause = _FIRST_PAUSE
        while True:
            try:
                message = self._link.request(f"{self._service}.{method}", body, deadline)
            except NeverQueued as fault:
                left = min(self._absence.patience(self._retry_for), deadline - time.monotonic())
                if left <= 0:
                    raise ServiceUnavailable(service=self._service) from fault
                self._link.wait(min(pause, left))
                pause = min(_LONGEST_PAUSE, pause * 2)
            else:
                self._absence.end()
                return wire.read_answer(message.body, message.properties)


class Peer(DependencyProvider):  # type: ignore[misc]  # nameko carries no types
    """Gives a service ``self.<peer>.method(name=value)``; touches no network until then."""

    _link: Link | None = None
    calls: Calls

    def __init__(self, service: str) -> None:
        """Name the service that is called."""
        super().__init__()
        self.service = service

    def setup(self) -> None:
        """Share the link of the process; nothing is waited for."""
        settings = settings_of(self.container.config)
        self._link = join_for(self.container)
        self.calls = Calls(self._link, settings.rpc_prefix + self.service, settings.rpc_timeout)

    def stop(self) -> None:
        """Leave the link."""
        link, self._link = self._link, None
        if link is not None:
            leave(link)

    kill = stop

    def get_dependency(self, _worker_ctx: Any) -> Calls:
        """Put the methods of the peer into the service."""
        return self.calls
