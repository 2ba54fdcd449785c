"""Services and callers on a broker, for the length of a block."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.runtime import config
from ordering_platform.runtime.container import Container
from ordering_platform.runtime.errors import DomainError
from ordering_platform.runtime.link import join, leave
from ordering_platform.runtime.peers import Calls
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.link import Link

HEARTBEAT = 10


def settings(amqp_url: str, **overrides: Any) -> Settings:
    """Give settings for a service that needs nothing but a broker."""
    needed = {"database_url": "postgresql://nowhere/none", "jwks_url": "http://nowhere", "public_url": "http://nowhere"}
    return config.load({}, amqp_url=amqp_url, **{**needed, **overrides})


@contextmanager
def serving(service: type, amqp_url: str, **overrides: Any) -> Iterator[Container]:
    """Run a service; the block begins when the broker delivers to it."""
    container = Container(service, {"settings": settings(amqp_url, **overrides)})
    container.start()
    try:
        until(lambda: desk_of(container).ear.listening)
        yield container
    finally:
        container.stop()


def desk_of(container: Container) -> Any:
    """Give the desk of a service that has RPC doors."""
    return next(one for one in container.shared_extensions.values() if type(one).__name__ == "Desk")


@contextmanager
def linked(amqp_url: str, heartbeat: int = HEARTBEAT) -> Iterator[Link]:
    """Join the link to a broker; the block begins when it is there."""
    link = join(amqp_url, heartbeat)
    try:
        until(lambda: link.usable)
        yield link
    finally:
        leave(link)


@contextmanager
def calling(amqp_url: str, service: str, timeout: float = 3.0, retry_for: float = 1.0) -> Iterator[Calls]:
    """Call a service as a peer does."""
    with linked(amqp_url) as link:
        yield Calls(link, service, timeout, retry_for)


def failure_of(call: Any, **kwargs: Any) -> DomainError:
    """Give the error a call ends with."""
    with pytest.raises(DomainError) as caught:
        call(**kwargs)
    return caught.value
