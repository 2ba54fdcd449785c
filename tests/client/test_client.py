from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.client import Client, Problem, Unreachable
from tests.support.answering import answering

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


def reply(status: int, body: Any, *headers: str) -> bytes:
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def in_turn(*replies: bytes | None) -> Callable[[socket.socket, bytes], bool | None]:
    """Answer with each reply in turn; None hangs up without one."""
    left = list(replies)

    def script(sock: socket.socket, _request: bytes) -> bool | None:
        answer = left.pop(0)
        if answer is None:
            return False
        sock.sendall(answer)
        return None

    return script


def keys_of(requests: list[bytes]) -> set[bytes]:
    return {re.findall(rb"(?i)idempotency-key: (\S+)", request)[0] for request in requests}


def test_a_lost_answer_is_asked_for_again_with_the_same_key() -> None:
    with answering(in_turn(None, reply(201, {"id": "ord_1"}))) as service, Client(service.url) as client:
        assert client.post("/v1/orders", {"items": []}) == {"id": "ord_1"}
    assert len(service.requests) == 2
    assert len(keys_of(service.requests)) == 1
    assert client.repeats == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_platform_that_is_away_or_asks_for_a_pause_is_asked_again(status: int) -> None:
    away = reply(status, {"code": "service_unavailable"})
    with answering(in_turn(away, reply(200, {"ok": True}))) as service, Client(service.url) as client:
        assert client.get("/v1/menu") == {"ok": True}


def test_a_request_that_still_runs_is_asked_for_again() -> None:
    running = reply(409, {"code": "idempotency_in_progress"}, "Retry-After: 0")
    with answering(in_turn(running, reply(200, {"id": 1}))) as service, Client(service.url) as client:
        assert client.post("/v1/checkout", {}) == {"id": 1}


def test_a_refusal_is_not_repeated_and_tells_its_code() -> None:
    refusal = reply(409, {"code": "order_locked", "detail": "A bill holds it.", "request_id": "req_1"})
    with answering(in_turn(refusal)) as service, Client(service.url) as client, pytest.raises(Problem) as caught:
        client.post("/v1/orders/ord_1/items", {"items": []})
    assert (caught.value.status, caught.value.code, str(caught.value)) == (409, "order_locked", "A bill holds it.")
    assert caught.value.request_id == "req_1"
    assert len(service.requests) == 1


def test_an_error_page_that_is_no_problem_document_is_still_a_problem() -> None:
    page = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n<h1>404</"
    with answering(in_turn(page)) as service, Client(service.url) as client, pytest.raises(Problem) as caught:
        client.get("/nothing")
    assert caught.value.code == "http_404"


def test_patience_ends() -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        Client("http://127.0.0.1:1", patience=0.2).get("/v1/menu")


def test_when_patience_ends_the_last_answer_is_given() -> None:
    away = reply(503, {"code": "service_unavailable"})
    with answering(in_turn(away)) as service, Client(service.url, patience=0.0) as client:
        assert client.ask("GET", "/health/ready").status == 503


def test_a_pause_longer_than_patience_is_not_sat_out() -> None:
    pause = reply(429, {"code": "rate_limited"}, "Retry-After: 60")
    with answering(in_turn(pause)) as service, Client(service.url, patience=5.0) as client:
        assert client.ask("GET", "/v1/menu").status == 429


def test_one_connection_serves_many_requests() -> None:
    with answering(in_turn(*[reply(200, {})] * 3)) as service, Client(service.url) as client:
        for _ in range(3):
            client.get("/v1/menu")
    assert service.connections == 1


def test_a_list_is_read_to_its_end() -> None:
    first = reply(200, {"data": [1, 2], "next": "c:1", "has_more": True})
    last = reply(200, {"data": [3], "next": None, "has_more": False})
    with answering(in_turn(first, last)) as service, Client(service.url) as client:
        assert list(client.pages("/v1/orders", limit=2)) == [1, 2, 3]
    assert b"GET /v1/orders?limit=2&after=c%3A1 " in service.requests[1]


def test_a_guest_carries_the_token_the_table_gave() -> None:
    seated = reply(201, {"access_token": "a.b.c"})
    with answering(in_turn(seated, reply(200, {"kind": "guest"}))) as service, Client(service.url) as client:
        assert client.as_guest("table-code").get("/v1/auth/me") == {"kind": "guest"}
    assert b"Authorization: Bearer a.b.c" in service.requests[1]


def test_reading_carries_no_key() -> None:
    with answering(in_turn(reply(200, {}))) as service, Client(service.url) as client:
        client.get("/v1/menu")
    assert b"Idempotency-Key" not in service.requests[0]


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        Client(address)
