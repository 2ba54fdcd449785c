"""How a process ends: told beforehand, nothing lost, nobody waited for in vain."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import eventlet
import pytest

from tests.support.http import ConnectionEnded, Wire, call, free_port
from tests.support.services import serving
from tests.support.shop import Shop
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

HOUSE = Path(__file__).parents[2]
SHOP = [sys.executable, "-m", "tests.support.serve_shop"]


@dataclass(slots=True)
class Process:
    popen: subprocess.Popen[bytes]
    port: int

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def ended(self, within: float) -> int:
        """Give the exit code; fails when the process still runs after ``within`` seconds."""
        until(lambda: self.popen.poll() is not None, timeout=within)
        return int(self.popen.returncode)


@contextmanager
def process(command: list[str], port: int, environ: dict[str, str] | None = None) -> Iterator[Process]:
    """Run a service as a process and wait until it answers."""
    popen = subprocess.Popen(command, cwd=HOUSE, env={**os.environ, **(environ or {})}, stderr=subprocess.PIPE)
    log = eventlet.spawn(popen.stderr.read)  # type: ignore[union-attr]  # it is a pipe
    running = Process(popen, port)
    try:
        until(lambda: _answers(port) or popen.poll() is not None, timeout=30)
        assert popen.poll() is None, log.wait().decode()
        yield running
    finally:
        if popen.poll() is None:
            popen.kill()
        until(lambda: popen.poll() is not None)
        log.wait()


def _answers(port: int) -> bool:
    try:
        return call(port, "GET", "/health/live").status == 200
    except (OSError, ConnectionEnded):
        return False


@contextmanager
def shop(**settings: Any) -> Iterator[Process]:
    port = free_port()
    with process([*SHOP, json.dumps({"http_port": port, **settings})], port) as running:
        yield running


def test_an_idle_process_ends_at_once() -> None:
    with shop(drain_delay=0.0) as running:
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        assert running.ended(within=3) == 0
        assert time.monotonic() - began < 3


def test_idle_connections_do_not_keep_a_process() -> None:
    with shop(drain_delay=0.0) as running, Wire(running.port) as wire:
        assert wire.request("GET", "/cakes").status == 200
        running.signal(signal.SIGTERM)
        assert running.ended(within=3) == 0


def test_a_broker_that_is_away_keeps_nobody_from_asking_or_from_ending() -> None:
    with shop(drain_delay=0.0, amqp_url="amqp://guest:guest@127.0.0.1:9/") as running:
        assert call(running.port, "GET", "/cakes").status == 200
        running.signal(signal.SIGTERM)
        assert running.ended(within=3) == 0


def test_somebody_at_the_keyboard_does_not_wait_for_a_load_balancer() -> None:
    with shop(drain_delay=30.0) as running:
        running.signal(signal.SIGINT)
        assert running.ended(within=3) == 0


def test_a_second_signal_ends_the_process_on_the_spot() -> None:
    with shop(drain_delay=30.0) as running, Wire(running.port) as wire:
        wire.send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        running.signal(signal.SIGTERM)
        until(lambda: call(running.port, "GET", "/health/ready").status == 503)
        running.signal(signal.SIGTERM)
        assert running.ended(within=3) == 128 + signal.SIGTERM


def test_while_a_process_takes_its_leave_it_serves_and_says_so() -> None:
    with shop(drain_delay=1.0) as running, Wire(running.port) as before:
        assert "connection" not in before.request("GET", "/cakes").headers
        running.signal(signal.SIGTERM)
        until(lambda: call(running.port, "GET", "/health/ready").status == 503)
        ready = call(running.port, "GET", "/health/ready")
        assert (ready.status, ready.json["faults"]) == (503, {"process": "stopping"})
        assert ready.headers["connection"] == "close"
        assert call(running.port, "GET", "/health/live").status == 200
        last = before.request("GET", "/cakes")
        assert (last.status, last.headers["connection"]) == (200, "close")
        assert before.ended()
        assert running.ended(within=4) == 0


def test_a_request_under_way_is_finished() -> None:
    with shop(drain_delay=0.0) as running, Wire(running.port) as wire:
        wire.send(b"GET /nap/1.0 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert call(running.port, "GET", "/cakes").status == 200
        running.signal(signal.SIGTERM)
        until(lambda: not _answers(running.port))
        answer = wire.response()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert running.ended(within=3) == 0


def test_streams_end_and_do_not_keep_a_process() -> None:
    with shop(drain_delay=0.0) as running, Wire(running.port) as wire:
        wire.send(b"GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n").head()
        running.signal(signal.SIGTERM)
        wire.until(b"0\r\n\r\n")
        assert running.ended(within=3) == 0


def test_a_worker_that_does_not_end_is_ended_by_force_after_the_grace_period() -> None:
    with shop(drain_delay=0.0, grace_period=0.5) as running, Wire(running.port) as wire:
        wire.send(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        assert call(running.port, "GET", "/cakes").status == 200
        running.signal(signal.SIGTERM)
        assert running.ended(within=5) == 1


@dataclass(slots=True)
class Client:
    """Asks without a pause over kept connections, as a load balancer does, until nobody listens any more."""

    port: int
    answered: int = 0
    lost: list[str] = field(default_factory=list)

    def run(self) -> None:
        while wire := self._connect():
            with wire:
                self._use(wire)

    def _connect(self) -> Wire | None:
        try:
            return Wire(self.port)
        except ConnectionRefusedError:
            return None

    def _use(self, wire: Wire) -> None:
        while True:
            try:
                answer = wire.request("GET", "/nap/0.02")
            except (OSError, ConnectionEnded) as fault:
                self.lost.append(repr(fault))
                return
            if answer.status != 200:
                self.lost.append(str(answer.status))
            self.answered += 1
            if answer.headers.get("connection") == "close":
                return


def test_who_has_just_connected_is_answered_once_and_told_to_go() -> None:
    with serving(Shop.fresh()) as shop, Wire(shop.port) as queued, Wire(shop.port) as silent:
        until(lambda: len(shop.server) == 2)
        shop.app.draining = True
        shop.server.close()
        leave = eventlet.spawn(shop.server.take_leave)
        for _ in range(3):
            # Turns of the event loop, in which an idle connection would be closed.
            eventlet.sleep(0)
        answer = queued.request("GET", "/cakes")
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert silent.ended()
        leave.wait()


def test_no_request_is_lost_under_steady_load() -> None:
    with shop(drain_delay=1.0) as running:
        clients = [Client(running.port) for _ in range(8)]
        threads = [eventlet.spawn(client.run) for client in clients]
        until(lambda: all(client.answered > 5 for client in clients))
        running.signal(signal.SIGTERM)
        for thread in threads:
            thread.wait()
        assert running.ended(within=5) == 0
    assert [client.lost for client in clients] == [[]] * 8
    assert sum(client.answered for client in clients) > 100


class TestStockNameko:
    """The service as somebody runs it who knows nameko and not our command line."""

    @contextmanager
    def running(self, **environ: str) -> Iterator[Process]:
        port = free_port()
        command = [str(Path(sys.executable).with_name("nameko")), "run", "--config", "config.yaml"]
        settings = {
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
            "AMQP_URL": "amqp://guest:gu%20est@127.0.0.1:9/",
            "JWKS_URL": f"http://127.0.0.1:{port}/.well-known/jwks.json",
            "PUBLIC_URL": "http://localhost",
            "ORDERING_HTTP_HOST": "127.0.0.1",
            "ORDERING_HTTP_PORT": str(port),
            "ORDERING_DRAIN_DELAY": "0",
            "PYTHONPATH": str(HOUSE),
            **environ,
        }
        with process([*command, "tests.support.shop:Shop"], port, settings) as started:
            yield started

    def test_it_serves_and_ends_as_promptly_as_under_our_own_runner(self) -> None:
        with self.running() as running, Wire(running.port) as wire:
            assert wire.request("GET", "/cakes/1").json["id"] == "1"
            assert wire.request("GET", "/broken").code == "internal_error"
            running.signal(signal.SIGTERM)
            assert running.ended(within=3) == 0

    def test_it_forces_the_end_after_the_grace_period_too(self) -> None:
        with self.running(ORDERING_GRACE_PERIOD="0.5") as running, Wire(running.port) as wire:
            wire.send(b"GET /nap/9.0 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert call(running.port, "GET", "/cakes").status == 200
            running.signal(signal.SIGTERM)
            running.ended(within=5)


def test_a_taken_port_is_refused_in_words() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        command = [*SHOP, json.dumps({"http_port": other.getsockname()[1]})]
        started = subprocess.run(command, cwd=HOUSE, capture_output=True, timeout=30, check=False)
    assert started.returncode == 1
    assert b"is taken by another process" in started.stderr
    assert b"Traceback" not in started.stderr
