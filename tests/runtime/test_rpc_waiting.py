"""Who waits for whom, and how long: deadlines, absent services, full workers, services that stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import eventlet
import pytest

from ordering_platform.runtime.errors import (
    DeadlineExceeded,
    DomainError,
    ServiceUnavailable,
)
from tests.support.bus import calling, failure_of, serving
from tests.support.vault import Vault
from tests.support.waiting import until

if TYPE_CHECKING:
    from ordering_platform.runtime.container import Container
    from ordering_platform.runtime.peers import Calls


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


def test_a_killed_service_gives_back_what_it_had_and_harms_no_other_on_the_link(
    service: Container, vault: Calls, amqp_url: str
) -> None:
    call = eventlet.spawn(vault.wait, name="twice")
    until(lambda: Vault.started == ["twice"])
    with serving(Vault, amqp_url):
        service.kill()
        until(lambda: Vault.started == ["twice", "twice"])
        Vault.gate.send()
        assert call.wait() == "twice"
        assert vault.echo(value=1) == 1
