"""The doors of a service: ``http``, ``rpc`` and ``timer``; everything fixed is worked out at import."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import eventlet
from eventlet.event import Event
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR, Entrypoint, register_entrypoint

from ordering_platform.runtime import logs
from ordering_platform.runtime.doors import Door, described
from ordering_platform.runtime.rpc import rpc
from ordering_platform.runtime.web import WebServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.errors import DomainError
    from ordering_platform.runtime.identity import Who

__all__ = ["Door", "doors", "http", "rpc", "timer"]

F = TypeVar("F", bound="Callable[..., Any]")

_log = logs.get("timer")


def http(
    method: str,
    url: str,
    *,
    who: Who,
    body: Any = None,
    body_optional: bool = False,
    query: Any = None,
    answers: Any = None,
    produces: tuple[str, ...] = (),
    status: int = 200,
    idempotent: bool = False,
    raw: bool = False,
    raises: tuple[type[DomainError], ...] = (),
    relays: tuple[str, ...] = (),
    deadline: float | None = None,
) -> Callable[[F], F]:
    """Open an HTTP door to a method, which is called with a Request and the variables of the address.

    ``body`` and ``query`` are schemas; ``body_optional`` takes a request without a body for ``{}``; ``raw``
    leaves the body as bytes; ``produces`` names media types the door may answer besides JSON; ``relays`` lists
    the codes of a peer's refusals that pass through; ``deadline`` is in seconds and replaces the service's own.
    """
    door_of = partial(
        Door,
        method=method,
        url=url,
        who=who,
        body=_instance(body),
        body_optional=body_optional,
        query=_instance(query),
        answers=answers,
        produces=produces,
        status=status,
        idempotent=idempotent,
        raw=raw,
        raises=raises,
        relays=relays,
        deadline=deadline,
    )

    def open_door(fn: F) -> F:
        register_entrypoint(fn, HttpDoor(described(door_of, fn)))
        return fn

    return open_door


def timer(seconds: float) -> Callable[[F], F]:
    """Run a method every ``seconds`` while the service runs; one run at a time, errors logged and survived."""

    def wind_up(fn: F) -> F:
        register_entrypoint(fn, Timer(seconds))
        return fn

    return wind_up


def doors(service_cls: type) -> list[Door]:
    """List the HTTP doors of a service with all that is known about them, by address and method."""
    found = []
    for name in dir(service_cls):
        entrypoints = getattr(getattr(service_cls, name), ENTRYPOINT_EXTENSIONS_ATTR, ())
        found += [one.door for one in entrypoints if isinstance(one, HttpDoor)]
    return sorted(found, key=lambda door: (door.url, door.method))


def _instance(schema: Any) -> Any:
    return schema() if isinstance(schema, type) else schema


class HttpDoor(Entrypoint):  # type: ignore[misc]  # nameko carries no types
    """One address of a service, answered by one of its methods in a worker."""

    server = WebServer()

    def __init__(self, door: Door) -> None:
        """Keep what the decorator worked out."""
        super().__init__()
        self.door = door
        self.discreet = door.discreet

    def setup(self) -> None:
        """Tell the web server of this address."""
        self.server.register_provider(self)

    def stop(self) -> None:
        """Leave the web server, which has been drained by now."""
        self.server.unregister_provider(self)


class Timer(Entrypoint):  # type: ignore[misc]  # nameko carries no types
    """Calls its method in a worker at a steady pace."""

    def __init__(self, seconds: float) -> None:
        """Remember the pace; nothing runs before the service has started."""
        super().__init__()
        self._seconds = seconds
        self._stopping = Event()
        self._clock: Any = None

    def start(self) -> None:
        """Begin to count; the first run comes one interval later."""
        self._clock = eventlet.spawn(self._run)

    def stop(self) -> None:
        """Begin no further run; the present one is finished by the container."""
        if not self._stopping.ready():
            self._stopping.send(None)

    def kill(self) -> None:
        """Stop counting at once."""
        if self._clock is not None:
            self._clock.kill()

    def _run(self) -> None:
        due = time.monotonic() + self._seconds
        while not self._stop_within(due - time.monotonic()):
            finished = Event()
            self.container.spawn_worker(self, (), {}, handle_result=partial(_note_end, finished))
            finished.wait()
            # A run that took longer than the interval is followed by the next one at once, not by two.
            due = max(due + self._seconds, time.monotonic())

    def _stop_within(self, seconds: float) -> bool:
        with eventlet.Timeout(max(seconds, 0.0), exception=False):
            self._stopping.wait()
            return True
        return self._stopping.ready()


def _note_end(finished: Event, worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
    if exc_info is not None:
        _log.warning("%s was refused: %s", worker_ctx.entrypoint.method_name, exc_info[1])
    finished.send(None)
    return result, exc_info
