"""The whole platform with one command: database, migrations, demo restaurant, services, and where to go from here."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from ordering_platform.cli import where
from ordering_platform.cli.output import say
from ordering_platform.cli.steps import Steps
from ordering_platform.cli.trouble import Trouble

if TYPE_CHECKING:
    from pathlib import Path

    from ordering_platform.embedded.home import Home

EVERYWHERE = "0.0.0.0"  # noqa: S104  phones in the same network have to reach it


@click.command()
@where.data_dir_option(where.DEFAULT_DATA_DIR)
@click.option("--host", envvar="ORDERING_HOST", default=EVERYWHERE, show_default=True, help="Address to listen on.")
@click.option(
    "--port", envvar="ORDERING_PORT", default=8000, show_default=True, help="Port to listen on; 0 takes a free one."
)
@click.option("--public-url", envvar="PUBLIC_URL", default="", help="The address guests reach, as printed in QR codes.")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Put the demo restaurant in on first start.")
@click.option("--reset", is_flag=True, help="Delete all data first; asks.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def up(*, data_dir: Path, host: str, port: int, public_url: str, demo: bool, reset: bool, yes: bool) -> None:
    """Start the whole platform here and keep it running until Ctrl+C.

    A private PostgreSQL, an in-process broker and all services, in one process, with nothing to install.
    """
    watch = Steps()
    _end_politely()
    from ordering_platform.runtime import green

    green.patch()
    with watch.step("Read the program"):
        from ordering_platform.cli.welcome import Place, welcome
        from ordering_platform.embedded import runner
        from ordering_platform.embedded.home import Home
        from ordering_platform.embedded.seed import is_empty, seed
        from ordering_platform.runtime import logs, migrations
        from ordering_platform.runtime.runner import run

    home = Home(data_dir)
    with ExitStack() as until_the_end:
        until_the_end.enter_context(home.locked())
        if reset:
            _erase(home, asked=not yes)
        port = runner.usable_port(host, port)
        public_url = public_url or runner.public_address(host, port)
        with watch.step("Start PostgreSQL"):
            database_url = until_the_end.enter_context(home.postgres())
        with watch.step("Bring the database up to date"):
            migrations.upgrade(database_url)
        logins = []
        with where.opened(database_url) as db:
            if demo and is_empty(db):
                with watch.step("Open the demo restaurant"):
                    logins = seed(db)
        logs.setup(os.environ.get("ORDERING_LOG_LEVEL", "info"), until_the_end.enter_context(home.open_log()))
        served = runner.served(home=home, database_url=database_url, host=host, port=port, public_url=public_url)
        place = Place(home, port, public_url, database_url, logins)
        ended = run(served, ready=lambda _runner: welcome(place, watch.seconds))
    if ended:
        raise Trouble(
            "It did not end in good order; what was acknowledged is kept.", mend=f"See the end of {home.log}."
        )
    say(f"Stopped. Data is kept in {data_dir}/.")


def _end_politely() -> None:
    """End a start that is cut short, or whose terminal was closed, the way Ctrl+C does; PostgreSQL is stopped too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Once the services run they have taken SIGTERM over, and a closed terminal means the same to them.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def _erase(home: Home, *, asked: bool) -> None:
    if asked:
        if not sys.stdin.isatty():
            raise Trouble("Nothing was deleted.", "There is nobody to ask.", "Add --yes to delete without asking.")
        click.confirm(f"Delete all data in {home.folder}/: orders, payments, users, keys?", abort=True, err=True)
    home.erase()
