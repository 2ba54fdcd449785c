"""The web server of a service: accepts connections up to a bound and lets them end in good order."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.event import Event
from nameko.web.server import WebServer as NamekoWebServer

from ordering_platform.runtime import logs, metrics
from ordering_platform.runtime.app import App
from ordering_platform.runtime.errors import Overloaded
from ordering_platform.runtime.protocol import IDLE, Connection

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings

_log = logs.get("web")

_BACKLOG = 512
_PAUSE = 0.1
_POLL = 0.02

#: The services of this process by name: their ``handle`` answers without a socket in between.
local_apps: dict[str, App] = {}


class PortTaken(RuntimeError):
    """Another process already listens on the port; stop it or choose another one."""


class WebServer(NamekoWebServer):  # type: ignore[misc]  # nameko carries no types
    """Shared by all HTTP doors of a service."""

    app: App

    def __init__(self) -> None:
        """Start with nothing open."""
        super().__init__()
        self.port = 0
        self._connections: dict[Connection, None] = {}
        self._drained: Event | None = None
        self._listener: Any = None
        self._acceptor: Any = None

    @property
    def _settings(self) -> Settings:
        settings: Settings = self.container.settings
        return settings

    def start(self) -> None:
        """Open the port; raises PortTaken."""
        if self._listener is not None:
            return
        settings = self._settings
        self.app = App(self.container, list(self._providers))
        self._listener = listen(settings.http_host, settings.http_port, shared=settings.reuse_port)
        self.port = self._listener.getsockname()[1]
        self._acceptor = self.container.spawn_managed_thread(self._accept, "accept")
        local_apps[self.app.service] = self.app
        metrics.gauge(self.app.service, "connections", lambda: len(self._connections))

    def drain(self) -> None:
        """Take leave of the clients: announce it, close the port, let what runs finish; blocks until done."""
        if self._listener is None:
            return
        if self._drained is not None:
            self._drained.wait()
            return
        self._drained = Event()
        try:
            self.app.draining = True
            eventlet.sleep(self.container.drain_delay)
            self._close_listener()
            for connection in list(self._connections):
                connection.take_leave()
            while self._connections:
                eventlet.sleep(_POLL)
        finally:
            self._drained.send(None)

    def stop(self) -> None:
        """Stop after the doors; all is drained by now."""
        self.drain()

    def kill(self) -> None:
        """Close everything now."""
        if self._listener is None:
            return
        self.app.draining = True
        self._close_listener()
        for connection in list(self._connections):
            connection.close()

    def _close_listener(self) -> None:
        if local_apps.get(self.app.service) is self.app:
            del local_apps[self.app.service]
        self._acceptor.kill()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, address = self._listener.accept()
            except OSError as fault:
                if fault.errno == errno.EBADF:
                    return
                # Out of file descriptors, most likely: what is open goes on, and this pause ends by itself.
                _log.warning("no connection can be accepted just now: %s", fault)
                self._shed_idle()
                eventlet.sleep(_PAUSE)
                continue
            eventlet.spawn(self._serve, sock, address[0])

    def _serve(self, sock: Any, peer: str) -> None:
        connection = Connection(sock, peer, self.app, self._settings)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if len(self._connections) >= self._settings.max_connections and not self._shed_idle():
                connection.refuse(Overloaded())
                return
            self._connections[connection] = None
            connection.serve()
        except Exception:
            # The outermost boundary of a connection: its fault may not reach the container, which would die.
            _log.exception("a connection broke")
        finally:
            self._connections.pop(connection, None)
            connection.close()

    def _shed_idle(self) -> bool:
        idle = next((one for one in self._connections if one.state == IDLE), None)
        if idle is not None:
            idle.take_leave()
        return idle is not None


def listen(host: str, port: int, *, shared: bool = False) -> Any:
    """Open a listening socket; ``shared`` lets several processes of one service share the port.

    Raises PortTaken. Without ``shared`` the option SO_REUSEPORT stays off, with which two different
    services would silently take turns in answering.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = eventlet.listen((host, port), family=family, backlog=_BACKLOG, reuse_port=shared)
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            msg = f"port {port} on {host} is taken by another process; stop it or set another port"
            raise PortTaken(msg) from None
        raise
    listener.settimeout(None)
    return listener
