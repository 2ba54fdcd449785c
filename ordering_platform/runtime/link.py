"""The one connection of a process to its broker: it calls, it answers, it listens, and it heals itself.

A greenthread reads; everybody else only sends, which never waits. When the connection is lost, every
call in flight fails at that moment, because nobody can know whether it was carried out. A call that was
never queued says so with ``NeverQueued`` and may be repeated safely.
"""

from __future__ import annotations

import itertools
import logging
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.event import Event

from ordering_platform.runtime import logs, rabbitmq, wire
from ordering_platform.runtime.config import settings_of
from ordering_platform.runtime.errors import DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_TIMEOUT = 5.0
SLOWEST_RETRY = 2.0
PATIENCE_AT_STOP = 2.0
MOST_UNSENT = 8 * 1024 * 1024
_READS_BEFORE_YIELDING = 20

_log = logs.get("link")


class NeverQueued(Exception):
    """The message reached no queue; sending it again cannot carry it out twice."""


class ConnectionLost(DeadlineExceeded):
    """The connection was lost before the answer came; ask again with the same Idempotency-Key."""


@dataclass(eq=False, slots=True)
class Ear:
    """A queue this process listens on, across reconnections."""

    queue: str
    routing_key: str
    prefetch: int
    on_message: Callable[[Any], None]
    tag: str
    listening: bool = False


