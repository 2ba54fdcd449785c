"""The web server of a service: one port shared by all its doors, drained before anything else stops."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import eventlet
from eventlet.event import Event
from nameko.web.server import WebServer as NamekoWebServer

from ordering_platform.runtime import internal, metrics
from ordering_platform.runtime.app import App
from ordering_platform.runtime.port import Port

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings

#: The services of this process by name: their ``handle`` answers without a socket in between.
local_apps: dict[str, App] = {}


class WebServer(NamekoWebServer):  # type: ignore[misc]  # nameko carries no types
    """Shared by all HTTP doors of a service."""

    app: App

    def __init__(self) -> None:
        """Start with nothing open."""
        super().__init__()
        self.port: Port | None = None
        self._drained: Event | None = None

    def start(self) -> None:
        """Open the port; raises PortTaken."""
        if self.port is not None:
            return
        settings: Settings = self.container.settings
        self.app = App(self.container, list(self._providers))
        self.port = port = Port(self.app, settings, settings.http_port, shared=settings.reuse_port)
        local_apps[self.app.service] = self.app
        gauge = partial(metrics.gauge, self.app.service)
        gauge("connections", lambda: len(port))
        gauge("streams", lambda: self.app.streams)
        gauge("waiting", lambda: self.app.waiting)
        gauge("free_workers", lambda: self.container.free_workers)
        internal.open_once(settings)

    def drain(self) -> None:
        """Take leave of the clients: announce it, close the port, let what runs finish; blocks until done."""
        if self.port is None:
            return
        if self._drained is not None:
            self._drained.wait()
            return
        self._drained = Event()
        try:
            self.app.draining = True
            eventlet.sleep(self.container.drain_delay)
            self._close()
            self.port.take_leave()
        finally:
            self._drained.send(None)

    def stop(self) -> None:
        """Stop after the doors; all is drained by now."""
        self.drain()

    def kill(self) -> None:
        """Close everything now."""
        if self.port is not None:
            self._close()
            self.port.cut()

    def _close(self) -> None:
        self.app.draining = True
        if local_apps.get(self.app.service) is self.app:
            del local_apps[self.app.service]
            metrics.forget(self.app.service)
        if self.port is not None:
            self.port.close()
