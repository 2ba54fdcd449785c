"""Which database a command works on: the one of DATABASE_URL, else the embedded one of the data directory."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ordering_platform.cli import output
from ordering_platform.cli.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ordering_platform.runtime.database import Transactions

DEFAULT_DATA_DIR = ".ordering"


class Chosen:
    """The database a command was pointed at."""

    def __init__(self, data_dir: Path | None) -> None:
        """Prefer the directory that was named, then DATABASE_URL, then the usual directory."""
        self.url = "" if data_dir else os.environ.get("DATABASE_URL", "")
        self.data_dir = data_dir or Path(DEFAULT_DATA_DIR)

    @contextmanager
    def address(self) -> Iterator[str]:
        """Give the address of the database; an embedded one that is not running runs for as long as this lasts."""
        if self.url:
            yield self.url
            return
        if not self.data_dir.is_dir():
            raise Trouble(
                "There is no database to work on.",
                f"DATABASE_URL is not set and there is no data directory {self.data_dir}.",
                "Set DATABASE_URL, or start once with 'ordering-platform up', or name the directory with --data-dir.",
            )
        from ordering_platform.embedded.home import Home

        output.say(f"Using the embedded database in {self.data_dir}.")
        with Home(self.data_dir).database() as url:
            yield url

    @contextmanager
    def opened(self) -> Iterator[Transactions]:
        """Give the database itself."""
        with self.address() as url, opened(url) as db:
            yield db


@contextmanager
def opened(url: str) -> Iterator[Transactions]:
    """Give the database at this address through one connection, closed behind us."""
    from ordering_platform.runtime.database import Transactions, make_engine

    engine = make_engine(url, pool_size=1, overflow=0)
    try:
        yield Transactions(engine)
    finally:
        engine.dispose()


def data_dir_option(default: str | None) -> Callable[[Any], Any]:
    """Give the option ``--data-dir`` with this default."""
    return click.option(
        "--data-dir",
        envvar="ORDERING_DATA_DIR",
        type=click.Path(path_type=Path, file_okay=False),
        default=default,
        show_default=default or f"DATABASE_URL, else {DEFAULT_DATA_DIR}",
        help="Where the embedded platform keeps its data.",
    )


def database_option(command: Callable[..., Any]) -> Any:
    """Give a command the argument ``database``, chosen by ``--data-dir`` or the environment."""
    return click.option(
        "--data-dir",
        "database",
        envvar="ORDERING_DATA_DIR",
        type=click.Path(path_type=Path, file_okay=False),
        callback=lambda _ctx, _option, value: Chosen(value),
        show_default=f"DATABASE_URL, else {DEFAULT_DATA_DIR}",
        help="Work on the embedded database of this directory.",
    )(command)
