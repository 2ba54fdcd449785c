"""Event streams: delivered at once, counted, and gone the moment their client is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import eventlet
import pytest

from ordering_platform.runtime import streams
from tests.support.http import Wire, call
from tests.support.services import Running, serving
from tests.support.shop import Shop
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

ASK = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


class Stage:
    """A shop and its service class, to look at both sides."""

    def __init__(self, shop: Running, service: type[Shop]) -> None:
        self.shop = shop
        self.service = service

    def listen(self, path: bytes = b"/quiet") -> Wire:
        """Open a stream and read its head and first event."""
        wire = Wire(self.shop.port)
        head = wire.send(ASK % path).head()
        assert (head.status, head.headers["content-type"]) == (200, "text/event-stream")
        assert head.headers["cache-control"] == "no-store"
        wire.until(b"\n\n\r\n")
        return wire


@pytest.fixture
def stage() -> Iterator[Stage]:
    service = Shop.fresh()
    with serving(service, max_streams=3, max_workers=1) as shop:
        yield Stage(shop, service)


def test_events_arrive_one_by_one(stage: Stage) -> None:
    with Wire(stage.shop.port) as wire:
        wire.send(ASK % b"/events").head()
        for number in range(1, 4):
            wire.until(b"\r\n")
            assert wire.until(b"\n\n") == f'id: {number}\nevent: cake\ndata: {{"number":{number}}}\n\n'.encode()
            wire.until(b"\r\n")


def test_a_stream_holds_no_worker(stage: Stage) -> None:
    wires = [stage.listen() for _ in range(3)]
    assert stage.shop.container.free_workers == 1
    assert call(stage.shop.port, "GET", "/cakes").status == 200
    for wire in wires:
        wire.close()


def test_a_stream_too_many_is_told_to_come_back(stage: Stage) -> None:
    wires = [stage.listen() for _ in range(3)]
    answer = call(stage.shop.port, "GET", "/quiet")
    assert (answer.status, answer.code) == (503, "overloaded")
    assert "retry-after" in answer.headers
    wires[0].close()
    until(lambda: stage.shop.app.streams == 2)
    stage.listen().close()
    for wire in wires[1:]:
        wire.close()


@pytest.mark.parametrize("leave", [Wire.close, Wire.reset, Wire.finish])
def test_a_quiet_stream_ends_the_moment_its_client_leaves(stage: Stage, leave: object) -> None:
    wire = stage.listen()
    leave(wire)  # type: ignore[operator]
    until(lambda: stage.service.closed_streams == 1)
    until(lambda: (stage.shop.app.streams, len(stage.shop.server)) == (0, 0))
    wire.close()


def test_no_file_descriptor_of_a_stream_outlives_it(stage: Stage) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  numbers, not paths
    for _ in range(20):
        wires = [stage.listen(b"/events") for _ in range(3)]
        for wire in wires:
            wire.close()
        until(lambda: stage.shop.app.streams == 0)
    until(lambda: len(os.listdir("/proc/self/fd")) <= before)  # noqa: PTH208  as above


def test_streams_end_whole_when_the_service_stops(stage: Stage) -> None:
    wire = stage.listen()
    stopping = eventlet.spawn(stage.shop.container.stop)
    assert wire.until(b"0\r\n\r\n") == b"0\r\n\r\n"
    assert wire.ended()
    stopping.wait()
    assert stage.service.closed_streams == 1


def test_a_stream_to_an_old_client_has_no_chunks(stage: Stage) -> None:
    with Wire(stage.shop.port) as wire:
        wire.send(b"GET /events HTTP/1.0\r\n\r\n")
        head = wire.head()
        assert "transfer-encoding" not in head.headers
        assert wire.until(b"\n\n").startswith(b"id: 1\n")


def test_head_of_a_stream_opens_none(stage: Stage) -> None:
    with Wire(stage.shop.port) as wire:
        assert wire.request("HEAD", "/events").status == 200
        assert wire.ended()
    assert stage.shop.app.streams == 0


def test_an_event_may_not_break_out_of_its_lines() -> None:
    with pytest.raises(ValueError, match="one line"):
        streams.sse("1\ndata: x", "cake", {})
    assert streams.sse(None, "cake", "a\nb") == b'event: cake\ndata: "a\\nb"\n\n'


def test_a_stream_that_breaks_ends_without_the_sign_of_a_whole_one(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with Wire(stage.shop.port) as wire:
        wire.send(ASK % b"/breaking").head()
        wire.until(b"\n\n\r\n")
        assert wire.ended()
    assert "a connection broke" in caplog.text
    assert stage.shop.app.streams == 0
    assert call(stage.shop.port, "GET", "/cakes").status == 200


def test_a_client_that_does_not_read_does_not_keep_a_stopping_service(stage: Stage) -> None:
    with Wire(stage.shop.port) as wire:
        wire.send(ASK % b"/flood").head()
        until(lambda: stage.shop.app.streams == 1)
        stage.shop.container.stop()
    assert stage.shop.app.streams == 0


def test_a_stream_may_be_quiet_for_longer_than_anything_else_may_take() -> None:
    service = Shop.fresh()
    with (
        serving(service, body_timeout=0.05, header_timeout=0.05, request_timeout=0.05) as shop,
        Wire(shop.port) as wire,
    ):
        wire.send(ASK % b"/quiet").head()
        wire.until(b"\n\n\r\n")
        assert call(shop.port, "GET", "/nap/9.0").code == "deadline_exceeded"
        assert shop.app.streams == 1
        service.gate.send(None)
        assert wire.until(b"0\r\n\r\n") == b"0\r\n\r\n"
