"""Stock nameko on either side: its clients call our services, and we call its services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import amqp
import pytest
from nameko.containers import ServiceContainer
from nameko.exceptions import IncorrectSignature, MethodNotFound, RemoteError
from nameko.rpc import rpc as stock_rpc
from nameko.standalone.rpc import ClusterRpcProxy

from ordering_platform.runtime.container import Container
from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.errors import Conflict, DomainError
from tests.support import rabbitmq
from tests.support.bus import calling, failure_of, serving, settings
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator


class NoTable(Conflict):
    """There is no table left."""


class Ours:
    name = "ours"

    @rpc(callers=())
    def add(self, one: int, other: int = 1) -> dict[str, int]:
        return {"sum": one + other}

    @rpc(callers=())
    def refuse(self) -> None:
        raise NoTable(seats=4)


class Stock:
    name = "stock"

    @stock_rpc
    def add(self, one: int, other: int = 1) -> dict[str, int]:
        return {"sum": one + other}

    @stock_rpc
    def break_down(self) -> None:
        raise LookupError("in a stock service")


@pytest.fixture
def stock_client(amqp_url: str) -> Iterator[Any]:
    with serving(Ours, amqp_url), ClusterRpcProxy({"AMQP_URI": amqp_url}, timeout=3) as proxy:
        yield proxy


@pytest.fixture
def stock_service(amqp_url: str) -> Iterator[None]:
    container = ServiceContainer(Stock, {"AMQP_URI": amqp_url})
    container.start()
    yield
    container.stop()


def test_a_stock_client_calls_our_service(stock_client: Any) -> None:
    assert stock_client.ours.add(1, other=2) == {"sum": 3}


def test_a_stock_client_sees_our_error_by_name(stock_client: Any) -> None:
    with pytest.raises(RemoteError) as caught:
        stock_client.ours.refuse()
    assert caught.value.exc_type == "NoTable"
    assert caught.value.value == "no_table: There is no table left."


def test_a_stock_client_gets_its_own_errors_back(stock_client: Any) -> None:
    with pytest.raises(MethodNotFound):
        stock_client.ours.subtract(1)
    with pytest.raises(IncorrectSignature):
        stock_client.ours.add(one=1, two=2)


def test_our_service_runs_in_a_stock_container_with_the_environment_as_its_settings(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://nowhere/none",
        "AMQP_URL": amqp_url,
        "JWKS_URL": "http://nowhere",
        "PUBLIC_URL": "http://nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    container = ServiceContainer(Ours, {})
    container.start()
    with calling(amqp_url, "ours") as ours:
        assert ours.add(one=1, other=2) == {"sum": 3}
        assert failure_of(ours.refuse).code == "no_table"
    container.stop()


@pytest.mark.usefixtures("stock_service")
def test_we_call_a_stock_service(amqp_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with calling(amqp_url, "stock") as stock:
        assert stock.add(one=1, other=2) == {"sum": 3}
        with pytest.raises(DomainError) as caught:
            stock.break_down()
    assert caught.value.code == "internal_error"
    assert "LookupError: in a stock service" in caplog.text


@pytest.mark.broker
def test_an_old_durable_queue_of_the_same_name_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    url = rabbitmq.shared_node().url
    container = Container(Ours, {"settings": settings(url)})
    with amqp.Connection(url.rpartition("@")[2].partition("/")[0]) as connection:
        channel = connection.channel()
        channel.queue_declare("rpc-ours", durable=True, auto_delete=False)
        try:
            container.start()
            until(lambda: "inequivalent arg" in caplog.text and "rpc-ours" in caplog.text)
        finally:
            container.stop()
            channel.queue_delete("rpc-ours")
