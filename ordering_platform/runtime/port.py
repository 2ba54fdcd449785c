"""An open port and its connections: accepts up to a bound, survives a shortage, closes in good order."""

from __future__ import annotations

import ctypes
import errno
import json
import socket
import struct
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.greenio import GreenSocket

from ordering_platform.runtime import health, logs
from ordering_platform.runtime.errors import Overloaded
from ordering_platform.runtime.protocol import FRESH, IDLE, Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.protocol import Answering

_log = logs.get("port")

_BACKLOG = 512
_PAUSE = 0.1
_POLL = 0.02
_ASK = 1.0
# Linux: socket(7), and the one instruction "return 0 bytes of the packet".
_SO_ATTACH_FILTER = 26
_BPF_RETURN = 0x06


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
        _let_nobody_in(self._listener)
        self._listener.settimeout(0)
        with suppress(OSError):
            while True:
                sock, address = self._listener.accept()
                self._admit(GreenSocket(sock), address[0])
        self._listener.close()

    def take_leave(self) -> None:
        """Let requests under way finish, close every connection; blocks until all are gone."""
        for connection in list(self._connections):
            connection.take_leave()
        began = time.monotonic()
        while self._connections:
            eventlet.sleep(_POLL)
            for connection in list(self._connections):
                connection.hurry(time.monotonic() - began)

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
            self._admit(sock, address[0])

    def _admit(self, sock: Any, peer: str) -> None:
        connection = Connection(sock, peer, self._app, self._settings)
        if len(self._connections) >= self._settings.max_connections and not self._shed_idle():
            eventlet.spawn(self._serve, connection, connection.refuse, Overloaded())
            return
        # Known before it runs, so that whoever closes the port in this moment waits for it too.
        self._connections[connection] = None
        eventlet.spawn(self._serve, connection, connection.serve)

    def _serve(self, connection: Connection, how: Callable[..., None], *args: Any) -> None:
        try:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            how(*args)
        except (Exception, eventlet.Timeout):  # noqa: BLE001  the outermost boundary: one connection's fault is nobody else's
            _log.exception("a connection broke")
        finally:
            self._connections.pop(connection, None)
            connection.close()

    def _shed_idle(self) -> bool:
        idle = next((one for one in self._connections if one.state in {FRESH, IDLE} and not one.closing), None)
        if idle is not None:
            idle.shed()
        return idle is not None


def _let_nobody_in(listener: Any) -> None:
    """Have the kernel drop what asks to connect; a client asks again a second later and is refused then.

    Without it, whoever connects between the last accept and the close is connected for the kernel, and reset.
    """
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))
    program = struct.pack("HL", 1, ctypes.addressof(drop_all))
    with suppress(OSError):
        # Only Linux knows it; elsewhere the gap of some microseconds stays.
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


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
