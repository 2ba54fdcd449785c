"""How refusals and faults read to a client: always one shape, never what is inside."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from ordering_platform.runtime.errors import (
    BadGateway,
    DeadlineExceeded,
    DomainError,
    FieldError,
    IdempotencyInProgress,
    InternalError,
    NotFound,
    Overloaded,
    RateLimited,
    ValidationFailed,
)
from ordering_platform.runtime.problems import problem
from ordering_platform.runtime.replies import UnsafeHeader, checked
from tests.support.http import Wire, call
from tests.support.services import Running, serving
from tests.support.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_PROBLEM = {"type", "title", "status", "detail", "instance", "code", "request_id"}


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    with serving(Shop.fresh()) as running:
        yield running


def test_a_refusal_of_the_service_reads_as_a_problem(shop: Running) -> None:
    answer = call(shop.port, "GET", "/sold-out", headers={"X-Request-Id": "abc-123"})
    assert answer.json == {
        "type": "/docs/errors#sold_out",
        "title": "Conflict",
        "status": 409,
        "detail": "The cake is sold out; choose another one.",
        "instance": "/sold-out",
        "code": "sold_out",
        "request_id": "abc-123",
        "details": {"cake": "Linzer"},
    }
    assert (answer.status, answer.headers["retry-after"]) == (409, "3")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"] == "abc-123"


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (RateLimited(), 429, "30"),
        (RateLimited(retry_after=7), 429, "7"),
        (Overloaded(), 503, "2"),
        (IdempotencyInProgress(), 409, "1"),
        (DeadlineExceeded(), 504, "2"),
        (BadGateway(), 502, "2"),
        (NotFound(), 404, None),
    ],
)
def test_a_client_is_told_when_to_come_back(error: DomainError, status: int, retry: str | None) -> None:
    reply = problem(error, "/x", "req_1")
    assert (reply.status, dict(reply.headers).get("Retry-After")) == (status, retry)


def test_faults_by_field_stand_under_errors() -> None:
    fault = FieldError("/items/0/quantity", "range", "Send a whole number from 1 to 20.")
    body = problem(ValidationFailed(errors=[fault]), "/v1/orders", "req_1").body
    assert b'"errors":[{"pointer":"/items/0/quantity","code":"range","message":"Send a whole' in body


@pytest.mark.parametrize("path", ["/broken", "/exit", "/unsendable", "/header/crlf", "/header/snowman"])
def test_what_breaks_inside_is_logged_with_the_request_id_and_not_told(
    shop: Running, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = call(shop.port, "GET", path)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert set(answer.json) == EVERY_PROBLEM
    assert b"hunter2" not in answer.body
    assert b"Traceback" not in answer.body
    assert "x-cake" not in answer.headers
    assert "set-cookie" not in answer.headers
    (logged,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert logged.exc_info
    assert call(shop.port, "GET", "/cakes").status == 200


def test_a_timeout_that_escapes_a_door_is_answered(shop: Running) -> None:
    assert call(shop.port, "GET", "/timeout").code == "deadline_exceeded"


def test_a_header_in_latin_1_passes(shop: Running) -> None:
    assert call(shop.port, "GET", "/header/fine").headers["x-cake"] == "caf\xe9"


@pytest.mark.parametrize("header", [("a b", "x"), ("", "x"), ("A", "x\ny"), ("A", "x\0"), ("A", "\u20ac"), ("A:", "x")])
def test_a_header_that_would_break_the_answer_is_not_built(header: tuple[str, str]) -> None:
    with pytest.raises(UnsafeHeader):
        checked(*header)


@pytest.mark.parametrize("given", ["abc", "a" * 128, "0af7651916cd43dd8448eb211c80319c", "A-Z_0.9:x/y@z=+"])
def test_a_safe_request_id_is_kept(shop: Running, given: str) -> None:
    answer = call(shop.port, "GET", "/who", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"], answer.json["request_id"]) == (given, given)


@pytest.mark.parametrize("given", ["", "a" * 129, "a b", "a\tb", "<script>", "k\xe4se", "a,b", 'a"b'])
def test_an_unsafe_request_id_is_replaced(shop: Running, given: str) -> None:
    answer = call(shop.port, "GET", "/who", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"].startswith("req_")


def test_two_requests_without_an_id_get_different_ones(shop: Running) -> None:
    with Wire(shop.port) as wire:
        ids = {wire.request("GET", "/who").headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_trace_is_carried_on_when_it_is_well_formed(shop: Running) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert call(shop.port, "GET", "/who", headers={"traceparent": trace}).json["traceparent"] == trace
    assert "traceparent" not in call(shop.port, "GET", "/who", headers={"traceparent": "nonsense"}).json


def test_details_that_are_no_json_are_left_out_rather_than_the_answer() -> None:
    class Odd(NotFound):
        """Odd."""

    with serving(Shop.fresh()) as shop:
        reply = shop.app.refuse(Odd(what=object()), {"PATH_INFO": "/x"})
    assert reply.status == 404


def test_an_unknown_status_still_has_a_title() -> None:
    error = InternalError()
    error.status = 599
    assert b'"title":"Error"' in problem(error, "/x", "req_1").body
