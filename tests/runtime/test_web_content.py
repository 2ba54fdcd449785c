"""What a door lets in: the caller, the content and the key, checked in one order and before any worker starts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.http import Response, Wire, call
from tests.support.services import Running, serving
from tests.support.shop import Shop
from tests.support.tokens import bearer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    with serving(Shop.fresh()) as running:
        yield running


def post(shop: Running, raw: bytes, headers: Mapping[str, str] = JSON, path: str = "/open-cakes") -> Response:
    return call(shop.port, "POST", path, raw=raw, headers=headers)


def pointers(answer: Response) -> dict[str, str]:
    return {fault["pointer"]: fault["code"] for fault in answer.json["errors"]}


def test_a_whole_request_reaches_the_door(shop: Running) -> None:
    answer = call(shop.port, "POST", "/cakes", {"name": "Linzer", "pieces": 3}, bearer("staff", "waiter"))
    assert (answer.status, answer.json) == (201, {"body": {"name": "Linzer", "pieces": 3}, "by": "usr_waiter"})


def test_an_answer_is_compact_json_with_times_in_utc(shop: Running) -> None:
    answer = call(shop.port, "GET", "/cakes")
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == b'{"query":{},"at":"2026-01-02T03:04:05Z"}'


class TestCaller:
    def test_a_door_for_staff_tells_a_stranger_to_show_a_token(self, shop: Running) -> None:
        answer = call(shop.port, "POST", "/cakes", {"name": "Linzer"})
        assert (answer.status, answer.code) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic dTpw", "Bearer nonsense", "Token x", ""])
    def test_a_token_that_is_none_is_told_apart_from_no_token(self, shop: Running, header: str) -> None:
        answer = call(shop.port, "POST", "/cakes", {"name": "Linzer"}, {"Authorization": header})
        assert (answer.status, answer.code) == (401, "invalid_token")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    def test_an_expired_token_is_refused(self, shop: Running) -> None:
        past = int(time.time()) - 1000
        expired = bearer("staff", "waiter", iat=past, nbf=past, exp=past + 600)
        assert call(shop.port, "POST", "/cakes", {"name": "Linzer"}, expired).code == "invalid_token"

    def test_a_guest_may_not_pass_a_door_for_staff(self, shop: Running) -> None:
        answer = call(shop.port, "POST", "/cakes", {"name": "Linzer"}, bearer("guest"))
        assert (answer.status, answer.code) == (403, "role_not_allowed")

    def test_a_role_below_may_not_pass(self, shop: Running) -> None:
        assert call(shop.port, "POST", "/cakes", {"name": "Linzer"}, bearer("staff", "kitchen")).status == 403

    def test_a_role_above_may_pass(self, shop: Running) -> None:
        assert call(shop.port, "POST", "/cakes", {"name": "Linzer"}, bearer("staff", "owner")).status == 201

    def test_a_door_for_anyone_knows_a_good_token_and_forgets_a_bad_one(self, shop: Running) -> None:
        assert call(shop.port, "GET", "/who", headers=bearer("guest")).json["kind"] == "guest"
        assert call(shop.port, "GET", "/who", headers={"Authorization": "Bearer x"}).json["kind"] == "anyone"


class TestOrder:
    """Each check speaks only when all before it are content."""

    def test_the_address_comes_before_the_caller(self, shop: Running) -> None:
        assert call(shop.port, "POST", "/nothing", {}).status == 404
        answer = call(shop.port, "PUT", "/cakes", {})
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")

    def test_the_caller_comes_before_the_content(self, shop: Running) -> None:
        assert post(shop, b"{", {"Content-Type": "text/plain", "Accept": "image/png"}, "/cakes").status == 401

    def test_the_role_comes_before_the_content(self, shop: Running) -> None:
        headers = {**bearer("guest"), "Content-Type": "text/plain", "Accept": "image/png"}
        assert post(shop, b"{", headers, "/cakes").status == 403

    def test_accept_comes_before_the_type(self, shop: Running) -> None:
        assert post(shop, b"{", {"Content-Type": "text/plain", "Accept": "image/png"}).status == 406

    def test_the_type_comes_before_the_json(self, shop: Running) -> None:
        assert post(shop, b"{", {"Content-Type": "text/plain"}).status == 415

    def test_the_json_comes_before_the_schema_and_the_schema_before_the_key(self, shop: Running) -> None:
        assert post(shop, b"{", {**JSON, **bearer("guest")}, "/orders").code == "malformed_json"
        assert post(shop, b"{}", {**JSON, **bearer("guest")}, "/orders").code == "validation_failed"
        assert post(shop, b'{"name": "a"}', {**JSON, **bearer("guest")}, "/orders").code == "idempotency_key_missing"

    def test_no_worker_starts_for_a_request_that_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(Shop.fresh()) as shop:
            started: list[Any] = []
            work = shop.container.work

            def noted(*args: Any) -> Any:
                started.append(args)
                return work(*args)

            monkeypatch.setattr(shop.container, "work", noted)
            assert post(shop, b"[", JSON).status == 400
            assert post(shop, b"{}", JSON).status == 422
            assert call(shop.port, "POST", "/cakes", {}).status == 401
            assert not started
            assert call(shop.port, "GET", "/cakes").status == 200
            assert len(started) == 1


ACCEPTED = ["*/*", "application/json", "application/*", "text/html, application/json;q=0.1", "text/html,*/*;q=0.8", ""]
NOT_ACCEPTED = ["image/png", "text/html", "application/json;q=0", "application/json;q=0.0, */*", "application/xml"]


@pytest.mark.parametrize("accept", ACCEPTED)
def test_a_client_that_takes_json_among_others_gets_it(shop: Running, accept: str) -> None:
    assert call(shop.port, "GET", "/cakes", headers={"Accept": accept}).status == 200


@pytest.mark.parametrize("accept", NOT_ACCEPTED)
def test_a_client_that_excludes_json_is_told(shop: Running, accept: str) -> None:
    answer = call(shop.port, "GET", "/cakes", headers={"Accept": accept})
    assert (answer.status, answer.code) == (406, "not_acceptable")


def test_a_door_of_another_media_type_takes_clients_of_that_type_only(shop: Running) -> None:
    assert call(shop.port, "GET", "/picture", headers={"Accept": "image/*"}).body == b"<svg/>"
    assert call(shop.port, "GET", "/picture", headers={"Accept": "application/json"}).status == 406


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_by_any_of_its_names_is_read(shop: Running, kind: str) -> None:
    assert post(shop, b'{"name": "a"}', {"Content-Type": kind}).status == 201


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        "",
        "application/json; charset=utf-16",
    ],
)
def test_a_body_of_another_type_is_refused(shop: Running, kind: str) -> None:
    answer = post(shop, b'{"name": "a"}', {"Content-Type": kind})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_a_body_without_a_type_is_refused(shop: Running) -> None:
    assert post(shop, b'{"name": "a"}', {}).status == 415


MALFORMED = {
    "nothing": b"",
    "white space": b"  ",
    "an open brace": b"{",
    "a trailing comma": b'{"name": "a",}',
    "two documents": b"{}{}",
    "single quotes": b"{'name': 'a'}",
    "a comment": b'{"name": "a"} // x',
    "NaN": b'{"pieces": NaN}',
    "Infinity": b'{"pieces": -Infinity}',
    "a number beyond floats": b'{"pieces": 1e400}',
    "a BOM": b'\xef\xbb\xbf{"name": "a"}',
    "UTF-16": '{"name": "a"}'.encode("utf-16"),
    "broken UTF-8": b'{"name": "\xff\xfe"}',
    "a repeated name": b'{"name": "a", "name": "b"}',
    "depth 101": b"[" * 101 + b"]" * 101,
    "depth 20000": b"[" * 20_000 + b"]" * 20_000,
    "depth 20000 in objects": b'{"a":' * 10_000,
    "a raw line break in a text": b'{"name": "a\nb"}',
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_one_json_document_is_malformed(shop: Running, raw: bytes) -> None:
    answer = post(shop, raw)
    assert (answer.status, answer.code) == (400, "malformed_json")


@pytest.mark.parametrize("raw", [b"[]", b'"text"', b"null", b"1", b"true", b"[" * 90 + b"]" * 90])
def test_a_document_that_is_no_object_is_invalid(shop: Running, raw: bytes) -> None:
    answer = post(shop, raw)
    assert (answer.status, answer.code, pointers(answer)) == (422, "validation_failed", {"": "wrong_type"})


def test_faults_are_told_field_by_field(shop: Running) -> None:
    answer = post(shop, b'{"pieces": 13, "price": 1}')
    assert answer.code == "validation_failed"
    assert pointers(answer) == {"/name": "missing", "/pieces": "range", "/price": "unknown"}


def test_a_number_of_five_thousand_digits_costs_nothing(shop: Running) -> None:
    began = time.process_time()
    assert post(shop, b'{"name": "a", "pieces": ' + b"9" * 5000 + b"}").status in {400, 422}
    assert time.process_time() - began < 0.05


def test_brackets_inside_texts_are_no_depth(shop: Running) -> None:
    answer = post(shop, b'{"name": "' + b"[{" * 200 + b'"}')
    assert pointers(answer) == {"/name": "length"}


def test_a_get_ignores_a_body_and_stays_in_step(shop: Running) -> None:
    with Wire(shop.port) as wire:
        assert wire.request("GET", "/cakes", raw=b"GET / HTTP/1.1\r\n\r\n").status == 200
        assert wire.request("GET", "/cakes/2").json["id"] == "2"


def test_a_raw_door_gets_the_bytes(shop: Running) -> None:
    answer = post(shop, b"\x00\xff{", {"Content-Type": "application/x-own"}, "/webhook")
    assert answer.json == {"length": 3, "type": "application/x-own"}


def test_a_query_is_read_by_its_schema(shop: Running) -> None:
    assert call(shop.port, "GET", "/cakes?limit=5").json["query"] == {"limit": 5}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("nothing=1", "unknown_parameter"),
        ("limit=5&nothing=1", "unknown_parameter"),
        ("limit=0", "invalid_parameter"),
        ("limit=abc", "invalid_parameter"),
        ("limit=", "invalid_parameter"),
        ("limit=1&limit=2", "invalid_parameter"),
        ("limit=%ff", "invalid_parameter"),
        ("limit=%00", "invalid_parameter"),
        ("&".join(f"a{n}=1" for n in range(200)), "invalid_parameter"),
    ],
)
def test_a_query_that_the_door_does_not_know_is_refused(shop: Running, query: str, code: str) -> None:
    answer = call(shop.port, "GET", f"/cakes?{query}")
    assert (answer.status, answer.code) == (400, code)


def test_a_door_without_a_query_refuses_every_parameter(shop: Running) -> None:
    answer = call(shop.port, "GET", "/cakes/1?token=secret")
    assert (answer.code, pointers(answer)) == ("unknown_parameter", {"/token": "unknown"})


@pytest.mark.parametrize("key", ["12345678", '"12345678"', "a" * 255, '"' + "a" * 255 + '"'])
def test_a_key_is_the_same_quoted_and_bare(shop: Running, key: str) -> None:
    assert post(shop, b"", {"Idempotency-Key": key}, "/keyed").json == {"key": key.strip('"')}


@pytest.mark.parametrize("key", ["", "1234567", '"1234567"', "a" * 256, "k\xe4se1234567", "tab\tinside", '""'])
def test_a_key_of_the_wrong_form_is_refused(shop: Running, key: str) -> None:
    answer = post(shop, b"", {"Idempotency-Key": key}, "/keyed")
    assert (answer.status, answer.code) == (400, "idempotency_key_invalid")


def test_a_missing_key_is_asked_for(shop: Running) -> None:
    assert post(shop, b"", {}, "/keyed").code == "idempotency_key_missing"


def test_a_door_that_needs_no_key_does_not_judge_one(shop: Running) -> None:
    assert call(shop.port, "GET", "/cakes", headers={"Idempotency-Key": "x"}).status == 200
