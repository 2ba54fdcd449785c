"""Commands for probes and for people in a hurry: is it ready, and which version is this."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from ordering_platform import __version__
from ordering_platform.cli import output, trouble
from ordering_platform.cli.addresses import url_argument


@click.command()
@url_argument
@click.option("--timeout", default=5.0, show_default=True, help="Seconds to wait for the answer.")
def healthcheck(*, url: str, timeout: float) -> int:
    """Ask URL whether it is ready: exit code 0 ready, 3 cannot be reached, 4 not ready.

    URL is the address of the platform or of one service; without a path, /health/ready is asked.
    """
    from ordering_platform.client import Client

    path = urlsplit(url).path
    with Client(url.removesuffix(path), timeout=timeout, patience=0.0) as client:
        answer = client.ask("GET", path or "/health/ready")
    output.give(answer.text.strip())
    return 0 if answer.ok else trouble.UNHEALTHY


@click.command()
def version() -> None:
    """Print the version."""
    output.give(__version__)
