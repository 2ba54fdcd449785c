"""What the doors say about themselves: the OpenAPI document and a list for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ordering_platform.cli import output as printing

if TYPE_CHECKING:
    from ordering_platform.runtime.identity import Who


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file.")
@click.option("--write", is_flag=True, help="Bring the committed reference of this checkout up to date.")
def openapi(*, out: Path | None, write: bool) -> None:
    """Print the OpenAPI document of the platform, made from its doors."""
    from ordering_platform.gateway import reference

    if write:
        reference.write()
        printing.say(f"Brought {reference.folder()} up to date.")
    elif out:
        out.write_text(reference.openapi_text(), encoding="utf-8")
        printing.say(f"Wrote {out}.")
    else:
        printing.give(reference.openapi_text())


@click.command()
@printing.choice
def routes(*, output: str) -> None:
    """List every HTTP door with its service and who may enter."""
    from ordering_platform.catalogue import SERVICES
    from ordering_platform.runtime.entrypoints import doors

    found = [
        {
            "method": door.method,
            "url": door.url,
            "service": service.name,
            "who": _admitted(door.who),
            "summary": door.summary,
        }
        for service in SERVICES
        for door in doors(service.load())
    ]
    printing.rows(found, ["method", "url", "service", "who", "summary"], output)


def _admitted(who: Who) -> str:
    if who.anyone:
        return "anyone"
    return ", ".join((["guest"] if who.guest else []) + ([f"{who.staff_role} and above"] if who.staff_role else []))
