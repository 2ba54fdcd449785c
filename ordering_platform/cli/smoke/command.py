"""The command ``smoke``: walks everything against a running platform and prints each step with its time."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ordering_platform.cli import output as printing
from ordering_platform.cli.addresses import url_argument
from ordering_platform.cli.trouble import CANNOT_REACH, FAILED, USAGE, Trouble, colours
from ordering_platform.client import Client, Unreachable

if TYPE_CHECKING:
    from ordering_platform.cli.smoke.walk import Step, Walk


@click.command()
@url_argument
@click.option("--table", "table_code", envvar="ORDERING_TABLE", default="", help="The code of the table to sit at.")
@click.option("--staff", "email", envvar="ORDERING_STAFF", default="", help="E-mail address of a cashier or above.")
@click.option(
    "--code",
    "promotion",
    envvar="ORDERING_PROMOTION",
    default="WELCOME10",
    show_default=True,
    help="Promotion code to pay with; '' for none.",
)
@click.option("--patience", default=20.0, show_default=True, help="Seconds a step is repeated while services are away.")
@printing.choice
def smoke(*, url: str, table_code: str, email: str, promotion: str, patience: float, output: str) -> int:
    """Walk the whole guest flow, and with --staff the staff flow, against the platform at URL.

    Its orders are rehearsals: they never show on the kitchen board or in reports. The password is read from
    ORDERING_PASSWORD or asked for. Exit code 0 when every step went well, 1 when one failed, 3 when nobody answers.
    """
    from ordering_platform.cli.passwords import asked
    from ordering_platform.cli.smoke.walk import Walk, WalkFailed

    if not table_code and not email:
        raise Trouble(
            "There is no table to sit at.",
            "A guest needs the code of a table; staff can look one up.",
            "Add --table CODE ('ordering-platform tables list' shows them) or --staff EMAIL.",
            code=USAGE,
        )
    password = asked(f"Password of {email}") if email else ""
    walk = Walk((lambda _step: None) if output == "json" else _tell)
    code = 0
    with Client(url, patience=patience) as platform:
        try:
            walk_through(walk, platform, table_code=table_code, email=email, password=password, promotion=promotion)
        except WalkFailed as fault:
            code = CANNOT_REACH if isinstance(fault.__cause__, Unreachable) and len(walk.steps) == 1 else FAILED
    _conclude(walk, url, output)
    return code


def walk_through(walk: Walk, platform: Client, *, table_code: str, email: str, password: str, promotion: str) -> None:
    """Walk a whole visit, with a member of staff around where there is an e-mail address; raises WalkFailed."""
    from ordering_platform.cli.smoke import guest, money, refusals, staff
    from ordering_platform.cli.smoke.walk import WalkFailed

    walk.step("The platform is ready", platform.get, "/health/ready")
    login = staff.log_in(walk, platform, email, password) if email else None
    colleague = platform.as_caller(login["access_token"]) if login else None
    if colleague and not table_code:
        table_code = staff.find_table(walk, colleague)
    visit = guest.Visit(walk, platform, table_code, promotion, colleague)
    if colleague:
        visit.visit_code = staff.receive(walk, colleague, table_code)
    try:
        guest.sit_down(visit)
        guest.choose_dishes(visit)
        if visit.policy != guest.PAY_FIRST:
            guest.send(visit)
        guest.choose_method(visit)
        # Before the first order is paid: in some houses the last payment ends the visit.
        money.split(visit)
        money.challenge(visit)
        money.refund(visit)
        guest.pay(visit)
        refusals.refusals(visit)
        if login and colleague:
            staff.shift(visit, colleague)
        guest.look_back(visit)
        if login and colleague:
            staff.log_out(visit, colleague, login)
    except WalkFailed:
        with suppress(Unreachable):
            guest.give_up(visit)
        raise


def _tell(step: Step) -> None:
    if step.skipped:
        click.echo(f"{click.style('skip', fg='yellow')}              {step.name}: {step.skipped}", color=colours())
        return
    mark = click.style("ok  ", fg="green") if step.ok else click.style("FAIL", fg="red", bold=True)
    click.echo(
        f"{mark} {step.ms:8.1f} ms  {step.name}" + (f"\n     {step.problem}" if step.problem else ""), color=colours()
    )


def _conclude(walk: Walk, url: str, output: str) -> None:
    ok = all(step.ok for step in walk.steps)
    seconds = round(sum(step.ms for step in walk.steps) / 1000, 2)
    if output == "json":
        found = {"url": url, "ok": ok, "seconds": seconds, "steps": [step.as_dict() for step in walk.steps]}
        printing.give(json.dumps(found, indent=2))
    verdict = "all well" if ok else f"failed at: {walk.steps[-1].name}"
    printing.say(f"{len(walk.steps)} steps in {seconds:.2f} s, {verdict}.")
