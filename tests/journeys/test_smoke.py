"""The walk that proves a platform: it passes where all is well, and says what is wrong where it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg2

from ordering_platform.cli.main import run
from ordering_platform.client import Client
from ordering_platform.embedded.postgres import Postgres
from tests.support.answering import answering, whole
from tests.support.platform import command, running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.platform import Platform

REHEARSED = "SELECT count(*) FROM orders.orders WHERE rehearsal AND number IS NOT NULL"


def count(platform: Platform, statement: str) -> int:
    url = Postgres(platform.data_dir / "postgres").running_address()
    assert url
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
    finally:
        connection.close()
    assert row
    return int(row[0])


def test_a_guest_and_the_staff_walk_through_everything(platform: Platform) -> None:
    secret = platform.password("cashier")
    before = count(platform, REHEARSED)
    done = command("smoke", platform.url, "--staff", platform.email("cashier"), ORDERING_PASSWORD=secret)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all well" in done.stderr
    steps = done.stdout.splitlines()
    assert all(line.startswith("ok ") for line in steps)
    for step in (
        "A guest sits down",
        "Half 1 of it, sandbox",
        "Half 2 of it, cash",
        "The halves are the bill, to the cent",
        "The card holder agrees",
        "A dish goes back, once",
        "It is as much as was captured",
        "Check out, sandbox",
        "The order is served",
        "The login has ended",
    ):
        assert any(line.endswith(step) for line in steps), step
    assert count(platform, REHEARSED) == before + 3
    assert secret not in done.stdout + done.stderr


def test_a_guest_alone_needs_only_the_code_of_a_table(platform: Platform) -> None:
    done = command("smoke", platform.url, "--table", platform.table_code, "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is True
    assert {step["ok"] for step in report["steps"]} == {True}
    assert all(step["ms"] >= 0 for step in report["steps"])
    assert [step["name"] for step in report["steps"] if step["skipped"]] == ["Money is given back"]


def test_the_walk_ends_at_the_step_that_failed_and_says_why(platform: Platform) -> None:
    done = command("smoke", platform.url, "--table", "no-such-table", "--patience", "0")
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert "404 table_not_found" in done.stdout
    assert "failed at: The table's link is known" in done.stderr


def test_a_code_that_gives_nothing_fails_and_leaves_no_unpaid_order(platform: Platform) -> None:
    done = command("smoke", platform.url, "--table", platform.table_code, "--code", "NO-SUCH-CODE")
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert count(platform, f"{REHEARSED} AND payment_status = 'unpaid' AND status <> 'cancelled'") == 0


def test_somebody_else_at_the_address_is_told_from_the_platform() -> None:
    with answering(lambda sock, _request: sock.sendall(whole(b"<h1>It works!</h1>"))) as service:
        assert run(["smoke", service.url, "--table", "x"]) == 1


def test_nobody_at_the_address_is_not_the_same_as_a_failed_step() -> None:
    done = command("smoke", "http://127.0.0.1:1", "--table", "x", "--patience", "0")
    assert done.returncode == 3
    assert "cannot be reached" in done.stdout


def test_without_a_table_it_says_where_to_find_one(platform: Platform) -> None:
    done = command("smoke", platform.url)
    assert done.returncode == 2
    assert "ordering-platform tables list" in done.stderr


def test_where_only_cash_is_taken_staff_take_it(data_dir: Path) -> None:
    with running(data_dir, ORDERING_PAYMENT_PROVIDERS="cash") as platform:
        secret = platform.password("cashier")
        attended = command("smoke", platform.url, "--staff", platform.email("cashier"), ORDERING_PASSWORD=secret)
        alone = command("smoke", platform.url, "--table", platform.table_code)
    assert attended.returncode == 0, attended.stdout + attended.stderr
    assert alone.returncode == 0, alone.stdout + alone.stderr
    assert "Check out, cash" in alone.stdout
    assert "Staff take the cash" in attended.stdout
    assert "The order is paid" in attended.stdout
    assert "Half 2 of it, cash" in attended.stdout
    assert "A card whose holder is asked first: the test provider" in attended.stdout
    assert "A bill for two: only cash is taken" in alone.stdout
    assert all(line.startswith(("ok ", "skip ")) for line in (attended.stdout + alone.stdout).splitlines())


def test_it_follows_the_rules_of_every_house(data_dir: Path) -> None:
    with running(data_dir) as platform:
        secret = platform.password("owner")
        told = {}
        with Client(platform.url).as_staff(platform.email("owner"), secret) as owner:
            for policy in ("pay_first", "visit_code", "staff_accepts"):
                version = owner.get("/v1/venue")["version"]
                changed = owner.ask("PATCH", "/v1/venue", body={"policy": policy}, headers={"If-Match": f'"{version}"'})
                assert changed.ok, changed.text
                words = ("smoke", platform.url, "--staff", platform.email("owner"))
                done = command(*words, ORDERING_PASSWORD=secret)
                assert done.returncode == 0, f"{policy}: {done.stdout}{done.stderr}"
                told[policy] = done.stdout
    assert "Its payment sent it" in told["pay_first"]
    assert "Staff open the table" in told["visit_code"]
    assert "The order is served" in told["staff_accepts"]
