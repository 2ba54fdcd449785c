"""An open port and its connections: accepts up to a bound, survives a shortage, closes in good order."""

from __future__ import annotations

import errno
import json
import socket
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.greenio import GreenSocket

from ordering_platform.runtime import health, logs
from ordering_platform.runtime.errors import Overloaded
from ordering_platform.runtime.protocol import IDLE, Connection

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.protocol import Answering

_log = logs.get("port")

_BACKLOG = 512
_PAUSE = 0.1
_POLL = 0.02
_READING = 2.0
_ASK = 1.0


class PortTaken(RuntimeError):
    """Another process already listens on the port; stop it or choose another one."""


class Port:
    """Clients come in here; what they ask is answered by ``app``."""

    def __init__(self, app: Answering, settings: Settings, number: int, *, shared: bool = False) -> None:
        """Open the port; raises PortTaken. ``number`` 0 lets the kernel choose."""
        self._app = app
        self._settings = settings
        self._connections: dict[Connection, None] = {}
        self._listener = listen(settings.http_host, number, shared=shared)
        self.number: int = self._listener.getsockname()[1]
        self._acceptor = eventlet.spawn(self._accept)

    def __len__(self) -> int:
        """Give the number of open connections."""
        return len(self._connections)

    def close(self) -> None:
        """Accept nobody new; what is connected stays, and so does who had already come as far as the kernel."""
        self._acceptor.kill()
        self._listener.settimeout(0)
        with suppress(OSError):
            while True:
                sock, address = self._listener.accept()
                eventlet.spawn(self._serve, GreenSocket(sock), address[0])
        self._listener.close()

    def take_leave(self) -> None:
        """Let requests under way finish, close every connection; blocks until all are gone."""
        for connection in list(self._connections):
            connection.take_leave()
        patience = time.monotonic() + _READING
        while self._connections:
            eventlet.sleep(_POLL)
            if time.monotonic() > patience:
                for connection in list(self._connections):
                    connection.hurry()

    def cut(self) -> None:
        """Break off every connection."""
        for connection in list(self._connections):
            connection.cut()

    def _accept(self) -> None:
        while True:
            try:
                sock, address = self._listener.accept()
            except OSError as fault:
                # Out of file descriptors, most likely: what is open goes on, and the shortage ends by itself.
                _log.warning("no connection can be accepted just now: %s", fault)
                self._shed_idle()
                eventlet.sleep(_PAUSE)
                continue
            eventlet.spawn(self._serve, sock, address[0])

    def _serve(self, sock: Any, peer: str) -> None:
        connection = Connection(sock, peer, self._app, self._settings)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if len(self._connections) >= self._settings.max_connections and not self._shed_idle():
                connection.refuse(Overloaded())
                return
            self._connections[connection] = None
            connection.serve()
        except (Exception, eventlet.Timeout):  # noqa: BLE001  the outermost boundary: one connection's fault is nobody else's
            _log.exception("a connection broke")
        finally:
            self._connections.pop(connection, None)
            connection.close()

    def _shed_idle(self) -> bool:
        idle = next((one for one in self._connections if one.state == IDLE), None)
        if idle is not None:
            idle.take_leave()
        return idle is not None


def refuse_taken(host: str, number: int, service: str | None) -> None:
    """Raise PortTaken when the port cannot be ours; ``service`` is our name if we share it with our like.

    A shared port is asked who answers there: another service on it would get every second request of ours.
    """
    listen(host, number, shared=service is not None).close()
    if service is None:
        return
    found = _who_answers(host, number)
    if found not in {None, service}:
        raise PortTaken(f"port {number} on {host} is shared by the service {found}; set another port for {service}")


def _who_answers(host: str, number: int) -> str | None:
    try:
        with eventlet.Timeout(_ASK), eventlet.connect((_reachable(host), number)) as sock:
            sock.sendall(f"GET {health.LIVE} HTTP/1.0\r\n\r\n".encode())
            answer = b"".join(iter(partial(sock.recv, 4096), b""))
            return str(json.loads(answer.partition(b"\r\n\r\n")[2])["service"])
    except (OSError, ValueError, KeyError, TypeError, eventlet.Timeout):
        return None


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  the wildcard is asked by loopback


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
            raise PortTaken(f"port {port} on {host} is taken by another process; stop it or set another port") from None
        raise
    listener.settimeout(None)
    return listener
