"""Runs a service of a test inside the test's process, on a port of its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordering_platform.runtime import config
from ordering_platform.runtime.entrypoints import HttpDoor
from ordering_platform.runtime.runner import Runner, Served
from tests.support.http import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.app import App
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.container import Container
    from ordering_platform.runtime.port import Port


@dataclass(slots=True)
class Running:
    container: Container
    port: int

    @property
    def server(self) -> Port:
        """The open port itself, to look at its connections."""
        found: Port = self._web.port
        return found

    @property
    def app(self) -> App:
        found: App = self._web.app
        return found

    @property
    def _web(self) -> Any:
        return next(iter(one.server for one in self.container.entrypoints if isinstance(one, HttpDoor)))


def settings(**overrides: Any) -> Settings:
    """Give settings for a service that needs neither database nor broker, with nothing to wait for."""
    port = overrides.setdefault("http_port", free_port())
    defaults: dict[str, Any] = {
        "database_url": "postgresql://nobody@127.0.0.1:9/nothing",
        "amqp_url": "inproc://tests",
        "jwks_url": f"http://127.0.0.1:{port}/.well-known/jwks.json",
        "public_url": "http://localhost",
        "http_host": "127.0.0.1",
        "drain_delay": 0.0,
        "grace_period": 5.0,
    }
    return config.load({}, **{**defaults, **overrides})


@contextmanager
def serving(service: type, **overrides: Any) -> Iterator[Running]:
    """Run a service; ``overrides`` are settings by name."""
    chosen = settings(**overrides)
    runner = Runner([Served(service, chosen)])
    runner.start()
    try:
        yield Running(next(iter(runner.containers.values())), chosen.http_port)
    finally:
        runner.stop()