class Link:
    """The connection to one broker address, shared by everything in the process that speaks to it."""

    def __init__(self, url: str, heartbeat: int) -> None:
        """Connect in the background; a broker that is away is waited for as long as it takes."""
        self.url = url
        self.users = 0
        self._heartbeat = heartbeat
        self._client = rabbitmq.client(url, heartbeat, CONNECT_TIMEOUT)
        self.user: str = self._client.userid or ""
        self._connection: Any = None
        self._channel: Any = None
        self._up = Event()
        self._ears: dict[str, Ear] = {}
        self._answers: dict[str, Event] = {}
        self._stops: dict[str, Event] = {}
        self._ids = itertools.count(1)
        self._name = ""
        self._trouble = ""
        self._closed = False
        self._keeper = eventlet.spawn(self._keep)

    @property
    def usable(self) -> bool:
        """Whether a message sent now would go straight to the broker."""
        connection = self._connection
        return self._channel is not None and not connection.blocked and connection.unsent < MOST_UNSENT

    def wait(self, seconds: float) -> None:
        """Wait until the connection is there, or so long when it is."""
        if self._channel is None:
            self._up.wait(seconds)
        else:
            eventlet.sleep(seconds)

    def request(self, routing_key: str, body: bytes, deadline: float) -> Any:
        """Send a call and wait for the message that answers it, until ``deadline`` (monotonic seconds).

        Raises NeverQueued (safe to repeat), DeadlineExceeded and ConnectionLost (outcome unknown).
        """
        remaining = deadline - time.monotonic()
        if not self.usable or remaining <= 0:
            raise NeverQueued
        call_id = f"{self._name}.{next(self._ids)}"
        answer = self._answers[call_id] = Event()
        try:
            self._send(routing_key, body, wire.call_properties(self._name, call_id, remaining, self.user))
            message = answer.wait(remaining)
        finally:
            self._answers.pop(call_id, None)
        if message is None:
            raise DeadlineExceeded
        return message

    def answer(self, reply_to: str, correlation_id: str | None, body: bytes) -> None:
        """Send the answer to a call; raises NeverQueued when the broker is away."""
        self._send(reply_to, body, wire.answer_properties(correlation_id), mandatory=False)

    def listen(self, queue: str, routing_key: str, prefetch: int, on_message: Callable[[Any], None]) -> Ear:
        """Consume a queue from now on, and again after each reconnection.

        ``on_message`` runs in the greenthread that reads: it must not wait and must not raise.
        """
        ear = Ear(queue, routing_key, prefetch, on_message, f"{queue}-{secrets.token_hex(4)}")
        self._ears[ear.tag] = ear
        if self._channel is not None:
            self._open(ear)
        return ear

    def stop_listening(self, ear: Ear) -> None:
        """Take no more messages; returns when none can arrive any more."""
        del self._ears[ear.tag]
        ear.listening = False
        if self._channel is None:
            return
        stopped = self._stops[ear.tag] = Event()
        self._channel.hush(ear.tag, lambda: self._stopped(ear.tag))
        stopped.wait(PATIENCE_AT_STOP)
        self._stops.pop(ear.tag, None)

    def close(self) -> None:
        """Leave the broker, waiting a short while for its goodbye."""
        self._closed = True
        if self._channel is not None:
            self._connection.hang_up()
            with eventlet.Timeout(PATIENCE_AT_STOP, exception=False):
                self._keeper.wait()
        self._keeper.kill()

    def _send(self, routing_key: str, body: bytes, properties: dict[str, Any], *, mandatory: bool = True) -> None:
        if self._channel is None:
            raise NeverQueued
        try:
            self._channel.send(body, wire.EXCHANGE, routing_key, properties, mandatory=mandatory)
        except errors() as fault:
            raise NeverQueued from fault

    # What follows runs in the greenthread that reads, and is the only code that changes the connection.

    def _keep(self) -> None:
        pause = 0.0
        while not self._closed:
            try:
                self._connect()
                pause = 0.0
                self._read()
            except Exception as fault:  # noqa: BLE001  whatever ends a connection, the process lives on and makes a new one
                self._report(fault)
            finally:
                self._lose()
            if not self._closed:
                pause = min(SLOWEST_RETRY, max(0.1, pause * 2))
                eventlet.sleep(pause)

    def _connect(self) -> None:
        with eventlet.Timeout(CONNECT_TIMEOUT, TimeoutError("the broker did not answer")):
            self._connection = self._client.transport.establish_connection()
            channel = self._connection.channel()
        self._name = secrets.token_hex(16)
        replies = f"rpc.reply-{self._name}"
        channel.on_return(self._returned)
        channel.exchange_declare(wire.EXCHANGE, "topic", durable=True, auto_delete=False, nowait=True)
        channel.queue_declare(replies, exclusive=True, auto_delete=True, nowait=True)
        channel.queue_bind(replies, wire.EXCHANGE, self._name, nowait=True)
        channel.listen(replies, replies, self._answered, no_ack=True)
        self._channel = channel
        for ear in self._ears.values():
            self._open(ear)
        self._trouble = ""
        self._up.send()
        _log.info("connected to the broker")

    def _open(self, ear: Ear) -> None:
        def started() -> None:
            ear.listening = True

        # Auto-delete and transient: when nobody listens there is no queue, and callers are told at once.
        self._channel.queue_declare(ear.queue, durable=False, auto_delete=True, nowait=True)
        self._channel.queue_bind(ear.queue, wire.EXCHANGE, ear.routing_key, nowait=True)
        self._channel.listen(ear.queue, ear.tag, ear.on_message, prefetch=ear.prefetch, on_start=started)

    def _read(self) -> None:
        beating = eventlet.spawn(self._beat, self._connection)
        try:
            for turn in itertools.count(1):
                if not self._connection.connected:
                    return
                self._connection.drain_events()
                if turn % _READS_BEFORE_YIELDING == 0:
                    eventlet.sleep(0)
        finally:
            beating.kill()

    def _beat(self, connection: Any) -> None:
        while True:
            eventlet.sleep(self._heartbeat / 4)
            try:
                connection.heartbeat_tick()
            except errors() as silence:
                self._report(silence)
                connection.drop()
                return

    def _lose(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.collect()
        if self._up.ready():
            self._up = Event()
        for ear in self._ears.values():
            ear.listening = False
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            answer.send_exception(ConnectionLost())
        for tag in list(self._stops):
            self._stopped(tag)

    def _report(self, fault: Exception) -> None:
        trouble = f"{type(fault).__name__}: {fault}"
        _log.log(logging.DEBUG if trouble == self._trouble else logging.WARNING, "the broker is away: %s", trouble)
        self._trouble = trouble

    def _stopped(self, tag: str) -> None:
        stopped = self._stops.pop(tag, None)
        if stopped is not None:
            stopped.send()

    def _answered(self, message: Any) -> None:
        answer = self._answers.pop(message.properties.get("correlation_id"), None)
        if answer is not None:
            answer.send(message)

    def _returned(self, call_id: str) -> None:
        answer = self._answers.pop(call_id, None)
        if answer is not None:
            answer.send_exception(NeverQueued())


def errors() -> tuple[type[Exception], ...]:
    """Give what sending on a lost connection may raise."""
    return (*rabbitmq.Transport.connection_errors, *rabbitmq.Transport.channel_errors)


_links: dict[str, Link] = {}


def join(url: str, heartbeat: int) -> Link:
    """Give the process's link to this broker, made on first use; ``leave`` it when done."""
    link = _links.get(url)
    if link is None:
        link = _links[url] = Link(url, heartbeat)
    link.users += 1
    return link


def join_for(container: Any) -> Link:
    """Join the link a service's settings name; the service is not ready while its broker is away."""
    settings = settings_of(container.config)
    link = join(settings.amqp_url, settings.heartbeat)
    if readiness := getattr(container, "readiness", None):
        readiness.add("broker", lambda: link.usable)
    return link


def leave(link: Link) -> None:
    """Say that a user of the link is done with it; the last one closes it."""
    link.users -= 1
    if link.users == 0:
        _links.pop(link.url, None)
        link.close()
