"""What a process that dies or is asked to stop does to the calls it was given."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import eventlet
import pytest

from ordering_platform.runtime.errors import DeadlineExceeded, DomainError, ServiceUnavailable
from tests.support import rabbitmq
from tests.support.bus import calling
from tests.support.http import free_port
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ordering_platform.runtime.peers import Calls

pytestmark = [pytest.mark.broker, pytest.mark.processes]


@contextmanager
def process(folder: Path, amqp_url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.support.rpc_process", amqp_url, str(folder)]
    (folder / "ready").unlink(missing_ok=True)
    running = subprocess.Popen(command)
    try:
        until((folder / "ready").exists, timeout=20)
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.fixture
def worker() -> Iterator[Calls]:
    with calling(rabbitmq.shared_node().url, "worker", timeout=15.0) as calls:
        yield calls


def starts(folder: Path) -> list[str]:
    started = folder / "started"
    return started.read_text().splitlines() if started.exists() else []


def test_a_call_in_a_killed_process_runs_again_in_another_and_is_answered_once(tmp_path: Path, worker: Calls) -> None:
    url = rabbitmq.shared_node().url
    with process(tmp_path, url) as first, process(tmp_path, url) as second:
        until(lambda: {worker.pid(), worker.pid()} == {first.pid, second.pid})
        call = eventlet.spawn(worker.work, job="j1")
        until(lambda: starts(tmp_path))
        victim = first if starts(tmp_path)[0].endswith(str(first.pid)) else second
        survivor = second if victim is first else first

        victim.kill()

        until(lambda: len(starts(tmp_path)) == 2)
        (tmp_path / "go").touch()
        assert call.wait() == {"job": "j1", "pid": survivor.pid}
        assert starts(tmp_path) == [f"j1 {victim.pid}", f"j1 {survivor.pid}"]


def nobody_listens(worker: Calls) -> bool:
    """Ask until the broker has noticed the death; what it queued before goes with the queue."""
    try:
        worker.with_timeout(0.3).pid()
    except ServiceUnavailable:
        return True
    except DeadlineExceeded:
        return False
    return False


def test_with_no_other_process_the_caller_of_a_killed_one_waits_no_longer_than_its_deadline(
    tmp_path: Path, worker: Calls
) -> None:
    with process(tmp_path, rabbitmq.shared_node().url) as only:
        call = eventlet.spawn(worker.with_timeout(1.0).work, job="j1")
        until(lambda: starts(tmp_path))
        only.kill()
        only.wait()
        until(partial(nobody_listens, worker), timeout=10)
        with pytest.raises(DeadlineExceeded):
            call.wait()


def test_a_stopping_process_answers_what_it_began(tmp_path: Path, worker: Calls) -> None:
    with process(tmp_path, rabbitmq.shared_node().url) as only:
        call = eventlet.spawn(worker.work, job="j1")
        until(lambda: starts(tmp_path))
        only.send_signal(signal.SIGTERM)
        until(lambda: unavailable(worker))
        (tmp_path / "go").touch()
        assert call.wait()["job"] == "j1"
        assert only.wait(timeout=10) == 0


def unavailable(worker: Calls) -> bool:
    try:
        worker.with_timeout(0.5).pid()
    except DomainError as error:
        return isinstance(error, ServiceUnavailable)
    return False


def test_a_process_without_a_broker_starts_and_stops_at_once(tmp_path: Path) -> None:
    with process(tmp_path, f"amqp://guest:guest@127.0.0.1:{free_port()}/") as only:
        only.send_signal(signal.SIGTERM)
        before = time.monotonic()
        assert only.wait(timeout=10) == 0
        assert time.monotonic() - before < 2
