"""Results go to standard output as a table or as JSON; everything else a command says goes to standard error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ordering_platform.cli.trouble import colours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

choice = click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print it."
)


def say(text: str = "", *, colour: str | None = None, bold: bool = False) -> None:
    """Tell the person at the terminal something that is not the result."""
    click.echo(click.style(text, fg=colour, bold=bold) if colour or bold else text, err=True, color=colours())


def give(text: str) -> None:
    """Print a result as it is."""
    click.echo(text, color=colours())


def rows(found: Sequence[Mapping[str, Any]], columns: Sequence[str], output: str) -> None:
    """Print a list of things with these columns."""
    if output == "json":
        give(json.dumps([{name: one[name] for name in columns} for one in found], indent=2, ensure_ascii=False))
        return
    lines = [list(columns), *([_cell(one[name]) for name in columns] for one in found)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        give(click.style(text, bold=True) if number == 0 else text)


def _cell(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)
