"""Whether a service is alive and whether it should be sent requests; never waits for a worker."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import eventlet

from ordering_platform.runtime import logs

if TYPE_CHECKING:
    from collections.abc import Callable

LIVE = "/health/live"
READY = "/health/ready"

_BOUND = 1.0
_FRESH = 1.0

_log = logs.get("health")


class Readiness:
    """Named checks of what a service cannot work without; each bounded, the outcome kept for a second."""

    def __init__(self) -> None:
        """Begin without checks: nothing needed, ready at once."""
        self._checks: dict[str, Callable[[], Any]] = {}
        self._faults: dict[str, str] = {}
        self._seen_at = float("-inf")
        self._running: Any = None

    def add(self, name: str, check: Callable[[], Any]) -> None:
        """Register a check; it raises, or returns False, while the thing it names is away."""
        self._checks[name] = check
        self._seen_at = float("-inf")

    def faults(self) -> dict[str, str]:
        """Give what is away, by name; checks run at most once a second and all at once."""
        if time.monotonic() - self._seen_at < _FRESH:
            return self._faults
        if self._running is None:
            self._running = eventlet.spawn(self._look)
        self._running.wait()
        return self._faults

    def _look(self) -> None:
        try:
            probes = {name: eventlet.spawn(_probe, name, check) for name, check in self._checks.items()}
            outcomes = {name: probe.wait() for name, probe in probes.items()}
            self._faults = {name: fault for name, fault in outcomes.items() if fault}
            self._seen_at = time.monotonic()
        finally:
            self._running = None


def _probe(name: str, check: Callable[[], Any]) -> str:
    try:
        with eventlet.Timeout(_BOUND):
            return "away" if check() is False else ""
    except (Exception, eventlet.Timeout) as fault:  # noqa: BLE001  a check may fail in any way; all mean "away"
        _log.info("%s is away: %s", name, type(fault).__name__)
        return "away"
