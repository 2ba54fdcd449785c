"""The keys that sign tokens: made once, rotated at will."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ordering_platform.cli.output import say
from ordering_platform.cli.trouble import Trouble

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def keys() -> None:
    """Make and rotate the keys that sign tokens."""


@keys.command()
@click.option("--keep", is_flag=True, help="An existing file is fine too; for whatever runs at each start.")
@_file
def new(*, file: Path, keep: bool) -> None:
    """Make FILE with a fresh key; an existing file is left as it is."""
    from ordering_platform.auth.keys import new_key_set

    if file.exists():
        if keep:
            say(f"Kept {file}.")
            return
        raise Trouble(f"{file} exists.", "It may hold keys in use.", "Choose another name, or use 'keys rotate'.")
    _write(file, new_key_set())
    say(f"Made {file}. Only the auth service may read it: set ORDERING_SIGNING_KEYS_FILE there.")


@keys.command()
@click.option("--later", default=0, show_default=True, help="Seconds more until the fresh key signs, as in Kubernetes.")
@_file
def rotate(*, file: Path, later: int) -> None:
    """Put a fresh key into FILE; tokens of the key before it stay valid until they expire."""
    from ordering_platform.auth.keys import PUBLISH_FIRST, rotated

    try:
        fresh = rotated(file.read_text(encoding="utf-8"), later)
    except (OSError, ValueError) as fault:
        raise Trouble(f"{file} cannot be rotated.", str(fault), "Make a file with 'keys new'.") from fault
    _write(file, fresh)
    when = "about a minute" if not later else f"{later + PUBLISH_FIRST} seconds"
    say(f"Rotated {file}. The auth service reads it by itself; the fresh key signs in {when}.")


def _write(file: Path, text: str) -> None:
    # Beside and then renamed: a reader sees the old keys or the new ones, and a crash leaves the old ones.
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)
