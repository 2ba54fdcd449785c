"""The command that puts the demo restaurant into a database."""

from __future__ import annotations

import click

from ordering_platform.cli import output as printing
from ordering_platform.cli import where


@click.command()
@printing.choice
@where.database_option
def seed(*, database: where.Chosen, output: str) -> None:
    """Put the demo restaurant into the database; what is there already is left as it is.

    Prints the first logins of the users it made: this is the only time their passwords are shown.
    """
    from ordering_platform.embedded.seed import seed as put_in

    with database.opened() as db:
        made = [{"role": one.role, "email": one.email, "password": one.password} for one in put_in(db)]
    printing.rows(made, ["role", "email", "password"], output)
    printing.say("The demo restaurant is there." + ("" if made else " Its users were there before."))
