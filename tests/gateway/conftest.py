"""A gateway on a free port, in front of whatever a test puts behind it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.gateway.service import GatewayService
from ordering_platform.runtime.config import load
from ordering_platform.runtime.container import Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def gateway() -> Iterator[Callable[..., str]]:
    """Give a function that starts a gateway with some settings and gives its address."""
    with ExitStack() as stack:

        def start(**overrides: Any) -> str:
            values: dict[str, Any] = {
                "database_url": "postgresql://nobody@127.0.0.1:9/none",
                "amqp_url": "inproc://tests",
                "jwks_url": f"{NOWHERE}/.well-known/jwks.json",
                "public_url": "http://127.0.0.1",
                "http_host": "127.0.0.1",
                "http_port": 0,
                "drain_delay": 0.0,
                "rate_limits": False,
                **{f"{name}_url": NOWHERE for name in ("auth", "order", "payment", "promotion")},
                **overrides,
            }
            container = Container(GatewayService, {"settings": load({}, **values)})
            container.start()
            stack.callback(container.stop)
            port = next(one.port.number for one in container.shared_extensions.values() if hasattr(one, "port"))
            return f"http://127.0.0.1:{port}"

        yield start
