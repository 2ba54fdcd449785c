"""A port for the eyes of the cluster only: /metrics of the whole process, opened once however many services run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.runtime import context, metrics
from ordering_platform.runtime.errors import MethodNotAllowed, NotFound
from ordering_platform.runtime.port import Port
from ordering_platform.runtime.problems import problem

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.errors import DomainError
    from ordering_platform.runtime.replies import Reply

_ports: dict[int, Port] = {}


class Internal:
    """Answers the few addresses of the internal port."""

    draining = False

    def handle(self, environ: dict[str, Any], _body: bytes) -> Reply:
        """Give the metrics, or say that there is nothing else."""
        if environ["PATH_INFO"] != metrics.PATH:
            return self.refuse(NotFound("There is nothing at this address."), environ)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self.refuse(MethodNotAllowed(allow=["GET", "HEAD"]), environ)
        return metrics.exposition()

    def refuse(self, error: DomainError, environ: dict[str, Any]) -> Reply:
        """Say no as a problem document."""
        return problem(error, environ.get("PATH_INFO", ""), context.new_request_id())


def is_open(number: int) -> bool:
    """Whether this process has opened its internal port there."""
    return number in _ports


def open_once(settings: Settings) -> None:
    """Open the internal port of the settings unless it is 0 or open already; it stays until the process ends."""
    number = settings.internal_port
    if number and number not in _ports:
        # Never shared: two processes would take turns in telling their own numbers as those of both.
        _ports[number] = Port(Internal(), settings, number)


def close_all() -> None:
    """Close the internal ports of this process."""
    while _ports:
        _, port = _ports.popitem()
        port.close()
        port.cut()
