"""What a process tells Prometheus: requests by route and status, their time, and gauges others plug in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from ordering_platform.runtime.replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/metrics"

_requests = Counter("http_requests", "Finished HTTP requests", ("service", "method", "route", "status"))
_seconds = Histogram(
    "http_request_seconds",
    "Seconds from the last byte of a request to its reply",
    ("service", "route"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_gauge = Gauge("service_gauge", "Present values of a service", ("service", "name"))

# Looking up a child by its labels costs more than counting with it; routes and statuses are few.
_children: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}
_gauges: dict[str, set[str]] = {}


def finished(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one request; ``route`` is the rule, never the path, so that the number of series stays small."""
    key = (service, method, route, status)
    found = _children.get(key)
    if found is None:
        found = _children[key] = (
            _requests.labels(service, method, route, str(status)),
            _seconds.labels(service, route),
        )
    found[0].inc()
    found[1].observe(seconds)


def gauge(service: str, name: str, read: Callable[[], float]) -> None:
    """Show a value that ``read`` gives whenever Prometheus asks, until the service is forgotten."""
    _gauge.labels(service, name).set_function(read)
    _gauges.setdefault(service, set()).add(name)


def forget(service: str) -> None:
    """Show no more gauges of a service that has stopped."""
    for name in _gauges.pop(service, ()):
        _gauge.remove(service, name)


def exposition() -> Reply:
    """Give every metric of the process in Prometheus' text format."""
    return Reply(200, [("Content-Type", CONTENT_TYPE_LATEST)], generate_latest())
