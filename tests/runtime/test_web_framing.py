"""What a service answers to bytes that are not, or not quite, an HTTP request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ordering_platform.runtime.framing import MAX_HEADERS
from tests.support.http import PATIENCE, ConnectionEnded, Wire, call, request_bytes, say
from tests.support.services import Running, serving
from tests.support.shop import Shop
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    with serving(Shop.fresh(), header_timeout=0.3, body_timeout=0.3, max_body=1024) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_at_error_level(caplog: pytest.LogCaptureFixture, shop: Running) -> Iterator[None]:
    yield
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert call(shop.port, "GET", "/cakes").status == 200


GET = b"GET /cakes HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /open-cakes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

REFUSED = {
    "length that is no number": (POST + b"Content-Length: abc\r\n\r\n", 400, "malformed_request"),
    "negative length": (POST + b"Content-Length: -5\r\n\r\n", 400, "malformed_request"),
    "length with a plus": (POST + b"Content-Length: +5\r\n\r\n12345", 400, "malformed_request"),
    "length with a space inside": (POST + b"Content-Length: 1 2\r\n\r\n", 400, "malformed_request"),
    "length in other digits": (POST + "Content-Length: \u00b2\r\n\r\n".encode("latin-1"), 400, "malformed_request"),
    "empty length": (POST + b"Content-Length: \r\n\r\n", 400, "malformed_request"),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "malformed_request"),
    "two lengths in one": (POST + b"Content-Length: 2, 2\r\n\r\n{}", 400, "malformed_request"),
    "length and chunks": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 411, "length_required"),
    "chunks of nonsense": (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 411, "length_required"),
    "a huge chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", 411, "length_required"),
    "unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n", 501, "not_implemented_here"),
    "coding twice": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "not_implemented_here"),
    "coding hidden by a space": (POST + b"Transfer-Encoding : chunked\r\n\r\n", 400, "malformed_request"),
    "chunks in HTTP/1.0": (
        b"POST /open-cakes HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "no host": (b"GET /cakes HTTP/1.1\r\n\r\n", 400, "malformed_request"),
    "two hosts": (b"GET /cakes HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed_request"),
    "a host of many words": (b"GET /cakes HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed_request"),
    "a host too long": (b"GET /cakes HTTP/1.1\r\nHost: " + b"a" * 300 + b"\r\n\r\n", 400, "malformed_request"),
    "two authorizations": (
        GET + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        400,
        "malformed_request",
    ),
    "version of the future": (b"GET /cakes HTTP/9.9\r\nHost: x\r\n\r\n", 505, "http_version_not_supported"),
    "version 2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version_not_supported"),
    "no version": (b"GET /cakes\r\n\r\n", 400, "malformed_request"),
    "version that is none": (b"GET /cakes ICY/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "four words": (b"GET /cakes HTTP/1.1 x\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "two spaces": (b"GET  /cakes HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "long address": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long"),
    "long address without end": (b"GET /" + b"a" * 20000, 414, "uri_too_long"),
    "long header": (GET + b"X-Long: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
    "many headers": (
        GET + b"".join(b"X-H%d: 1\r\n" % n for n in range(MAX_HEADERS)) + b"\r\n",
        431,
        "headers_too_large",
    ),
    "headers without end": (
        GET + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 4000) for n in range(20)),
        431,
        "headers_too_large",
    ),
    "NUL in the address": (b"GET /cakes/a\0b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "NUL in the address, quoted": (b"GET /cakes/a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "NUL in a header": (GET + b"X-A: a\0b\r\n\r\n", 400, "malformed_request"),
    "folded header": (GET + b"X-A: a\r\n b\r\n\r\n", 400, "malformed_request"),
    "header without colon": (GET + b"nonsense\r\n\r\n", 400, "malformed_request"),
    "header without name": (GET + b": a\r\n\r\n", 400, "malformed_request"),
    "bare line feeds": (b"GET /cakes HTTP/1.1\nHost: x\n\n", 400, "malformed_request"),
    "one bare line feed": (b"GET /cakes HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n", 400, "malformed_request"),
    "bare carriage return": (GET + b"X-A: a\rb\r\n\r\n", 400, "malformed_request"),
    "address in broken UTF-8": (b"GET /cakes/%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "address of broken bytes": (b"GET /cakes/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "address without slash": (b"GET cakes HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "malformed_request"),
    "body too large": (POST + b"Content-Length: 1025\r\n\r\n", 413, "payload_too_large"),
    "body beyond all measure": (POST + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n", 413, "payload_too_large"),
    "TRACE": (b"TRACE /cakes HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
    "CONNECT": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
    "an invented method": (b"FOO /cakes HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
    "climbing up": (b"GET /cakes/..%2f..%2fadmin HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
    "another host's address": (b"GET //evil.com/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
    "a slash too many": (b"GET /cakes/ HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
    "two slashes": (b"GET //cakes HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"),
}


@pytest.mark.parametrize(("data", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_a_request_that_can_be_misread_is_refused_with_a_problem(
    shop: Running, data: bytes, status: int, code: str
) -> None:
    answer = say(shop.port, data)
    assert (answer.status, answer.code) == (status, code)
    assert "location" not in answer.headers
    assert answer.headers["x-request-id"] == answer.json["request_id"]
    assert answer.headers["cache-control"] == "no-store"
    if status in {400, 408, 411, 413, 414, 431, 501, 505}:
        assert answer.headers["connection"] == "close"


def test_a_refused_request_ends_the_connection_so_that_nothing_is_smuggled_behind_it(shop: Running) -> None:
    smuggled = b"GET /cakes/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    with Wire(shop.port) as wire:
        wire.send(POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled)
        assert wire.response().status == 400
        assert wire.ended()


def test_headers_may_number_one_hundred(shop: Running) -> None:
    extra = b"".join(b"X-H%d: 1\r\n" % n for n in range(MAX_HEADERS - 1))
    assert say(shop.port, GET + extra + b"\r\n").status == 200


def test_a_header_with_an_underscore_never_stands_for_the_one_with_a_hyphen(shop: Running) -> None:
    answer = say(shop.port, b"GET /who HTTP/1.1\r\nHost: x\r\nX_Request_Id: forged-id\r\n\r\n")
    assert answer.json["request_id"] != "forged-id"


def test_an_absolute_address_is_the_same_as_its_path(shop: Running) -> None:
    assert say(shop.port, b"GET http://x/cakes/7 HTTP/1.1\r\nHost: x\r\n\r\n").json["path"] == "/cakes/7"


def test_an_address_in_utf8_is_read_as_text(shop: Running) -> None:
    assert say(shop.port, b"GET /cakes/k%C3%A4se HTTP/1.1\r\nHost: x\r\n\r\n").json["id"] == "k\u00e4se"


def test_empty_lines_before_a_request_are_skipped(shop: Running) -> None:
    assert say(shop.port, b"\r\n\r\n" + GET + b"\r\n").status == 200


def test_a_request_of_http_1_0_needs_no_host_and_ends_the_connection(shop: Running) -> None:
    with Wire(shop.port) as wire:
        answer = wire.send(b"GET /cakes HTTP/1.0\r\n\r\n").response()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.ended()


def test_http_1_0_may_keep_the_connection(shop: Running) -> None:
    with Wire(shop.port) as wire:
        for _ in range(2):
            answer = wire.send(b"GET /cakes HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").response()
            assert answer.headers["connection"] == "keep-alive"


def test_a_client_that_says_close_is_closed(shop: Running) -> None:
    with Wire(shop.port) as wire:
        assert wire.send(GET + b"Connection: close\r\n\r\n").response().headers["connection"] == "close"
        assert wire.ended()


def test_pipelined_requests_are_answered_in_order(shop: Running) -> None:
    with Wire(shop.port) as wire:
        wire.send(b"".join(request_bytes("GET", f"/cakes/{n}") for n in range(3)))
        assert [wire.response().json["id"] for _ in range(3)] == ["0", "1", "2"]


def test_a_body_is_followed_by_the_next_request(shop: Running) -> None:
    with Wire(shop.port) as wire:
        wire.send(request_bytes("POST", "/open-cakes", {"name": "Linzer"}) + request_bytes("GET", "/cakes/1"))
        assert [wire.response().status for _ in range(2)] == [201, 200]


def test_head_answers_the_length_and_no_body(shop: Running) -> None:
    with Wire(shop.port) as wire:
        head = wire.request("HEAD", "/cakes/1")
        whole = wire.request("GET", "/cakes/1")
        assert head.headers["content-length"] == str(len(whole.body))


def test_an_answer_without_content_has_no_length(shop: Running) -> None:
    with Wire(shop.port) as wire:
        answer = wire.request("DELETE", "/cakes/1")
        assert (answer.status, "content-length" in answer.headers) == (204, False)
        assert wire.request("GET", "/cakes/1").status == 200


def test_a_client_that_asks_first_is_told_to_go_on(shop: Running) -> None:
    with Wire(shop.port) as wire:
        wire.send(POST + b"Content-Length: 13\r\nExpect: 100-continue\r\n\r\n")
        assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert wire.send(b'{"name": "a"}').response().status == 201


def test_a_client_that_asks_first_and_sends_nothing_is_timed_out(shop: Running) -> None:
    with Wire(shop.port) as wire:
        wire.send(POST + b"Content-Length: 13\r\nExpect: 100-continue\r\n\r\n").until(b"\r\n\r\n")
        assert wire.response().code == "request_timeout"


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(shop: Running) -> None:
    with Wire(shop.port) as wire:
        wire.send(POST + b"Content-Length: 2000\r\nExpect: 100-continue\r\n\r\n")
        assert wire.response().code == "payload_too_large"


def test_a_body_that_is_too_large_is_refused_readably_although_it_is_sent(shop: Running) -> None:
    assert say(shop.port, POST + b"Content-Length: 500000\r\n\r\n" + b"x" * 500_000).code == "payload_too_large"


def test_a_body_that_stays_away_is_timed_out(shop: Running) -> None:
    with Wire(shop.port) as wire:
        answer = wire.send(POST + b"Content-Length: 100\r\n\r\n{").response()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert wire.ended()


def test_headers_that_stay_away_are_timed_out(shop: Running) -> None:
    assert say(shop.port, b"GET /cakes HTTP/1.1\r\nHost: x\r\n").code == "request_timeout"


@pytest.mark.parametrize("start", [b"GET /cakes HTTP/1.1\r\nX-Drip: ", POST + b"Content-Length: 900\r\n\r\n"])
def test_a_drip_does_not_extend_the_deadline(shop: Running, start: bytes) -> None:
    with Wire(shop.port) as wire:
        wire.send(start)
        wire.sock.settimeout(0.05)
        drips = 0
        while True:
            drips += 1
            assert drips < 100
            try:
                wire.send(b"a")
                data = wire.sock.recv(4096)
                break
            except TimeoutError:
                continue
        assert data.startswith(b"HTTP/1.1 408 ")


def test_headers_cut_by_the_client_are_no_request(shop: Running) -> None:
    with Wire(shop.port) as wire:
        assert wire.send(GET).finish().response().code == "malformed_request"


def test_a_body_cut_by_the_client_is_no_request(shop: Running) -> None:
    with Wire(shop.port) as wire:
        assert wire.send(POST + b"Content-Length: 50\r\n\r\n{").finish().response().code == "malformed_request"


@pytest.mark.parametrize("sent", [b"", b"GET /ca", GET, POST + b"Content-Length: 50\r\n\r\n{", GET + b"\r\n"])
def test_a_client_that_resets_the_connection_leaves_nothing_behind(shop: Running, sent: bytes) -> None:
    before = len(shop.server)
    wire = Wire(shop.port)
    wire.send(sent)
    wire.reset()
    until(lambda: len(shop.server) <= before)


def test_an_idle_connection_is_closed_after_a_while() -> None:
    with serving(Shop.fresh(), keepalive_timeout=0.1) as shop, Wire(shop.port) as wire:
        assert wire.request("GET", "/cakes").status == 200
        wire.sock.settimeout(PATIENCE)
        with pytest.raises(ConnectionEnded):
            wire.response()
