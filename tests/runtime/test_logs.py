"""The log: one JSON object a line, with the request id in it and no secret."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.runtime import context, logs
from tests.support.http import call
from tests.support.services import serving
from tests.support.shop import Shop
from tests.support.tokens import bearer, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Write the log of this process to memory and give what it holds."""
    root, ours, nameko = logging.getLogger(), logging.getLogger(logs.ROOT), logging.getLogger("nameko")
    before = (list(root.handlers), root.level, ours.level, nameko.level)
    stream = io.StringIO()
    logs.setup("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before[0]
    for logger, level in zip((root, ours, nameko), before[1:], strict=True):
        logger.setLevel(level)


def test_every_request_is_one_line(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(Shop.fresh()) as shop:
        call(shop.port, "GET", "/cakes/1", headers={"X-Request-Id": "abc"})
    (line,) = lines()
    assert line.pop("at").endswith("Z")
    assert line.pop("ms") >= 0
    assert line == {
        "level": "info",
        "logger": "ordering.access",
        "message": "request",
        "service": "shop",
        "method": "GET",
        "route": "/cakes/<cake_id>",
        "path": "/cakes/1",
        "status": 200,
        "bytes": 55,
        "peer": "127.0.0.1",
        "request_id": "abc",
        "caller": "",
    }


def test_the_caller_stands_in_the_line_also_when_refused(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(Shop.fresh()) as shop:
        call(shop.port, "POST", "/cakes", {}, bearer("guest"))
    refused = [line for line in lines() if line.get("status") == 403]
    assert [line["caller"] for line in refused] == ["gst_test"]


def test_a_token_in_the_query_is_not_written(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(Shop.fresh()) as shop:
        call(shop.port, "GET", "/cakes?access_token=s3cret")
    assert "s3cret" not in json.dumps(lines())


def test_a_secret_in_the_path_is_not_written(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(Shop.fresh()) as shop:
        assert call(shop.port, "GET", "/receipts/s3cret").status == 200
    assert [line["path"] for line in lines()] == ["/receipts/<token>"]


def test_health_is_not_written(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(Shop.fresh()) as shop:
        call(shop.port, "GET", "/health/live")
        call(shop.port, "GET", "/health/ready")
    assert lines() == []


def test_a_fault_is_written_with_its_traceback_and_its_request(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(Shop.fresh()) as shop:
        call(shop.port, "GET", "/broken", headers={"X-Request-Id": "abc"})
    (fault,) = [line for line in lines() if line["level"] == "error"]
    assert (fault["message"], fault["request_id"]) == ("broken failed", "abc")
    assert "ZeroDivisionError" in fault["traceback"]
    assert "hunter2" not in fault["traceback"]


def test_a_line_of_a_service_carries_the_request_it_belongs_to(lines: Callable[[], list[dict[str, Any]]]) -> None:
    token_before = context.request_id.set("abc")
    try:
        logs.get("shop").warning("the oven is %s", "cold", extra={"fields": {"degrees": 4}})
    finally:
        context.request_id.reset(token_before)
    (line,) = lines()
    assert (line["logger"], line["message"]) == ("ordering.shop", "the oven is cold")
    assert (line["request_id"], line["degrees"]) == ("abc", 4)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cret-token",
        "basic czNjcmV0",
        "postgresql://shop:s3cret@db:5432/x",
        "amqp://shop:s3cret@rabbit//",
        "GET /x?token=s3cret&a=b",
        "password=s3cret",
        token("guest"),
    ],
)
def test_a_secret_in_a_text_is_taken_out(text: str) -> None:
    shown = logs.redact(text)
    assert "***" in shown
    assert "s3cret" not in shown
    assert "czNjcmV0" not in shown
    assert "eyJ" not in shown
