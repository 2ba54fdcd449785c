"""The tables of the house and the links printed on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ordering_platform.cli import output as printing
from ordering_platform.cli import where
from ordering_platform.cli.trouble import USAGE, Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ordering_platform.runtime.database import Transactions

_public_url = click.option(
    "--public-url", envvar="PUBLIC_URL", default="http://127.0.0.1:8000", show_default=True, help="What guests reach."
)


@click.group()
def tables() -> None:
    """List the tables and their links."""


@tables.command(name="list")
@_public_url
@printing.choice
@where.database_option
def list_(*, database: where.Chosen, public_url: str, output: str) -> None:
    """List the tables in use, with the code and the link printed on each."""
    with database.opened() as db:
        found = [{**table, "link": link_of(table, public_url)} for table in find(db)]
    printing.rows(found, ["name", "code", "link", "id", "venue_id"], output)


@click.command()
@click.argument("table")
@click.option("--show", is_flag=True, help="Draw it in the terminal; otherwise the link is printed.")
@_public_url
@where.database_option
def qr(*, table: str, show: bool, database: where.Chosen, public_url: str) -> None:
    """Print the link of TABLE (its name or its id), or draw its QR code in the terminal."""
    from ordering_platform.cli.codes import drawn

    with database.opened() as db:
        link = link_of(_chosen(find(db), table), public_url)
    if show:
        # Not through click, which would take the colours out of a pipe: black on white is the point.
        print(drawn(link))  # noqa: T201  this is a terminal program
    printing.give(link)


def find(db: Transactions) -> list[dict[str, Any]]:
    """List the tables in use, in the order staff see them."""
    import sqlalchemy as sa

    from ordering_platform.order.models import dining_tables

    columns = dining_tables.c
    wanted = sa.select(columns.id, columns.name, columns.code, columns.venue_id).where(columns.retired_at.is_(None))
    with db.read() as tx:
        found = tx.execute(wanted.order_by(columns.venue_id, columns.sort_order, columns.id))
        return [dict(row) for row in found.mappings()]


def link_of(table: dict[str, Any], public_url: str) -> str:
    """Write the link that is printed on a table."""
    return f"{public_url.rstrip('/')}/t/{table['code']}"


def _chosen(found: Sequence[dict[str, Any]], wanted: str) -> dict[str, Any]:
    for table in found:
        if wanted.casefold() in {str(table["id"]).casefold(), str(table["name"]).casefold()}:
            return table
    names = ", ".join(str(table["name"]) for table in found) or "none"
    raise Trouble(f"There is no table {wanted!r}.", f"In use are: {names}.", "Name one of them.", code=USAGE)
