"""A Python prompt with the platform at hand, and the same helpers for ``nameko shell``."""

from __future__ import annotations

import shlex
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click

from ordering_platform.cli import output as printing
from ordering_platform.cli import where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.config import Settings


@click.command()
@where.database_option
def shell(*, database: where.Chosen) -> int:
    """Open a Python prompt: n.rpc, orders(), order("A101"), tables(), promo("X"), pp(...).

    With DATABASE_URL it joins the platform the environment describes. Without, it works on the embedded
    database and runs services of its own on it, beside a platform that may be up.
    """
    from ordering_platform.runtime import green

    green.patch()
    from ordering_platform.cli import prompt
    from ordering_platform.embedded.console import Rpc, talk

    with ExitStack() as until_the_end:
        settings = until_the_end.enter_context(_joined() if database.url else _own_services(database))
        prompt.use(settings.database_url)
        rpc = Rpc(settings)
        until_the_end.callback(rpc.close)
        names = {name: getattr(prompt, name) for name in prompt.NAMES}
        banner = "At hand: n.rpc, orders(), order('A101'), tables(), promo('WELCOME10'), pp(...). Ctrl+D ends."
        return talk({**names, "n": SimpleNamespace(rpc=rpc, config=settings)}, banner)


@click.command(name="shell-env")
def shell_env() -> None:
    """Print what the shell needs so that 'nameko shell --config config.yaml' has our helpers.

    Use it as: eval "$(ordering-platform shell-env)"
    """
    startup = Path(__file__).with_name("startup.py")
    printing.give(f"export PYTHONSTARTUP={shlex.quote(str(startup))}")


@contextmanager
def _joined() -> Iterator[Settings]:
    from ordering_platform.runtime import config

    settings = config.load()
    printing.say(f"Joined the platform of {settings.public_url}.")
    yield settings


@contextmanager
def _own_services(database: where.Chosen) -> Iterator[Settings]:
    from ordering_platform.embedded import runner
    from ordering_platform.embedded.home import Home
    from ordering_platform.runtime.runner import Runner

    with database.address() as url:
        served = runner.served(
            home=Home(database.data_dir),
            database_url=url,
            host=runner.LOOPBACK,
            port=runner.free_port(runner.LOOPBACK),
            public_url="http://127.0.0.1:8000",
        )
        behind = [one for one in served if one.tier == runner.BACK]
        running = Runner(behind)
        running.start()
        try:
            yield behind[0].settings
        finally:
            running.stop()
