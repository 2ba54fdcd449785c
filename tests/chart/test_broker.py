"""The users the chart gives the broker, on a real RabbitMQ: each serves its own queue and is known by its name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.errors import DomainError
from tests.chart.rendering import PROFILES, Helm
from tests.support import rabbitmq
from tests.support.bus import calling, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.broker

DEVELOPMENT = PROFILES[1]


class Order:
    name = "order"

    @rpc(callers=("payment",))
    def open_up(self) -> str:
        return "open"


@pytest.fixture(scope="module")
def url_of(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Let the node import what the chart would have it load, and give the address for a user."""
    definitions = helm.render(DEVELOPMENT).named("Secret", "broker")["stringData"]["definitions.json"]
    file: Path = tmp_path_factory.mktemp("broker") / "definitions.json"
    file.write_text(definitions)
    file.chmod(0o644)
    node = rabbitmq.shared_node()
    node.control("import_definitions", str(file))
    passwords = {user["name"]: user["password"] for user in json.loads(definitions)["users"]}
    return lambda user: f"amqp://{user}:{passwords[user]}@127.0.0.1:{node.port}/"


def test_a_service_calls_another_and_is_known_by_its_user(url_of: Callable[[str], str]) -> None:
    with serving(Order, url_of("order")), calling(url_of("payment"), "order") as order:
        assert order.open_up() == "open"


def test_a_service_that_is_not_among_the_callers_is_refused(url_of: Callable[[str], str]) -> None:
    with (
        serving(Order, url_of("order")),
        calling(url_of("promotion"), "order") as order,
        pytest.raises(DomainError) as caught,
    ):
        order.open_up()
    assert caught.value.code == "caller_not_allowed"
