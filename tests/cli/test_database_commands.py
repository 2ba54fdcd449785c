"""The commands that work on a database: its shape, its people, its tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.auth import passwords
from ordering_platform.auth.models import users
from ordering_platform.cli.main import run
from ordering_platform.cli.where import opened
from ordering_platform.embedded.seed import PEOPLE
from ordering_platform.runtime import migrations
from tests.support import postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Said:
    """Give a function that runs a command and gives its exit code, its result and its talk."""

    def say(*words: str, url: str = "") -> tuple[int, str, str]:
        monkeypatch.setenv("DATABASE_URL", url or request.getfixturevalue("seeded_url"))
        monkeypatch.delenv("ORDERING_DATA_DIR", raising=False)
        code = run(list(words))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return say


@pytest.fixture(scope="session")
def empty_url(postgres_url: str) -> str:
    return postgres.new_database(postgres_url, "empty")


def people(url: str) -> dict[str, Any]:
    with opened(url) as db, db.read() as tx:
        return {row.email: row for row in tx.execute(users.select())}


def test_a_database_that_is_behind_is_unhealthy_until_it_is_upgraded(said: Said, empty_url: str) -> None:
    code, listed, talk = said("db", "check", url=empty_url)
    assert code == 4
    assert listed.split() == migrations.pending(empty_url)
    assert "ordering-platform db upgrade" in talk
    assert said("db", "current", url=empty_url)[1] == "none\n"
    assert said("db", "wait", "--timeout", "0", url=empty_url)[0] == 3

    assert said("db", "upgrade", url=empty_url)[0] == 0
    assert said("db", "check", url=empty_url)[:2] == (0, "")
    assert said("db", "current", url=empty_url)[1].strip() == migrations.current(empty_url)
    assert said("db", "wait", url=empty_url)[0] == 0
    assert "up to date" in said("db", "upgrade", url=empty_url)[2]


def test_an_upgrade_waits_for_a_database_as_long_as_it_is_told(said: Said, empty_url: str) -> None:
    assert said("db", "upgrade", "--patience", "0.2", url="postgresql://127.0.0.1:1/nothing")[0] == 3
    assert said("db", "upgrade", "--patience", "5", url=empty_url)[0] == 0


def test_the_demo_is_put_in_once_and_shows_its_passwords_once(said: Said, postgres_url: str) -> None:
    url = postgres.new_database(postgres_url, "seeded_once")
    migrations.upgrade(url)
    code, first, _ = said("seed", "-o", "json", url=url)
    assert code == 0
    logins = {row["email"]: row for row in json.loads(first)}
    assert {row["role"] for row in logins.values()} == {one.role for one in PEOPLE}
    owner = logins["owner@demo.example"]
    assert passwords.matches(people(url)["owner@demo.example"].password_hash, owner["password"])

    code, again, talk = said("seed", "-o", "json", url=url)
    assert (code, json.loads(again)) == (0, [])
    assert "were there before" in talk
    assert len(json.loads(said("tables", "list", "-o", "json", url=url)[1])) == 12


def test_a_table_has_its_link(said: Said) -> None:
    said("seed")
    code, listed, _ = said("tables", "list", "--public-url", "https://x.example/", "-o", "json")
    assert code == 0
    first = json.loads(listed)[0]
    assert first["link"] == f"https://x.example/t/{first['code']}"
    assert said("qr", first["name"], "--public-url", "https://x.example")[1].strip() == first["link"]
    assert "▀" in said("qr", first["name"].lower(), "--show")[1]


def test_a_table_that_does_not_exist_is_answered_with_those_that_do(said: Said) -> None:
    said("seed")
    code, _, talk = said("qr", "T99")
    assert code == 2
    assert "T1, T2, T3" in talk


def test_somebody_new_gets_a_password_that_is_shown_once(said: Said, seeded_url: str) -> None:
    said("seed")
    code, password, talk = said("user", "create", "Wilma@Example.com", "--role", "waiter")
    assert code == 0, talk
    wilma = people(seeded_url)["wilma@example.com"]
    assert (wilma.role, wilma.venue_id) == ("waiter", "ven_demo")
    assert passwords.matches(wilma.password_hash, password.strip())

    code, _, talk = said("user", "create", "wilma@example.com", "--role", "waiter")
    assert code == 1
    assert "has an account already" in talk


def test_a_lost_password_is_replaced(said: Said, seeded_url: str) -> None:
    said("seed")
    said("user", "create", "lost@example.com", "--role", "kitchen")
    code, password, _ = said("user", "reset-password", "lost@example.com")
    assert code == 0
    assert passwords.matches(people(seeded_url)["lost@example.com"].password_hash, password.strip())
    assert said("user", "reset-password", "nobody@example.com")[0] == 1


def test_a_chosen_password_comes_from_the_environment_and_has_a_length(
    said: Said, seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("seed")
    monkeypatch.setenv("ORDERING_PASSWORD", "short")
    code, _, talk = said("user", "create", "s@example.com", "--choose-password")
    assert code == 1
    assert "too short" in talk
    assert "s@example.com" not in people(seeded_url)
    monkeypatch.setenv("ORDERING_PASSWORD", "a long enough sentence")
    code, printed, talk = said("user", "create", "s@example.com", "--choose-password")
    assert (code, printed) == (0, ""), talk
    assert passwords.matches(people(seeded_url)["s@example.com"].password_hash, "a long enough sentence")


def test_a_role_that_does_not_exist_is_wrong_usage(said: Said) -> None:
    code, _, talk = said("user", "create", "x@example.com", "--role", "boss")
    assert code == 2
    assert "kitchen, waiter, cashier, manager, owner, service" in talk


def test_a_first_owner_opens_a_venue(said: Said, postgres_url: str) -> None:
    url = postgres.new_database(postgres_url, "first_owner")
    migrations.upgrade(url)
    code, _, talk = said("user", "create", "ada@example.com", url=url)
    assert code == 2
    assert "--new-venue" in talk
    words = ("user", "create", "ada@example.com", "--new-venue", "Ada's", "--currency", "JPY", "--language", "ja")
    assert said(*words, url=url)[0] == 0
    (listed,) = json.loads(said("user", "list", "-o", "json", url=url)[1])
    assert listed["email"] == "ada@example.com"
    assert listed["role"] == "owner"
    assert listed["venue_id"].startswith("ven_")


def test_every_door_is_listed_with_who_may_enter(said: Said) -> None:
    code, listed, _ = said("routes", "-o", "json")
    assert code == 0
    doors = {(row["method"], row["url"]): row for row in json.loads(listed)}
    assert doors["POST", "/v1/orders"]["service"] == "order"
    assert doors["POST", "/v1/auth/login"]["who"] == "anyone"
    assert all(row["who"] and row["summary"] for row in doors.values())


def test_the_openapi_document_is_the_one_of_the_gateway(said: Said, tmp_path: Any) -> None:
    file = tmp_path / "openapi.json"
    assert said("openapi", "--out", str(file))[0] == 0
    assert json.loads(file.read_text())["openapi"].startswith("3.1")
    assert "/v1/orders" in json.loads(said("openapi")[1])["paths"]
