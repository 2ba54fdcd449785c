"""Whatever is sent to a port, every answer is whole and the service is as well as before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.http import ConnectionEnded, Wire, call
from tests.support.services import Running, serving
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = st.sampled_from(
    [b"GET /cakes HTTP/1.1", b"POST /open-cakes HTTP/1.1", b"HEAD /cakes HTTP/1.0", b"DELETE * HTTP/1.1"]
)
FIELDS = st.sampled_from(
    [
        b"Host: x",
        b"Content-Length: 2",
        b"Content-Length: 99",
        b"Content-Type: application/json",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Authorization: Bearer x",
        b"Accept: image/png",
        b"Idempotency-Key: 12345678",
        b"X-Request-Id: \xff",
        b" folded",
        b"broken",
    ]
)
BODIES = st.sampled_from([b"", b"{}", b"[]", b'{"name": "a"}', b"0\r\n\r\n", b"\xff\xfe", b"GET / HTTP/1.1\r\n\r\n"])
REQUESTS = st.builds(
    lambda line, fields, body: b"\r\n".join([line, *fields, b"", body]), LINES, st.lists(FIELDS, max_size=6), BODIES
)


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    with serving(Shop.fresh(), header_timeout=0.5, body_timeout=0.5) as running:
        yield running


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.one_of(st.binary(max_size=200), st.lists(REQUESTS, min_size=1, max_size=3).map(b"".join)))
def test_every_answer_is_whole_and_the_service_goes_on(
    shop: Running, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    with Wire(shop.port) as wire:
        wire.send(sent).finish()
        try:
            while True:
                answer = wire.response(bodyless=sent.startswith(b"HEAD"))
                assert answer.status in {100, 200, 201, 400, 401, 404, 405, 406, 408, 411, 413, 415, 422, 501, 505}
        except (ConnectionEnded, ConnectionResetError):
            pass
    assert call(shop.port, "GET", "/cakes/1").status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
