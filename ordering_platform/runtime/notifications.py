"""Hears what PostgreSQL announces: one listening connection for a channel and process, any number of listeners.

A listener that may have missed something (the connection was lost, or it was too slow) is told so
instead, and reads what it missed from its table. Nobody holds a connection while listening.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import eventlet
import psycopg2
from eventlet.hubs import trampoline
from eventlet.queue import Empty, LightQueue

from ordering_platform.runtime import logs
from ordering_platform.runtime.database import CONNECT_TIMEOUT, driver_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logs.get("notifications")

#: Given to a listener in place of what it may have missed.
MISSED = object()
#: Given to a listener when nothing was announced for a while.
SILENCE = object()

_BACKLOG = 1000
_CHECK_AFTER = 20.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


class Notifications:
    """One channel of one database; ``read`` turns a payload into what listeners get, once for all of them."""

    def __init__(self, database_url: str, channel: str, read: Callable[[str], Any]) -> None:
        """Begin to listen in the background; a database that is away is waited for there."""
        self._address = driver_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._channel = channel
        self._read = read
        self._listeners: set[Listener] = set()
        self._ear = eventlet.spawn(self._run)

    def subscribe(self) -> Listener:
        """Give a listener that hears everything from now on; close it when done."""
        return Listener(self._listeners)

    def close(self) -> None:
        """Stop listening."""
        self._ear.kill()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                connection = self._connect()
                try:
                    pause = _FIRST_PAUSE
                    self._tell(MISSED)
                    self._listen(connection)
                finally:
                    connection.close()
            except (psycopg2.Error, OSError, eventlet.Timeout) as fault:
                _log.warning("the channel %s is silent, trying again: %s", self._channel, fault)
            eventlet.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _connect(self) -> Any:
        with eventlet.Timeout(CONNECT_TIMEOUT):
            connection = psycopg2.connect(
                self._address,
                application_name="ordering-platform-events",
                tcp_user_timeout=5000,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'LISTEN "{self._channel}"')
            return connection

    def _listen(self, connection: Any) -> None:
        while True:
            try:
                trampoline(connection.fileno(), read=True, timeout=_CHECK_AFTER)
            except eventlet.Timeout:
                # A peer that vanished without a word is noticed only by asking.
                with eventlet.Timeout(CONNECT_TIMEOUT), connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
            connection.poll()
            while connection.notifies:
                self._announce(connection.notifies.pop(0).payload)

    def _announce(self, payload: str) -> None:
        try:
            message = self._read(payload)
        except Exception:  # noqa: BLE001  see below
            # The outermost boundary of this greenthread: one odd payload must not make everybody deaf.
            _log.exception("an announcement on %s could not be read", self._channel)
            message = MISSED
        self._tell(message)

    def _tell(self, message: Any) -> None:
        for listener in list(self._listeners):
            listener.hear(message)


class Listener:
    """Hears a channel until it is closed; use it in a ``with`` statement."""

    def __init__(self, listeners: set[Listener]) -> None:
        """Hear from now on."""
        self._listeners = listeners
        self._heard: LightQueue = LightQueue()
        listeners.add(self)

    def hear(self, message: Any) -> None:
        """Take a message; one who falls too far behind is told to read instead."""
        if self._heard.qsize() >= _BACKLOG:
            while self._heard.qsize():
                self._heard.get_nowait()
            message = MISSED
        self._heard.put(message)

    def messages(self, every: float) -> Iterator[Any]:
        """Give what is announced as it comes, MISSED, and SILENCE after ``every`` quiet seconds; never ends."""
        while True:
            try:
                yield self._heard.get(timeout=every)
            except Empty:
                yield SILENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        self._listeners.discard(self)
