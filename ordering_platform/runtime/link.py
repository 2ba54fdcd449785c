"""The one connection of a process to its broker: it calls, it answers, it listens, and it heals itself.

A greenthread reads; everybody else only sends, which never waits. When the connection is lost, every
call in flight fails at that moment, because nobody can know whether it was carried out. A call that was
never queued says so with ``NeverQueued`` and may be repeated safely.
"""

from __future__ import annotations

import itertools
import secrets
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.event import Event
from kombu.connection import Connection

from ordering_platform.runtime import logs, rabbitmq, wire
from ordering_platform.runtime.errors import DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONNECT_TIMEOUT = 5.0
SLOWEST_RETRY = 2.0
PATIENCE_AT_STOP = 2.0
MOST_UNSENT = 8 * 1024 * 1024
_READS_BEFORE_YIELDING = 100

_log = logs.get("link")


class NeverQueued(Exception):
    """The message reached no queue; sending it again cannot carry it out twice."""


class ConnectionLost(DeadlineExceeded):
    """The connection was lost before the answer came; ask again with the same Idempotency-Key."""


@dataclass(eq=False)
class Ear:
    """A queue this process listens on, across reconnections; ``listening`` is sent at the first start."""

    queue: str
    routing_key: str
    prefetch: int
    on_message: Callable[[Any], None]
    tag: str


