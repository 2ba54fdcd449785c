"""The people who work here, for whoever has the database: the first owner, and passwords that were lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ordering_platform.cli import output as printing
from ordering_platform.cli import where
from ordering_platform.cli.passwords import asked
from ordering_platform.cli.trouble import USAGE, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

_COLUMNS = ["email", "name", "role", "disabled", "venue_id", "id"]


@click.group()
def user() -> None:
    """Add, list and mend the people who work here."""


@user.command()
@click.argument("email")
@click.option("--role", default="owner", show_default=True, help="kitchen, waiter, cashier, manager, owner or service.")
@click.option("--name", default="", help="How colleagues see them; the part before the @ otherwise.")
@click.option("--venue", "venue_id", default="", help="Where they work; needed where there are several venues.")
@click.option("--new-venue", "venue_name", default="", help="Open a new venue of this name for them.")
@click.option("--currency", default="EUR", show_default=True, help="Of the new venue: an ISO 4217 code.")
@click.option("--time-zone", default="Europe/Berlin", show_default=True, help="Of the new venue.")
@click.option("--language", "languages", multiple=True, default=("en",), help="Of the new venue; may be repeated.")
@click.option("--choose-password", is_flag=True, help="Ask for the password (or read ORDERING_PASSWORD).")
@where.database_option
def create(
    *, database: where.Chosen, email: str, role: str, name: str, venue_id: str, choose_password: bool, **venue: Any
) -> None:
    """Give EMAIL an account; without --choose-password a password is made and printed once."""
    from ordering_platform.auth import accounts, emails, roles

    if role not in roles.ROLES:
        raise Trouble(f"There is no role {role!r}.", mend=f"Name one of {', '.join(roles.ROLES)}.", code=USAGE)
    if not emails.is_address(emails.normal(email)):
        raise Trouble(f"{email!r} is no e-mail address.", mend="Write it like ada@example.com.", code=USAGE)
    password, hashed = _password(f"Password for {email}", choose=choose_password)
    name = name or email.partition("@")[0]
    with database.opened() as db, db.transaction() as tx:
        place = _open_venue(tx, venue) if venue["venue_name"] else _chosen_venue(tx, venue_id)
        if accounts.add(tx, venue_id=place, email=email, name=name, role=role, password_hash=hashed) is None:
            raise Trouble(f"{email} has an account already.", mend="Use 'user reset-password' if its password is lost.")
    _show_password(f"{email} may log in as {role}.", password, chosen=choose_password)


@user.command(name="list")
@printing.choice
@where.database_option
def list_(*, database: where.Chosen, output: str) -> None:
    """List everybody with an account."""
    import sqlalchemy as sa

    from ordering_platform.auth.models import users

    columns = [users.c[name] for name in _COLUMNS]
    with database.opened() as db, db.read() as tx:
        found = [dict(row) for row in tx.execute(sa.select(*columns).order_by(users.c.venue_id, users.c.id)).mappings()]
    printing.rows(found, _COLUMNS, output)


@user.command(name="reset-password")
@click.argument("email")
@click.option("--choose-password", is_flag=True, help="Ask for the password (or read ORDERING_PASSWORD).")
@where.database_option
def reset_password(*, database: where.Chosen, email: str, choose_password: bool) -> None:
    """Give EMAIL a new password and end all their logins."""
    import sqlalchemy as sa

    from ordering_platform.auth import accounts, audit, emails
    from ordering_platform.auth.models import users

    password, hashed = _password(f"New password for {email}", choose=choose_password)
    wanted = sa.select(users.c.id, users.c.venue_id).where(users.c.email == emails.normal(email))
    with database.opened() as db, db.transaction() as tx:
        found = tx.execute(wanted).first()
        if found is None:
            raise Trouble(f"Nobody here has the address {email}.", mend="See 'ordering-platform user list'.")
        accounts.put_password(tx, found.id, hashed, actor_id=audit.SYSTEM, venue_id=found.venue_id)
    _show_password(f"{email} has a new password.", password, chosen=choose_password)


def _password(words: str, *, choose: bool) -> tuple[str, str]:
    """Give a password, chosen by a person or made, with its hash; raises Trouble for a short one."""
    from ordering_platform.auth import passwords

    password = asked(words, new=True) if choose else passwords.first_password()
    if len(password) < passwords.MIN_LENGTH:
        raise Trouble("That password is too short.", mend=f"Choose {passwords.MIN_LENGTH} characters or more.")
    return password, passwords.hashed_here(password)


def _show_password(words: str, password: str, *, chosen: bool) -> None:
    printing.say(words if chosen else f"{words} The password, shown only now:")
    if not chosen:
        printing.give(password)


def _chosen_venue(tx: Connection, wanted: str) -> str:
    import sqlalchemy as sa

    from ordering_platform.order.models import venues

    found = list(tx.scalars(sa.select(venues.c.id).order_by(venues.c.id)))
    if wanted in found or (not wanted and len(found) == 1):
        return wanted or str(found[0])
    raise Trouble(
        f"There is no venue {wanted!r}." if wanted else "It is not clear where they work.",
        f"There are these venues: {', '.join(found) or 'none'}.",
        "Name one with --venue, or open one with --new-venue NAME.",
        code=USAGE,
    )


def _open_venue(tx: Connection, venue: Mapping[str, Any]) -> str:
    import sqlalchemy as sa

    from ordering_platform.order.models import venues
    from ordering_platform.runtime import ids, money

    row = {
        "id": ids.new_id("ven"),
        "name": venue["venue_name"],
        "currency": venue["currency"],
        "currency_digits": money.digits(venue["currency"]),
        "time_zone": venue["time_zone"],
        "languages": list(venue["languages"]),
    }
    tx.execute(sa.insert(venues), row)
    return str(row["id"])
