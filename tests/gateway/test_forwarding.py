"""A request reaches the service it is meant for, whole and without what a client may not say."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.answering import answering, whole
from tests.support.calls import call
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable


def say(answer: bytes) -> Callable[[socket.socket, bytes], None]:
    def script(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(answer)

    return script


def head_of(request: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return first, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_a_request_crosses_with_path_query_and_body_untouched(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b'{"ok": 1}', "201 Created", 'ETag: "3"'))) as order:
        url = gateway(order_url=order.url)
        body = b'{"note":  "\xc3\xa9 \xf0\x9f\x8d\x95", "n": 1.50}'
        answer = call(
            f"{url}/v1/orders/a%20b?x=1&y=%2F", "POST", body=body, headers={"Content-Type": "application/json"}
        )
    assert (answer.status, answer.body, answer.headers["ETag"]) == (201, b'{"ok": 1}', '"3"')
    first, headers = head_of(order.requests[0])
    assert first == "POST /v1/orders/a%20b?x=1&y=%2F HTTP/1.1"
    assert order.requests[0].endswith(b"\r\n\r\n" + body)
    assert headers["content-type"] == "application/json"
    assert headers["x-forwarded-for"] == "127.0.0.1"


def test_the_request_id_is_one_from_end_to_end(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b"", "200 OK", "X-Request-Id: req_other"))) as order:
        answer = call(f"{gateway(order_url=order.url)}/v1/menu", headers={"X-Request-Id": "req_mine"})
    assert answer.headers.get_all("X-Request-Id") == ["req_mine"]
    assert head_of(order.requests[0])[1]["x-request-id"] == "req_mine"


@pytest.mark.parametrize(
    "header",
    ["X-User-Id", "X-Internal-Role", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "TE", "Upgrade", "X_User_Id"],
)
def test_a_client_cannot_say_who_or_where_it_is(gateway: Callable[..., str], header: str) -> None:
    with answering(say(whole(b""))) as order:
        call(f"{gateway(order_url=order.url)}/v1/menu", headers={header: "for=6.6.6.6"})
    assert b"6.6.6.6" not in order.requests[0]


def test_a_client_cannot_say_where_it_comes_from(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b""))) as order:
        call(f"{gateway(order_url=order.url)}/v1/menu", headers={"X-Forwarded-For": "6.6.6.6"})
    assert head_of(order.requests[0])[1]["x-forwarded-for"] == "127.0.0.1"


def test_a_trusted_proxy_says_where_a_client_comes_from(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b""))) as order:
        url = gateway(order_url=order.url, trusted_proxies=("127.0.0.0/8",))
        call(f"{url}/v1/menu", headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"})
    assert head_of(order.requests[0])[1]["x-forwarded-for"] == "203.0.113.9"


def test_headers_named_by_connection_end_at_the_gateway(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b""))) as order:
        call(f"{gateway(order_url=order.url)}/v1/menu", headers={"Connection": "keep-alive, X-Hop", "X-Hop": "secret"})
    assert b"secret" not in order.requests[0]


def test_hop_by_hop_headers_of_an_answer_end_at_the_gateway(gateway: Callable[..., str]) -> None:
    answered = whole(b"x", "200 OK", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "X-Kept: yes")
    with answering(say(answered)) as order:
        answer = call(f"{gateway(order_url=order.url)}/v1/menu")
    assert answer.headers["X-Kept"] == "yes"
    assert answer.headers["Keep-Alive"] is None
    assert answer.headers["Proxy-Authenticate"] is None


def test_connections_are_kept_and_used_again(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b"ok"))) as order:
        url = gateway(order_url=order.url)
        for _ in range(5):
            assert call(f"{url}/v1/menu").body == b"ok"
    assert order.connections == 1


def test_a_connection_that_wants_to_close_is_not_used_again(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b"ok", "200 OK", "Connection: close"))) as order:
        url = gateway(order_url=order.url)
        for _ in range(3):
            assert call(f"{url}/v1/menu").status == 200
    assert order.connections == 3


def test_head_tells_the_length_and_no_body(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b"twelve bytes"))) as order:
        answer = call(f"{gateway(order_url=order.url)}/v1/menu", "HEAD")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "12")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/auth/login", "auth"),
        ("/.well-known/jwks.json", "auth"),
        ("/v1/table-sessions/x", "order"),
        ("/v1/payment-methods", "payment"),
        ("/v1/payments/pay_1", "payment"),
        ("/v1/promotions", "promotion"),
    ],
)
def test_each_prefix_reaches_its_service(gateway: Callable[..., str], path: str, name: str) -> None:
    with answering(say(whole(b"ok"))) as service:
        assert call(gateway(**{f"{name}_url": service.url}) + path).body == b"ok"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/ordersx", "/v1", "/v2/orders", "/v1//orders", "//v1/orders"])
def test_an_address_nobody_has_is_not_found(gateway: Callable[..., str], path: str) -> None:
    answer = call(gateway() + path)
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.headers["Location"] is None


def test_a_forged_token_is_turned_away_before_any_service_sees_it(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b"ok"))) as order:
        answer = call(f"{gateway(order_url=order.url)}/v1/orders", token="forged")
    assert (answer.status, answer.code) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert order.requests == []


def test_an_outdated_token_does_not_keep_its_owner_from_a_new_one(gateway: Callable[..., str]) -> None:
    with answering(say(whole(b"ok"))) as auth:
        assert call(f"{gateway(auth_url=auth.url)}/v1/auth/guest", "POST", token="outdated", body={}).status == 200


def test_events_arrive_one_by_one_and_the_service_learns_when_nobody_listens(gateway: Callable[..., Any]) -> None:
    def stream(sock: socket.socket, _request: bytes) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        sock.sendall(b"8\r\ndata: 1\n\r\n")
        # The second event only leaves after the first was read; then the end of the client is waited for.
        assert read.recv(1) == b"1"
        sock.sendall(b"8\r\ndata: 2\n\r\n")
        assert sock.recv(1) == b""
        return False

    read, tell = socket.socketpair()
    with answering(stream) as order, read, tell:
        url = gateway(order_url=order.url)
        client = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        client.settimeout(5)
        client.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b"data: 1" not in received:
            received += client.recv(4096)
        tell.send(b"1")
        while b"data: 2" not in received:
            received += client.recv(4096)
        client.close()
        until(lambda: order.gone == [1])
