"""One service in one process, set up by the environment: what a pod runs."""

from __future__ import annotations

from typing import Any

import click

from ordering_platform.cli.trouble import USAGE, Trouble


@click.command()
@click.argument("name")
def serve(name: str) -> int:
    """Run one service (gateway, auth, order, payment or promotion) until SIGTERM, then finish what runs and end.

    Set up by the environment: 'ordering-platform config show' lists the variables.
    """
    from ordering_platform.runtime import green

    green.patch()
    from ordering_platform.catalogue import BY_NAME
    from ordering_platform.runtime import config, logs
    from ordering_platform.runtime.runner import Served, run

    if name not in BY_NAME:
        raise Trouble(f"There is no service {name!r}.", mend=f"Name one of {', '.join(BY_NAME)}.", code=USAGE)
    service = BY_NAME[name]
    # What stands at the public door holds no database and calls nobody over the broker: it gets no key to either.
    spared: dict[str, Any] = {} if service.schema else {"database_url": "", "amqp_url": ""}
    settings = config.load(**spared)
    logs.setup(settings.log_level)
    return run([Served(service.load(), settings)])
