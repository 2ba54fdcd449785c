"""How a command that failed says so: what happened, why, how to mend it, and an exit code for scripts."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = 1
USAGE = 2
CANNOT_REACH = 3
UNHEALTHY = 4

_MEND_SETTINGS = "Set these variables; 'ordering-platform config example' lists all of them."
_PASSWORD_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@]+@", re.IGNORECASE)


class Trouble(Exception):
    """A command cannot do what was asked."""

    def __init__(self, what: str, why: str = "", mend: str = "", *, code: int = FAILED) -> None:
        """Keep what happened, why, how to mend it, and the exit code."""
        super().__init__(what)
        self.what = what
        self.why = why
        self.mend = mend
        self.code = code


def tell(fault: BaseException) -> int:
    """Write a fault to standard error and give the exit code it means."""
    if isinstance(fault, SystemExit):
        return int(fault.code or 0)
    if isinstance(fault, click.exceptions.Exit):
        return fault.exit_code
    if isinstance(fault, (click.Abort, KeyboardInterrupt)):
        click.echo("Stopped.", err=True)
        return FAILED
    if isinstance(fault, click.ClickException):
        fault.show()
        return fault.exit_code
    trouble = _as_trouble(fault)
    _write("Error", trouble.what, "red")
    if trouble.why:
        _write("Why", trouble.why, "yellow")
    if trouble.mend:
        _write("Mend", trouble.mend, "green")
    return trouble.code


def _as_trouble(fault: BaseException) -> Trouble:
    if isinstance(fault, Trouble):
        return fault
    for kind, words in _expected():
        if isinstance(fault, kind):
            return words(fault)
    return Trouble(
        "Something broke that should not have.",
        f"{type(fault).__name__}: {fault}",
        "Run it again as 'ordering-platform --debug ...' and report what it prints.",
    )


def _expected() -> list[tuple[type[BaseException], Callable[[Any], Trouble]]]:
    # What the code below raises is imported only now: most commands never get here.
    from ordering_platform.client import Problem, Unreachable
    from ordering_platform.embedded.errors import CannotStart
    from ordering_platform.runtime.config import ConfigInvalid
    from ordering_platform.runtime.errors import DomainError, Unavailable

    return [
        (CannotStart, lambda fault: Trouble(fault.what, fault.why, fault.mend)),
        (
            Unreachable,
            lambda fault: Trouble(str(fault), mend="Check the address, and that it runs.", code=CANNOT_REACH),
        ),
        (
            Problem,
            lambda fault: Trouble(f"Refused: {fault}", f"{fault.status} {fault.code}, request {fault.request_id}"),
        ),
        (ConfigInvalid, lambda fault: Trouble("The settings are not usable.", fault.message, _MEND_SETTINGS)),
        (Unavailable, lambda fault: Trouble(fault.message, mend="Try again when it is back.", code=CANNOT_REACH)),
        (DomainError, lambda fault: Trouble(fault.message, fault.code)),
    ]


def _write(label: str, text: str, colour: str) -> None:
    indent = "\n" + " " * (len(label) + 2)
    safe = _PASSWORD_IN_URL.sub(r"\1***@", text.strip())
    head = click.style(f"{label}:", fg=colour, bold=True)
    click.echo(f"{head} {safe.replace(chr(10), indent)}", err=True, color=colours())


def colours() -> bool | None:
    """Whether to colour: never under NO_COLOR (https://no-color.org), else where a terminal reads along."""
    return False if os.environ.get("NO_COLOR") else None