class Link:
    """The connection to one broker address, shared by everything in the process that speaks to it."""

    def __init__(self, url: str, heartbeat: int) -> None:
        """Connect in the background; a broker that is away is waited for as long as it takes."""
        self.url = url
        self.users = 0
        self.down_since = time.monotonic()
        self._heartbeat = heartbeat
        self._connection: Any = None
        self._channel: Any = None
        self._up = Event()
        self._ears: dict[str, Ear] = {}
        self._listening: set[str] = set()
        self._answers: dict[str, Event] = {}
        self._stops: list[Event] = []
        self._ids = itertools.count(1)
        self._name = ""
        self._closed = False
        self.user: str = self._client().userid or ""
        self._keeper = eventlet.spawn(self._keep)

    # -- what others ask of it

    @property
    def usable(self) -> bool:
        """Whether a message sent now would go straight to the broker."""
        connection = self._connection
        return self._channel is not None and not connection.blocked and connection.unsent < MOST_UNSENT

    def wait_usable(self, seconds: float) -> bool:
        """Wait for the connection, at most so long; give whether it is there."""
        if self._channel is None:
            self._up.wait(seconds)
        return self.usable

    def request(self, routing_key: str, body: bytes, deadline: float) -> Any:
        """Send a call and wait for the message that answers it, until ``deadline`` (monotonic seconds).

        Raises NeverQueued (safe to repeat), DeadlineExceeded and ConnectionLost (outcome unknown).
        """
        remaining = deadline - time.monotonic()
        if not self.usable or remaining <= 0:
            raise NeverQueued
        call_id = f"{self._name}.{next(self._ids)}"
        answer = self._answers[call_id] = Event()
        properties = {
            "content_type": wire.CONTENT_TYPE,
            "content_encoding": "utf-8",
            "delivery_mode": 1,
            "reply_to": self._name,
            "correlation_id": call_id,
            "expiration": str(max(1, int(remaining * 1000))),
            "application_headers": wire.headers(remaining),
        }
        try:
            self._send(routing_key, body, properties, mandatory=True)
            message = answer.wait(remaining)
        finally:
            self._answers.pop(call_id, None)
        if message is None:
            raise DeadlineExceeded
        return message

    def answer(self, reply_to: str, correlation_id: str | None, body: bytes) -> None:
        """Send the answer to a call; raises NeverQueued when the broker is away."""
        properties = {
            "content_type": wire.CONTENT_TYPE,
            "content_encoding": "utf-8",
            "delivery_mode": 1,
            "correlation_id": correlation_id,
        }
        self._send(reply_to, body, properties, mandatory=False)

    def listen(self, queue: str, routing_key: str, prefetch: int, on_message: Callable[[Any], None]) -> Ear:
        """Consume a queue from now on, and again after each reconnection.

        ``on_message`` runs in the greenthread that reads: it must not wait and must not raise.
        """
        ear = Ear(queue, routing_key, prefetch, on_message, f"{queue}-{secrets.token_hex(4)}")
        self._ears[ear.tag] = ear
        if self._channel is not None:
            self._open(ear)
        return ear

    def listening(self, ear: Ear) -> bool:
        """Whether the broker delivers to this ear now."""
        return ear.tag in self._listening

    def stop_listening(self, ear: Ear) -> None:
        """Take no more messages; returns when none can arrive any more."""
        del self._ears[ear.tag]
        self._listening.discard(ear.tag)
        if self._channel is None:
            return
        stopped = Event()
        self._stops.append(stopped)
        self._channel.hush(ear.tag, lambda: stopped.ready() or stopped.send())
        stopped.wait(PATIENCE_AT_STOP)
        if stopped in self._stops:
            self._stops.remove(stopped)

    def close(self) -> None:
        """Leave the broker, waiting a short while for its goodbye."""
        self._closed = True
        if self._channel is None:
            self._keeper.kill()
            return
        self._connection.hang_up()
        with eventlet.Timeout(PATIENCE_AT_STOP, exception=False):
            self._keeper.wait()
            return
        self._keeper.kill()

    # -- how it lives

    def _send(self, routing_key: str, body: bytes, properties: Mapping[str, Any], *, mandatory: bool) -> None:
        channel = self._channel
        if channel is None:
            raise NeverQueued
        try:
            channel.send(body, wire.EXCHANGE, routing_key, properties, mandatory=mandatory)
        except errors() as fault:
            # A message that was not handed over whole is never queued.
            raise NeverQueued from fault

    def _keep(self) -> None:
        pause = 0.0
        while not self._closed:
            try:
                self._connect()
                pause = 0.0
                self._read()
            except Exception as fault:  # noqa: BLE001  whatever ends a connection, the process stays and a new one is made
                _log.warning("the broker is away: %s: %s", type(fault).__name__, fault)
            finally:
                self._lose()
            if not self._closed:
                pause = min(SLOWEST_RETRY, max(0.1, pause * 2))
                eventlet.sleep(pause)

    def _connect(self) -> None:
        client = self._client()
        with eventlet.Timeout(CONNECT_TIMEOUT, TimeoutError("the broker did not answer")):
            self._connection = client.transport.establish_connection()
            channel = self._connection.channel()
        self._name = secrets.token_hex(16)
        channel.on_return(self._returned)
        channel.exchange_declare(wire.EXCHANGE, "topic", durable=True, auto_delete=False, nowait=True)
        replies = f"rpc.reply-{self._name}"
        channel.queue_declare(replies, exclusive=True, auto_delete=True, nowait=True)
        channel.queue_bind(replies, wire.EXCHANGE, self._name, nowait=True)
        self._channel = channel
        channel.listen(replies, replies, self._answered, no_ack=True)
        for ear in self._ears.values():
            self._open(ear)
        _log.info("connected to the broker")
        self._up.send()

    def _client(self) -> Any:
        secure = self.url.startswith("amqps://")
        return Connection(  # type: ignore[no-untyped-call]
            self.url,
            transport=rabbitmq.Transport if self.url.startswith("amqp") else None,
            connect_timeout=CONNECT_TIMEOUT,
            heartbeat=self._heartbeat,
            ssl={"server_hostname": None} if secure else False,
            transport_options={"socket_settings": {socket.TCP_USER_TIMEOUT: 2000 * self._heartbeat}},
        )

    def _open(self, ear: Ear) -> None:
        # Auto-delete and transient: when nobody listens there is no queue, and callers are told at once.
        self._channel.queue_declare(ear.queue, durable=False, auto_delete=True, nowait=True)
        self._channel.queue_bind(ear.queue, wire.EXCHANGE, ear.routing_key, nowait=True)
        self._channel.listen(
            ear.queue, ear.tag, ear.on_message, prefetch=ear.prefetch, on_start=lambda: self._listening.add(ear.tag)
        )

    def _read(self) -> None:
        beating = eventlet.spawn(self._beat, self._connection)
        try:
            for reads in itertools.count(1):
                if not self._connection.connected:
                    return
                self._connection.drain_events()
                if reads % _READS_BEFORE_YIELDING == 0:
                    eventlet.sleep(0)
        finally:
            beating.kill()

    def _beat(self, connection: Any) -> None:
        while connection.connected:
            eventlet.sleep(self._heartbeat / 4)
            try:
                connection.heartbeat_tick()
            except errors() as silence:
                _log.warning("the broker is silent: %s", silence)
                connection.drop()
                return

    def _lose(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._listening.clear()
        if connection is not None:
            connection.collect()
        if self._up.ready():
            self._up = Event()
            self.down_since = time.monotonic()
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            answer.send_exception(ConnectionLost())
        stops, self._stops = self._stops, []
        for stopped in stops:
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


def leave(link: Link) -> None:
    """Say that a user of the link is done with it; the last one closes it."""
    link.users -= 1
    if link.users == 0:
        _links.pop(link.url, None)
        link.close()
