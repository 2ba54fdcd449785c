"""What holds between a caller and a service, inside one process and over a real broker alike."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.runtime import context, database, wire
from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.errors import (
    FieldError,
    InternalError,
    ServiceUnavailable,
)
from ordering_platform.runtime.peers import Peer
from tests.support.bus import calling, failure_of, serving
from tests.support.vault import Vault

if TYPE_CHECKING:
    from ordering_platform.runtime.container import Container
    from ordering_platform.runtime.peers import Calls


def test_a_call_is_answered_with_plain_json(vault: Calls) -> None:
    assert vault.store(what="gold", times=2)["stored"] == "goldgold"


def test_an_error_crosses_whole(vault: Calls) -> None:
    error = failure_of(vault.refuse)

    assert (error.code, error.status, error.message) == ("nothing_left", 409, "none of 7 left")
    assert error.errors == (FieldError("/n", "too_many", "one at most"),)
    assert (error.details, error.retry_after) == ({"item": 7}, 3)


def test_an_unexpected_error_crosses_without_its_text(vault: Calls, caplog: pytest.LogCaptureFixture) -> None:
    error = failure_of(vault.break_down)

    assert error.code == "internal_error"
    assert "secret" not in str(error.to_wire())
    assert "hunter2" not in str(error.to_wire())
    assert "break_down failed" in caplog.text


@pytest.mark.parametrize("method", ["stop_everything", "time_out"])
def test_whatever_ends_a_method_the_caller_is_answered(vault: Calls, method: str) -> None:
    before = time.monotonic()
    assert failure_of(getattr(vault, method)).status >= 500
    assert time.monotonic() - before < 1
    assert vault.echo(value=1) == 1


def test_a_result_that_is_no_json_is_our_fault_and_is_logged(vault: Calls, caplog: pytest.LogCaptureFixture) -> None:
    assert failure_of(vault.give_decimal).code == "internal_error"
    assert "not plain JSON" in caplog.text


def test_a_moment_crosses_as_rfc3339(vault: Calls) -> None:
    assert vault.give_moment() == {"at": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize("value", [{"__type__": "zzz", "__value__": 1}, {"__type__": "datetime", "__value__": "x"}])
def test_what_looks_like_a_typed_value_stays_data(vault: Calls, value: Any) -> None:
    assert vault.echo(value=value) == value


def test_a_large_message_crosses_in_pieces(vault: Calls) -> None:
    value = "x" * 1_000_000
    assert vault.echo(value=value) == value


def test_an_answer_larger_than_a_peer_takes_is_an_error(vault: Calls) -> None:
    assert failure_of(vault.store, what="x" * 5_000_000, times=2).code == "internal_error"


def test_a_method_that_does_not_exist_is_answered(vault: Calls, caplog: pytest.LogCaptureFixture) -> None:
    assert failure_of(vault.no_such_method).code == "internal_error"
    assert "MethodNotFound: no_such_method" in caplog.text


@pytest.mark.parametrize("wrong", [{}, {"what": "a", "colour": "red"}, {"colour": "red"}])
def test_wrong_arguments_are_answered_and_the_method_does_not_run(vault: Calls, wrong: dict[str, Any]) -> None:
    assert failure_of(vault.store, **wrong).code == "internal_error"


def test_the_request_id_and_the_trace_cross(vault: Calls) -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    context.adopt({"request_id": "req_crossing", "traceparent": trace})

    seen = vault.store(what="x")

    assert (seen["request_id"], seen["trace"]) == ("req_crossing", trace)


def test_a_call_is_refused_while_a_transaction_is_open(vault: Calls) -> None:
    mark = database._in_transaction.set(True)
    try:
        with pytest.raises(RuntimeError, match=r"vault\.echo was called while a transaction is open"):
            vault.echo(value=1)
    finally:
        database._in_transaction.reset(mark)


def test_a_prefix_keeps_two_platforms_on_one_broker_apart(amqp_url: str) -> None:
    with (
        serving(Vault, amqp_url, rpc_prefix="blue-"),
        calling(amqp_url, "blue-vault") as blue,
        calling(amqp_url, "vault", retry_for=0.0) as plain,
    ):
        assert blue.echo(value=1) == 1
        assert isinstance(failure_of(plain.echo, value=1), ServiceUnavailable)


class Teller:
    name = "teller"
    vault = Peer("vault")

    @rpc(callers=())
    def pass_on(self, *, what: str) -> Any:
        return self.vault.store(what=what)


def test_a_service_calls_its_peer_and_the_request_id_goes_all_the_way(service: Container, amqp_url: str) -> None:
    assert service.started
    with serving(Teller, amqp_url), calling(amqp_url, "teller") as teller:
        context.adopt({"request_id": "req_long_way"})
        assert teller.pass_on(what="x")["request_id"] == "req_long_way"


def test_a_door_says_who_may_call_or_it_does_not_exist() -> None:
    with pytest.raises(TypeError):
        rpc()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        rpc(lambda _self: None)  # type: ignore[call-arg,arg-type]
    with pytest.raises(TypeError, match="tuple"):
        rpc(callers="teller")(lambda _self: None)  # type: ignore[arg-type]


def test_an_unreadable_answer_is_an_internal_error() -> None:
    with pytest.raises(InternalError):
        wire.read_answer(b"{", {"content_type": "application/json"})
