"""A Python prompt beside running services: while it waits for a line, everything else in the process goes on."""

from __future__ import annotations

import code
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

from eventlet.hubs import trampoline

from ordering_platform.runtime.link import join, leave
from ordering_platform.runtime.peers import Calls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ordering_platform.runtime.config import Settings


class Rpc:
    """Every service by name: ``n.rpc.order.get_orders(...)``; each call has the deadline of the settings."""

    def __init__(self, settings: Settings) -> None:
        """Share the link of the process."""
        self._settings = settings
        self._link = join(settings.amqp_url, settings.heartbeat)

    def __getattr__(self, service: str) -> Calls:
        if service.startswith("_"):
            raise AttributeError(service)
        return Calls(self._link, self._settings.rpc_prefix + service, self._settings.rpc_timeout)

    def close(self) -> None:
        """Leave the link."""
        leave(self._link)


def talk(names: Mapping[str, Any], banner: str) -> int:
    """Hold a conversation in Python with these names at hand; gives 1 when piped-in code failed."""
    console = _Console(dict(names))
    console.interact(banner, exitmsg="")
    return 1 if console.failed and not sys.stdin.isatty() else 0


class _Console(code.InteractiveConsole):
    failed = False

    def raw_input(self, prompt: str = "") -> str:
        if sys.stdin.isatty():
            _wait_for_a_key(prompt)
            return input(prompt)
        _wait_for_input()
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def showtraceback(self) -> None:
        self.failed = True
        super().showtraceback()

    def showsyntaxerror(self, *arguments: Any, **named: Any) -> None:
        self.failed = True
        super().showsyntaxerror(*arguments, **named)


def _wait_for_a_key(prompt: str) -> None:
    # The prompt is shown for the time of waiting and written again, over itself, by whoever reads the line.
    sys.stdout.write(prompt)
    sys.stdout.flush()
    _wait_for_input()
    sys.stdout.write("\r")


def _wait_for_input() -> None:
    handle = sys.stdin.fileno()
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # a file is always ready, and epoll refuses it
        trampoline(handle, read=True)
