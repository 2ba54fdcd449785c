"""Commands about the shape of the database: bring it up to date, wait for it, ask how far it is."""

from __future__ import annotations

import click

from ordering_platform.cli import output, trouble, where


@click.group()
def db() -> None:
    """Bring the database up to date, or ask how far it is."""


@db.command()
@click.option("--patience", default=0.0, show_default=True, help="Seconds to wait for a database that is still away.")
@where.database_option
def upgrade(database: where.Chosen, patience: float) -> None:
    """Apply every pending migration, all or nothing; safe to run twice and at the same time."""
    from ordering_platform.runtime import migrations

    with database.address() as url:
        if patience:
            migrations.knock(url, patience)
        applied = migrations.upgrade(url)
    output.say(f"Applied {', '.join(applied)}." if applied else "Nothing to do: the database is up to date.")


@db.command()
@where.database_option
def current(database: where.Chosen) -> None:
    """Print the revision the database is at."""
    from ordering_platform.runtime import migrations

    with database.address() as url:
        output.give(migrations.current(url) or "none")


@db.command()
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait.")
@where.database_option
def wait(database: where.Chosen, timeout: float) -> None:
    """Return as soon as the database answers and is up to date; exit code 3 when it does not in time."""
    from ordering_platform.runtime import migrations

    with database.address() as url:
        migrations.wait(url, timeout)
    output.say("The database is there and up to date.")


@db.command()
@where.database_option
def check(database: where.Chosen) -> int:
    """List what is pending; exit code 0 up to date, 4 behind."""
    from ordering_platform.runtime import migrations

    with database.address() as url:
        missing = migrations.pending(url)
    for revision in missing:
        output.give(revision)
    if not missing:
        output.say("The database is up to date.")
        return 0
    output.say(f"{len(missing)} migrations are pending. Run: ordering-platform db upgrade")
    return trouble.UNHEALTHY
