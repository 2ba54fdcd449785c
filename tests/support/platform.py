"""The embedded platform as a newcomer starts it: ``ordering-platform up`` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "ordering_platform.cli.main"]
HOUSE = Path(__file__).parents[2]
READY_TIMEOUT = 60.0
_LOGIN = re.compile(r"^ *(\w+) +(\S+@demo\.example) +(\S+) *$", re.MULTILINE)


@dataclass
class Platform:
    """A platform that runs; ``text`` is all it has printed."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    printed: Path
    logins: dict[str, str]

    @property
    def text(self) -> str:
        """What it has printed so far, results and talk."""
        return self.printed.read_text()

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        found = re.search(r"smoke (http://\S+)", self.text)
        assert found, self.text
        return found[1]

    @property
    def table_code(self) -> str:
        """The code of table 1."""
        found = re.search(r"/t/(\w+)", self.text)
        assert found, self.text
        return found[1]

    def email(self, role: str) -> str:
        """Who holds a role."""
        return f"{role}@demo.example"

    def password(self, role: str) -> str:
        """Give the first password of whoever holds the role; known on the first start only."""
        return self.logins[role]

    def stop(self, number: int = signal.SIGINT, within: float = 20.0) -> int:
        """Send a signal, by default what Ctrl+C sends, and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)

    def kill(self) -> None:
        """End the process as a power cut would; its PostgreSQL goes on."""
        self.process.kill()
        self.process.wait(10)


def environment(**settings: str) -> dict[str, str]:
    """Give an environment without settings of ours but these."""
    foreign = {"DATABASE_URL", "AMQP_URL", "JWKS_URL", "PUBLIC_URL"}
    ours = {name for name in os.environ if name.startswith("ORDERING_")} | foreign
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": str(HOUSE), **settings}


def command(*words: str, given: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end; ``given`` is typed into it."""
    return subprocess.run(
        [*COMMAND, *words], input=given, env=environment(**settings), check=False, capture_output=True, text=True
    )


def start(data_dir: Path, *words: str, **settings: str) -> Platform:
    """Run ``up`` on this directory and return once it is ready."""
    printed = Path(tempfile.mkstemp(prefix="printed-", dir=data_dir.parent)[1])
    begin = [*COMMAND, "up", "--data-dir", str(data_dir), *(words or ("--host", "127.0.0.1", "--port", "0"))]
    with printed.open("wb") as output:
        process = subprocess.Popen(
            begin,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(ORDERING_RATE_LIMITS="off", **settings),
        )
    started = Platform(process, data_dir, printed, {})
    try:
        until(
            lambda: "Press Ctrl+C" in started.text or process.poll() is not None, timeout=READY_TIMEOUT, interval=0.02
        )
        assert process.poll() is None, started.text
    except BaseException:
        process.terminate()
        raise
    started.logins = {role: password for role, _, password in _LOGIN.findall(started.text)}
    return started


@contextmanager
def running(data_dir: Path, *words: str, **settings: str) -> Iterator[Platform]:
    """Run ``up`` for as long as this lasts."""
    started = start(data_dir, *words, **settings)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.stop()


@contextmanager
def open_folder() -> Iterator[Path]:
    """Give a folder for data that is gone afterwards; root's database, run by another user, may enter it."""
    with tempfile.TemporaryDirectory(prefix="op-up-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Give the name of a data directory that does not exist yet."""
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """Give one embedded platform with the demo restaurant, for everybody who only walks through it."""
    with open_folder() as folder, running(folder / "data") as started:
        yield started
