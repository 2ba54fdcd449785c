"""The table of commands: finds the one that was typed, runs it and tells what went wrong in words.

Nothing but the standard library is imported here, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
import warnings
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ordering_platform import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "ordering-platform"

USAGE = 2

COMMANDS = {
    "up": ("up:up", "Start the whole platform here: database, services, demo restaurant"),
    "serve": ("serve:serve", "Run one service in this process, set up by the environment"),
    "smoke": ("smoke.command:smoke", "Walk the whole guest and staff flow against a running platform"),
    "seed": ("seed:seed", "Put the demo restaurant into the database"),
    "db": ("db:db", "Bring the database up to date, or ask how far it is"),
    "user": ("users:user", "Add, list and mend the people who work here"),
    "tables": ("tables:tables", "List the tables and their links"),
    "qr": ("tables:qr", "Show the QR code of a table in the terminal"),
    "shell": ("shell:shell", "A Python prompt with the platform at hand"),
    "shell-env": ("shell:shell_env", "Give 'nameko shell' the same helpers: eval \"$(ordering-platform shell-env)\""),
    "config": ("settings:config", "Show every setting, where it comes from and what it means"),
    "keys": ("keys:keys", "Make and rotate the keys that sign tokens"),
    "openapi": ("api:openapi", "Print the OpenAPI document"),
    "routes": ("api:routes", "List every door, its service and who may enter"),
    "healthcheck": ("health:healthcheck", "Ask a running platform or service whether it is ready"),
    "version": ("health:version", "Print the version"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that was typed and end the process with its exit code."""
    # Eventlet announces its own archival on every import; docs/decisions says what we do about it.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read along has seen enough. The interpreter flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; gives 0 done, 1 failed, 2 wrong usage, 3 cannot reach, 4 not healthy."""
    while arguments and arguments[0] in {"--debug", "--no-color"}:
        os.environ["ORDERING_DEBUG" if arguments.pop(0) == "--debug" else "NO_COLOR"] = "1"
    if not arguments or arguments[0] in {"--help", "-h", "help"}:
        print(_contents())  # noqa: T201  help is what was asked for
        return 0
    name, *rest = arguments
    if name == "--version":
        name = "version"
    if name not in COMMANDS:
        print(_unknown(name), file=sys.stderr)  # noqa: T201  this is a terminal program
        return USAGE
    return _run(name, rest)


def _run(name: str, arguments: list[str]) -> int:
    from ordering_platform.cli import trouble

    # Before anything imports eventlet: its resolver would cost half a second at each start (see runtime/green.py).
    os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    try:
        return int(_command(name).main(arguments, f"{PROGRAM} {name}", standalone_mode=False) or 0)
    except BrokenPipeError:
        raise
    except BaseException as fault:
        if os.environ.get("ORDERING_DEBUG") and not isinstance(fault, (KeyboardInterrupt, SystemExit)):
            raise
        return trouble.tell(fault)


def _command(name: str) -> Any:
    module, _, attribute = COMMANDS[name][0].partition(":")
    return getattr(import_module(f"ordering_platform.cli.{module}"), attribute)


def _contents() -> str:
    lines = [
        f"Usage: {PROGRAM} [--debug] [--no-color] COMMAND ...",
        "",
        f"Ordering at the table by QR code, {__version__}. Try it: {PROGRAM} up",
        "",
        "Commands:",
        *(f"  {name:<12} {words}" for name, (_, words) in COMMANDS.items()),
        "",
        f"'{PROGRAM} COMMAND --help' tells more about one of them.",
    ]
    return "\n".join(lines)


def _unknown(name: str) -> str:
    near = get_close_matches(name, COMMANDS, n=2)
    hint = f" Did you mean {' or '.join(near)}?" if near else f" '{PROGRAM} --help' lists what there is."
    return f"Error: there is no command {name!r}.{hint}"


if __name__ == "__main__":
    main()
