"""Runs one or several services in one process: starts back to front, stops front to back, within bounds."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.event import Event

from ordering_platform.runtime import internal, logs, port
from ordering_platform.runtime.container import Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ordering_platform.runtime.config import Settings

_log = logs.get("runner")
_AFTER_GRACE = 5.0
_LEAST_GRACE = 0.5


@dataclass(frozen=True, slots=True)
class Served:
    """A service with its settings; lower tiers stop first, so the gateway is tier 0."""

    service: type
    settings: Settings
    tier: int = 0


class Runner:
    """The services of one process, started and stopped together."""

    def __init__(self, served: Sequence[Served]) -> None:
        """Bind every service; nothing is opened yet."""
        self._served = served
        self._tiers: dict[int, list[Container]] = {}
        self.containers: dict[str, Container] = {}
        for one in served:
            container = Container(one.service, _nameko_config(one.settings))
            self._tiers.setdefault(one.tier, []).append(container)
            self.containers[container.service_name] = container
        for tier in sorted(self._tiers)[1:]:
            # Only the front is watched by a load balancer.
            for container in self._tiers[tier]:
                container.drain_delay = 0.0

    def start(self) -> None:
        """Start the last tier first; when one service cannot start, those that run are stopped again.

        Raises PortTaken before anything has started.
        """
        for one in self._served:
            port.refuse_taken(one.settings.http_host, one.settings.http_port, _sharing(one))
            inside = one.settings.internal_port
            if inside and not internal.is_open(inside):
                port.refuse_taken(one.settings.http_host, inside, None)
        try:
            for tier in sorted(self._tiers, reverse=True):
                _all(container.start for container in self._tiers[tier])
        except BaseException:
            self.kill()
            raise

    def stop(self, grace: float | None = None) -> bool:
        """Stop tier by tier, each drained and finished before the next; whether no force was needed.

        ``grace`` seconds, or the longest of the settings, are for all tiers together.
        """
        given = max(one.settings.grace_period for one in self.containers.values()) if grace is None else grace
        deadline = time.monotonic() + given
        for tier in sorted(self._tiers):
            left = max(deadline - time.monotonic(), _LEAST_GRACE)
            _all(partial(container.stop, left) for container in self._tiers[tier])
        return not any(container.forced for container in self.containers.values())

    def hurry(self) -> None:
        """Leave out the time in which a load balancer would notice."""
        for container in self.containers.values():
            container.drain_delay = 0.0

    def kill(self) -> None:
        """Stop everything without waiting for anybody."""
        for tier in sorted(self._tiers):
            for container in self._tiers[tier]:
                container.kill()

    def wait(self) -> None:
        """Block until every service has stopped; raises what made one of them die."""
        for container in self.containers.values():
            container.wait()


def run(served: Sequence[Served], *, ready: Callable[[Runner], None] | None = None) -> int:
    """Serve until SIGTERM or SIGINT, then drain; gives the exit code. ``ready`` is called once all run.

    SIGINT (somebody at a keyboard) does not wait for a load balancer to notice; a second signal ends the
    process on the spot. Past the longest grace period of the services the stop is forced.
    """
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, partial(_on_signal, stopping))
    runner = Runner(served)
    try:
        runner.start()
    except port.PortTaken as taken:
        _log.critical("%s", taken)
        return 1
    for container in runner.containers.values():
        eventlet.spawn(_report_death, container, stopping)
    if ready is not None:
        ready(runner)
    cause = stopping.wait()
    grace = max(one.settings.grace_period for one in served)
    # The kernel's clock: it ends even a process whose loop is stuck in a computation.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, grace + _AFTER_GRACE)
    if isinstance(cause, BaseException):
        _log.critical("a service died", exc_info=cause)
        runner.kill()
        return 1
    if cause == signal.SIGINT:
        runner.hurry()
    return 0 if runner.stop(grace) else 1


def _on_signal(stopping: Event, number: int, _frame: Any) -> None:
    if stopping.ready():
        os._exit(128 + number)
    stopping.send(number)


def _report_death(container: Container, stopping: Event) -> None:
    try:
        container.wait()
    except Exception as fault:  # noqa: BLE001  whatever killed it, the process has to end and say so
        if not stopping.ready():
            stopping.send(fault)


def _sharing(one: Served) -> str | None:
    name: str = one.service.name  # type: ignore[attr-defined]  # nameko demands it of every service
    return name if one.settings.reuse_port else None


def _all(calls: Iterable[Callable[[], None]]) -> None:
    for running in [eventlet.spawn(call) for call in calls]:
        running.wait()


def _nameko_config(settings: Settings) -> dict[str, Any]:
    return {"settings": settings, "AMQP_URI": settings.amqp_url, "HEARTBEAT": settings.heartbeat}
