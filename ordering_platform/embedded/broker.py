"""A broker inside the process: AMQP behind ``inproc://``, without a socket and without polling.

Importing this module makes the address known to kombu, so stock nameko runs on it as well. One broker
exists per host name (``inproc://embedded``) and lives as long as the process. A message that is handed
over wakes the greenthread that reads its connection, or runs its consumer on the spot where that never
waits.
"""

from __future__ import annotations

import itertools
from typing import Any

from eventlet import queue as green
from kombu import transport as transports
from kombu.exceptions import ChannelError
from kombu.transport import base

from ordering_platform.embedded.channel import Channel
from ordering_platform.embedded.queues import Broker


class Connection:
    """An inbox that a reader waits on, and the channels that fill it."""

    blocked = False
    unsent = 0
    client: Any = None

    def __init__(self, broker: Broker) -> None:
        """Be connected at once."""
        self.broker = broker
        self.connected = True
        self.inbox = green.LightQueue()
        self.channels: list[Channel] = []
        self.ids = itertools.count(1)

    def channel(self) -> Channel:
        """Open a channel."""
        return Channel(self)

    def drain_events(self, timeout: float | None = None) -> None:
        """Wait for one message and give it to its consumer; raises TimeoutError."""
        try:
            callback, message = self.inbox.get(timeout=timeout)
        except green.Empty:
            raise TimeoutError from None
        callback(message)

    def hang_up(self) -> None:
        """Let the reader find the end."""
        self.inbox.put((lambda _nothing: self.collect(), None))

    def heartbeat_tick(self) -> None:
        """Nothing can fall silent inside a process."""

    def collect(self) -> None:
        """Close every channel and delete what only this connection could use."""
        self.connected = False
        for channel in list(self.channels):
            channel.close()
        for name in [name for name, queue in self.broker.queues.items() if queue.owner is self]:
            self.broker.delete(name)

    drop = close = collect


class Transport(base.Transport):  # type: ignore[misc]  # kombu carries no types
    """What kombu needs to open such a connection."""

    driver_type = driver_name = "inproc"
    connection_errors: Any = (ChannelError, OSError)
    channel_errors: Any = (ChannelError,)
    # Without these kombu takes NO_ROUTE for a broken connection and tries for ever.
    recoverable_connection_errors: Any = ()
    recoverable_channel_errors: Any = ()
    client: Any
    brokers: dict[str, Broker] = {}  # noqa: RUF012  the brokers of this process

    def establish_connection(self) -> Connection:
        """Connect to the broker of this host name."""
        connection = Connection(self.brokers.setdefault(self.client.hostname, Broker()))
        connection.client = self.client
        return connection

    def close_connection(self, connection: Connection) -> None:
        """Leave the broker."""
        connection.close()

    def create_channel(self, connection: Connection) -> Channel:
        """Open a channel."""
        return connection.channel()

    def close_channel(self, channel: Channel) -> None:
        """Close a channel."""
        channel.close()

    def drain_events(self, connection: Connection, timeout: float | None = None, **_options: Any) -> None:
        """Wait for one message."""
        connection.drain_events(timeout)

    def verify_connection(self, connection: Connection) -> bool:
        """Whether the connection is open."""
        return connection.connected

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:  # noqa: ARG002  kombu's signature
        """Show the address, which holds no secret."""
        return uri


transports.TRANSPORT_ALIASES["inproc"] = f"{__name__}:Transport"
