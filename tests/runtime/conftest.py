"""A broker of each kind, and a service and its caller on it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import eventlet
import pytest

from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from tests.support import rabbitmq
from tests.support.bus import calling, serving
from tests.support.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.container import Container
    from ordering_platform.runtime.peers import Calls

_names = itertools.count(1)


@pytest.fixture(params=["inproc", pytest.param("rabbitmq", marks=pytest.mark.broker)])
def amqp_url(request: pytest.FixtureRequest) -> str:
    return f"inproc://test-{next(_names)}" if request.param == "inproc" else rabbitmq.shared_node().url


@pytest.fixture
def service(amqp_url: str) -> Iterator[Container]:
    Vault.started = []
    Vault.gate = eventlet.Event()
    with serving(Vault, amqp_url, max_workers=2) as container:
        yield container


@pytest.fixture
def vault(service: Container, amqp_url: str) -> Iterator[Calls]:
    assert service.started
    with calling(amqp_url, "vault") as calls:
        yield calls
