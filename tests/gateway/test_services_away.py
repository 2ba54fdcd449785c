"""A service that is away, late or not to be understood: what the client reads, and what is never done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.answering import answering, whole
from tests.support.calls import call

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


def hang_up(_sock: socket.socket, _request: bytes) -> bool:
    return False


def test_a_service_that_is_away_is_unavailable_and_says_when_to_ask_again(gateway: Callable[..., str]) -> None:
    answer = call(f"{gateway()}/v1/menu")
    assert (answer.status, answer.code) == (503, "service_unavailable")
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json) == {"type", "title", "status", "detail", "instance", "code", "request_id"}


def test_others_go_on_while_one_service_is_away(gateway: Callable[..., str]) -> None:
    with answering(lambda sock, _: sock.sendall(whole(b"ok"))) as order:
        url = gateway(order_url=order.url)
        assert call(f"{url}/v1/promotions").status == 503
        assert call(f"{url}/v1/menu").status == 200
        assert call(f"{url}/health/ready").status == 200


def test_a_gateway_that_reaches_nobody_is_not_ready_but_lives(gateway: Callable[..., str]) -> None:
    url = gateway()
    assert call(f"{url}/health/ready").status == 503
    assert call(f"{url}/health/live").status == 200


def test_a_late_service_is_answered_for_at_the_deadline(gateway: Callable[..., str]) -> None:
    with answering(lambda sock, _: sock.recv(1) == b"") as order:
        answer = call(f"{gateway(order_url=order.url, request_timeout=0.2)}/v1/menu")
    assert (answer.status, answer.code) == (504, "deadline_exceeded")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbreaks off",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
        b"HTTP/1.1 2",
    ],
)
def test_an_answer_that_cannot_be_read_is_a_bad_gateway(gateway: Callable[..., str], nonsense: bytes) -> None:
    def script(sock: socket.socket, _request: bytes) -> bool:
        sock.sendall(nonsense)
        return False

    with answering(script) as order:
        answer = call(f"{gateway(order_url=order.url)}/v1/menu")
    assert (answer.status, answer.code) == (502, "bad_gateway")


def test_an_interim_answer_is_not_the_answer(gateway: Callable[..., str]) -> None:
    with answering(lambda sock, _: sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" + whole(b"ok"))) as order:
        assert call(f"{gateway(order_url=order.url)}/v1/menu").body == b"ok"


def hanging_up_on_reuse() -> Callable[[socket.socket, bytes], bool]:
    """Answer the first request of each connection, and end at the second after having read it whole."""
    answered: set[int] = set()

    def script(sock: socket.socket, _request: bytes) -> bool:
        if id(sock) in answered:
            return False
        answered.add(id(sock))
        sock.sendall(whole(b"ok"))
        return True

    return script


@pytest.mark.parametrize(
    ("method", "headers"), [("GET", {}), ("HEAD", {}), ("POST", {"Idempotency-Key": "key-of-a-cart"})]
)
def test_what_may_be_repeated_survives_a_connection_lost_between_two_requests(
    gateway: Callable[..., str], method: str, headers: dict[str, str]
) -> None:
    with answering(hanging_up_on_reuse()) as order:
        url = gateway(order_url=order.url)
        call(f"{url}/v1/orders")
        assert call(f"{url}/v1/orders", method, headers=headers).status == 200
    assert len(order.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_what_may_not_be_repeated_is_sent_once_and_its_outcome_called_unknown(
    gateway: Callable[..., str], method: str
) -> None:
    with answering(hanging_up_on_reuse()) as order:
        url = gateway(order_url=order.url)
        call(f"{url}/v1/orders")
        assert call(f"{url}/v1/orders", method).status == 502
    assert len(order.requests) == 2


def test_a_fresh_connection_that_is_lost_is_not_tried_again(gateway: Callable[..., str]) -> None:
    with answering(hang_up) as order:
        assert call(f"{gateway(order_url=order.url)}/v1/orders").status == 502
    assert len(order.requests) == 1


def test_nothing_is_repeated_once_an_answer_has_begun(gateway: Callable[..., str]) -> None:
    calls = []

    def script(sock: socket.socket, _request: bytes) -> bool:
        calls.append(1)
        sock.sendall(whole(b"ok") if len(calls) == 1 else b"HTTP/1.1 200")
        return len(calls) == 1

    with answering(script) as order:
        url = gateway(order_url=order.url)
        call(f"{url}/v1/orders")
        assert call(f"{url}/v1/orders").status == 502
    assert len(order.requests) == 2


def test_a_connection_closed_while_it_rested_is_noticed_before_it_is_used(gateway: Callable[..., str]) -> None:
    def script(sock: socket.socket, _request: bytes) -> bool:
        sock.sendall(whole(b"ok"))
        return False

    with answering(script) as order:
        url = gateway(order_url=order.url)
        assert [call(f"{url}/v1/orders", "POST", body={}).status for _ in range(3)] == [200, 200, 200]
    assert order.connections == 3


def test_a_service_that_talks_out_of_turn_is_not_believed(gateway: Callable[..., str]) -> None:
    def script(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(whole(b"ok") + whole(b"smuggled"))

    with answering(script) as order:
        url = gateway(order_url=order.url)
        assert [call(f"{url}/v1/menu").body for _ in range(2)] == [b"ok", b"ok"]
    assert order.connections == 2


def test_a_long_answer_that_breaks_off_is_not_taken_for_whole(gateway: Callable[..., str]) -> None:
    def script(sock: socket.socket, _request: bytes) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        return False

    import http.client  # noqa: PLC0415

    with answering(script) as order, pytest.raises((http.client.IncompleteRead, ConnectionError)):
        call(f"{gateway(order_url=order.url)}/v1/menu")
