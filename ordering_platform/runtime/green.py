"""The one place where the standard library is made cooperative.

Process entry points call ``patch()`` before they import a service; services never do.
"""

from __future__ import annotations

import os
import socket
import warnings
from typing import Any

_look_up = socket.getaddrinfo


def patch() -> None:
    """Make sockets, threads, time and psycopg2 cooperative; safe to call twice."""
    # Eventlet announces its own archival on every import; the decision record on the runtime answers it.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    # Eventlet's own resolver takes a third of a start and 8 MB, and overlooks nsswitch; the system's waits in a thread.
    os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    import eventlet  # noqa: PLC0415  the filter and the setting above must come first
    from eventlet.green import socket as green_socket  # noqa: PLC0415

    green_socket.getaddrinfo = getaddrinfo
    eventlet.monkey_patch()


def getaddrinfo(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:  # noqa: A002, PLR0917  the names and places of the standard library
    """Look a name up as ``socket.getaddrinfo`` does, holding up nobody else; numbers need no thread."""
    from eventlet import tpool  # noqa: PLC0415  importing eventlet before patch() has filtered would warn

    try:
        return _look_up(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
    except socket.gaierror:
        return tpool.execute(_look_up, host, port, family, type, proto, flags)
