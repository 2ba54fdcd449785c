"""What holds between a caller and a service, inside one process and over a real broker alike."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import eventlet
import pytest
import sqlalchemy as sa

from ordering_platform.embedded import broker  # noqa: F401  makes inproc:// known
from ordering_platform.runtime import context, database
from ordering_platform.runtime.entrypoints import rpc
from ordering_platform.runtime.errors import (
    Conflict,
    DeadlineExceeded,
    DomainError,
    FieldError,
    InternalError,
    ServiceUnavailable,
)
from ordering_platform.runtime.peers import Peer
from tests.support import rabbitmq
from tests.support.bus import calling, serving
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.container import Container
    from ordering_platform.runtime.peers import Calls

_names = itertools.count(1)


@pytest.fixture(params=["inproc", pytest.param("rabbitmq", marks=pytest.mark.broker)])
def amqp_url(request: pytest.FixtureRequest) -> str:
    return f"inproc://test-{next(_names)}" if request.param == "inproc" else rabbitmq.shared_node().url


class NothingLeft(Conflict):
    """The last one is sold."""


class Vault:
    name = "vault"
    started: list[str] = []  # noqa: RUF012  what the doors saw, across instances
    gate = eventlet.Event()

    @rpc(callers=("teller",))
    def store(self, *, what: str, times: int = 1) -> dict[str, Any]:
        return {"stored": what * times, "request_id": context.request_id.get(), "trace": context.traceparent.get()}

    @rpc(callers=("teller",))
    def positional(self, what: str, /) -> str:
        return what

    @rpc(callers=("teller",))
    def refuse(self) -> None:
        raise NothingLeft("none of 7 left", errors=[FieldError("/n", "too_many", "one at most")], retry_after=3, item=7)

    @rpc(callers=("teller",))
    def break_down(self) -> None:
        raise sa.exc.ProgrammingError("SELECT secret FROM users", {"password": "hunter2"}, Exception("no such table"))

    @rpc(callers=("teller",))
    def stop_everything(self) -> None:
        raise BaseException("not even an Exception")  # noqa: TRY002  that is the point

    @rpc(callers=("teller",))
    def time_out(self) -> None:
        raise eventlet.Timeout(0.1)

    @rpc(callers=("teller",))
    def give_decimal(self) -> Any:
        return {"price": Decimal("2.50")}

    @rpc(callers=("teller",))
    def give_moment(self) -> Any:
        return {"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}

    @rpc(callers=("teller",))
    def echo(self, *, value: Any) -> Any:
        return value

    @rpc(callers=("teller",))
    def wait(self, *, name: str) -> str:
        Vault.started.append(name)
        Vault.gate.wait()
        return name


@pytest.fixture(autouse=True)
def _fresh_gate() -> None:
    Vault.started = []
    Vault.gate = eventlet.Event()


@pytest.fixture
def service(amqp_url: str) -> Iterator[Container]:
    with serving(Vault, amqp_url, max_workers=2) as container:
        yield container


@pytest.fixture
def vault(service: Container, amqp_url: str) -> Iterator[Calls]:
    assert service.started
    with calling(amqp_url, "vault") as calls:
        yield calls


def failure_of(call: Any, **kwargs: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        call(**kwargs)
    return caught.value


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


def test_a_slow_method_ends_the_call_at_its_deadline(vault: Calls) -> None:
    before = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        vault.with_timeout(0.3).wait(name="slow")
    assert 0.25 < time.monotonic() - before < 1
    Vault.gate.send()


def test_no_answer_is_waited_for_any_more_after_the_deadline(vault: Calls) -> None:
    with pytest.raises(DeadlineExceeded):
        vault.with_timeout(0.2).wait(name="late")
    assert not vault._link._answers
    Vault.gate.send()
    assert vault.echo(value="still fine") == "still fine"


def test_when_nobody_listens_the_call_fails_within_the_retry_window(amqp_url: str) -> None:
    with calling(amqp_url, "nobody", timeout=3.0, retry_for=0.3) as nobody:
        before = time.monotonic()
        error = failure_of(nobody.anything)
        assert time.monotonic() - before < 1
    assert isinstance(error, ServiceUnavailable)
    assert error.details == {"service": "nobody"}


def test_while_a_service_stays_away_later_calls_fail_at_once(amqp_url: str) -> None:
    with calling(amqp_url, "nobody", retry_for=0.3) as nobody:
        failure_of(nobody.anything)
        before = time.monotonic()
        failure_of(nobody.anything)
        assert time.monotonic() - before < 0.2


def test_a_service_that_comes_back_within_the_window_is_reached(amqp_url: str) -> None:
    with calling(amqp_url, "vault", retry_for=2.0) as vault:
        call = eventlet.spawn(vault.echo, value=1)
        until(lambda: vault._absence._asked > 0)
        with serving(Vault, amqp_url):
            assert call.wait() == 1


def test_a_call_is_refused_while_a_transaction_is_open(vault: Calls) -> None:
    mark = database._in_transaction.set(True)
    try:
        with pytest.raises(RuntimeError, match=r"vault\.echo was called while a transaction is open"):
            vault.echo(value=1)
    finally:
        database._in_transaction.reset(mark)


def test_more_calls_than_workers_wait_their_turn_and_hold_up_nobody_else(vault: Calls) -> None:
    calls = [eventlet.spawn(vault.wait, name=str(number)) for number in range(6)]
    until(lambda: len(Vault.started) == 2)
    eventlet.sleep(0)
    assert len(Vault.started) == 2

    Vault.gate.send()

    assert sorted(call.wait() for call in calls) == ["0", "1", "2", "3", "4", "5"]


def test_a_stop_lets_what_was_taken_finish_and_takes_nothing_new(
    service: Container, vault: Calls, amqp_url: str
) -> None:
    calls = [eventlet.spawn(vault.wait, name=str(number)) for number in range(4)]
    until(lambda: len(Vault.started) == 2)

    stopping = eventlet.spawn(service.stop)
    with calling(amqp_url, "vault", retry_for=0.0) as late:
        until(lambda: isinstance(probe(late), ServiceUnavailable))
    Vault.gate.send()
    stopping.wait()

    answers = [call.wait() for call in calls[:2]]
    assert sorted(answers) == sorted(Vault.started[:2])


def probe(calls: Calls) -> DomainError | None:
    try:
        calls.with_timeout(0.3).echo(value=1)
    except DomainError as error:
        return error
    return None


def test_a_message_whose_caller_gave_up_expires_in_the_queue(vault: Calls) -> None:
    busy = [eventlet.spawn(vault.wait, name=name) for name in "ab"]
    until(lambda: len(Vault.started) == 2)
    with pytest.raises(DeadlineExceeded):
        vault.with_timeout(0.1).wait(name="given up")

    Vault.gate.send()

    assert sorted(call.wait() for call in busy) == ["a", "b"]
    assert vault.echo(value="after it") == "after it"
    assert "given up" not in Vault.started


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
    from ordering_platform.runtime import wire  # noqa: PLC0415  only this test speaks of the wire

    with pytest.raises(InternalError):
        wire.read_answer(b"{", {"content_type": "application/json"})
