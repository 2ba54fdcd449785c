from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from ordering_platform.embedded import programs
from ordering_platform.embedded.errors import CannotStart
from ordering_platform.embedded.home import Home
from ordering_platform.embedded.postgres import Postgres
from tests.support.platform import open_folder
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HURRY = {"fsync": "off"}
AS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the database's user may enter, unlike pytest's own."""
    with open_folder() as name:
        yield name


@contextmanager
def started(folder: Path) -> Iterator[tuple[Postgres, str]]:
    server = Postgres(folder / "postgres", settings=HURRY)
    try:
        yield server, server.start()
    finally:
        server.stop()


def ask(url: str, statement: str) -> Any:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone() if cursor.description else None
    finally:
        connection.close()


def test_what_was_written_is_there_after_a_stop(folder: Path) -> None:
    with started(folder) as (server, url):
        ask(url, "CREATE TABLE kept AS SELECT 7 AS seven")
    assert server.running_address() is None
    with started(folder) as (_, url):
        assert ask(url, "SELECT seven FROM kept") == (7,)


def test_it_listens_on_no_address_and_its_socket_is_closed_to_others(folder: Path) -> None:
    with started(folder) as (server, url):
        assert ask(url, "SHOW listen_addresses") == ("",)
        assert (server.folder / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0
        assert server.folder.stat().st_mode & 0o077 == 0


def test_a_server_whose_platform_was_killed_is_taken_over(folder: Path) -> None:
    left = Postgres(folder / "postgres", settings=HURRY)
    url = left.start()
    ask(url, "CREATE TABLE kept AS SELECT 7 AS seven")
    with started(folder) as (_, url):
        assert ask(url, "SELECT seven FROM kept") == (7,)


def test_a_server_that_was_killed_recovers(folder: Path) -> None:
    left = Postgres(folder / "postgres", settings=HURRY)
    ask(left.start(), "CREATE TABLE kept AS SELECT 7 AS seven")
    pid = int((left.folder / "postmaster.pid").read_text().split("\n")[0])
    os.kill(pid, signal.SIGKILL)
    until(lambda: left.running_address() is None)
    with started(folder) as (_, url):
        assert ask(url, "SELECT seven FROM kept") == (7,)


def test_a_number_that_belongs_to_another_server_by_now_does_not_hinder_and_does_not_hurt_it(folder: Path) -> None:
    (folder / "other").mkdir(mode=0o711)
    with started(folder / "other") as (other, url_of_other):
        with started(folder) as (server, _):
            left_behind = (server.folder / "postmaster.pid").read_text().split("\n")
        pid = (other.folder / "postmaster.pid").read_text().split("\n")[0]
        (server.folder / "postmaster.pid").write_text("\n".join([pid, *left_behind[1:]]))
        assert server.running_address() is None
        with started(folder) as (_, url):
            assert ask(url, "SELECT 1") == (1,)
        assert ask(url_of_other, "SELECT 1") == (1,)


def test_a_birth_that_was_cut_short_is_begun_again(folder: Path) -> None:
    unborn = folder / "postgres.new"
    unborn.mkdir()
    (unborn / "PG_VERSION").write_text("18\n")
    with started(folder) as (_, url):
        assert ask(url, "SELECT 1") == (1,)
    assert not unborn.exists()


def test_a_long_path_gets_its_socket_elsewhere(folder: Path) -> None:
    deep = folder / ("d" * 90)
    deep.mkdir(mode=0o711)
    with started(deep) as (server, url):
        assert str(server.folder) not in url
        assert ask(url, "SELECT 1") == (1,)
        assert server.running_address() == url


def test_a_cluster_that_cannot_start_says_what_postgresql_said(folder: Path) -> None:
    with started(folder) as (server, _):
        pass
    with (server.folder / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(CannotStart, match="no_such_setting"):
        server.start()


@pytest.mark.skipif(not AS_ROOT, reason="only root's platform has to move its database")
def test_roots_closed_folder_stays_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(programs, "OUTSIDE", folder / "outside")
    home = tmp_path / "closed"
    home.mkdir(mode=0o700)
    with started(home) as (server, url):
        assert ask(url, "SELECT 1") == (1,)
        assert server.folder.parent == folder / "outside"
        assert (home / "postgres").resolve() == server.folder
    server.remove()
    assert list((folder / "outside").iterdir()) == list(home.iterdir()) == []
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not AS_ROOT, reason="only root's platform runs programs as another user")
def test_programs_in_a_closed_folder_are_copied_out(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(programs, "OUTSIDE", folder / "outside")
    monkeypatch.setattr(programs, "reachable", lambda path, _user: "site-packages" not in str(path))
    with started(folder) as (server, url):
        assert ask(url, "SELECT 1") == (1,)
        assert (folder / "outside") in server.programs.parents


def test_a_directory_that_is_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(CannotStart, match="not a data directory"), Home(tmp_path).locked():
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["diary.txt"]


def test_erasing_takes_the_database_along_wherever_it_stands(folder: Path) -> None:
    home = Home(folder / "data")
    elsewhere = folder / "elsewhere"
    with home.locked():
        (home.folder / "postgres").symlink_to(elsewhere)
        with home.postgres() as url:
            assert ask(url, "SELECT 1") == (1,)
        home.signing_keys()
        home.erase()
        assert not elsewhere.exists()
        assert sorted(entry.name for entry in home.folder.iterdir()) == ["README", "lock"]


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    keys = home.signing_keys()
    first = keys.read_text(), home.webhook_secret()
    assert (home.signing_keys().read_text(), home.webhook_secret()) == first
    assert [file.stat().st_mode & 0o777 for file in tmp_path.iterdir()] == [0o600, 0o600]


def test_the_lock_is_held_by_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    with home.locked():
        assert home.is_held()
        with pytest.raises(CannotStart, match=f"Process {os.getpid()} holds its lock"), Home(home.folder).locked():
            pass
    assert not home.is_held()
