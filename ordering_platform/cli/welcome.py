"""What ``up`` prints once the platform runs: the guest's code, the pages that exist, the first logins."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ordering_platform.cli.output import give, say
from ordering_platform.cli.tables import find, link_of
from ordering_platform.cli.where import opened
from ordering_platform.client import Client, Unreachable

if TYPE_CHECKING:
    from ordering_platform.embedded.home import Home
    from ordering_platform.embedded.seed import Login

_PAGES = {
    "Kitchen": "/staff/kitchen",
    "Tables": "/staff/floor",
    "API documentation": "/docs",
    "API as OpenAPI": "/openapi.json",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A platform that has just opened."""

    home: Home
    port: int
    public_url: str
    database_url: str
    logins: list[Login]


def welcome(place: Place, seconds: float) -> None:
    """Tell where to go; ``seconds`` is how long opening took."""
    say(f"Ready in {seconds:.1f} s.", colour="green", bold=True)
    local = f"http://127.0.0.1:{place.port}"
    with opened(place.database_url) as db:
        first = next(iter(find(db)), None)
    link = link_of(first, place.public_url) if first else ""
    if link and sys.stdout.isatty():
        from ordering_platform.cli.codes import drawn

        say("Scan with a phone in the same network:")
        give(drawn(link))
    for name, address in (({"Guest, table 1": link} if link else {}) | found_pages(local)).items():
        give(f"  {name:<18} {address}")
    if link:
        give(f"  {'Walk through it':<18} ordering-platform smoke {local} --table {link.rpartition('/')[2]}")
    _show_logins(place.logins)
    if "//127.0.0.1" in place.public_url or "//localhost" in place.public_url:
        say("Phones cannot reach this address: use --host 0.0.0.0, or name one they reach with --public-url.")
    say(f"Press Ctrl+C to stop. Data is kept in {place.home.folder}/, the log in {place.home.log}.")


def _show_logins(logins: list[Login]) -> None:
    if logins:
        give("  Staff, shown only this once (to mend: ordering-platform user reset-password EMAIL):")
    for login in logins:
        give(f"    {login.role:<9} {login.email:<24} {login.password}")


def found_pages(base_url: str) -> dict[str, str]:
    """Give those of the pages that the gateway really has."""
    with Client(base_url, timeout=2.0, patience=0.0) as client:
        return {name: f"{base_url}{path}" for name, path in _PAGES.items() if _exists(client, path)}


def _exists(client: Client, path: str) -> bool:
    try:
        return client.ask("GET", path, headers={"Accept": "*/*"}).ok
    except Unreachable:
        return False
