"""The data directory of the embedded platform: its lock, its keys, its database and its log."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from ordering_platform.auth.keys import new_key_set
from ordering_platform.embedded.errors import CannotStart
from ordering_platform.embedded.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MARK = "README"
_MARK_TEXT = "Data of an ordering platform: its database, its signing keys and its log. Private; keep a copy of it.\n"
_LARGEST_LOG = 20 * 1024 * 1024  # bytes


class Home:
    """One data directory."""

    def __init__(self, folder: Path) -> None:
        """Name the directory; nothing is made yet."""
        self.folder = folder
        self.log = folder / "platform.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the directory if need be and hold it alone; the kernel lets go of it even after a kill.

        Raises CannotStart while another platform holds it, or when the directory belongs to something else.
        """
        self._make()
        with (self.folder / "lock").open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as fault:
                lock.seek(0)
                raise CannotStart(
                    f"A platform already runs on {self.folder}.",
                    f"Process {lock.read().strip() or 'unknown'} holds its lock.",
                    "Stop it first, or choose another directory with --data-dir.",
                ) from fault
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    @contextmanager
    def postgres(self) -> Iterator[str]:
        """Run the database as long as this lasts and give its address; the lock must be held."""
        server = Postgres(self.folder / "postgres")
        try:
            yield server.start()
        finally:
            server.stop()

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the address of the database: of the one that runs, or of one that runs as long as this lasts."""
        running = Postgres(self.folder / "postgres").running_address() if self.is_held() else None
        if running:
            yield running
            return
        with self.locked(), self.postgres() as url:
            yield url

    def is_held(self) -> bool:
        """Whether a platform runs on this directory now."""
        try:
            with (self.folder / "lock").open("r", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def erase(self) -> None:
        """Delete everything in the directory but the lock, which is held."""
        Postgres(self.folder / "postgres").remove()
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()
        self._make()

    def signing_keys(self) -> Path:
        """Give the file with the keys that sign tokens, made on first use."""
        return self._kept("signing-keys.json", new_key_set)

    def webhook_secret(self) -> str:
        """Give the secret between us and the sandbox of payments, made on first use."""
        return self._kept("sandbox-webhook-secret", lambda: secrets.token_hex(32)).read_text(encoding="utf-8")

    def _kept(self, name: str, make: Callable[[], str]) -> Path:
        """Give a file that only its owner can read; what is in it already is never replaced."""
        file = self.folder / name
        if not file.exists():
            unborn = file.with_name(f".{name}.{os.getpid()}")
            with os.fdopen(os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
                handle.write(make())
            unborn.replace(file)
        return file

    def open_log(self) -> TextIO:
        """Open the log at its end, for its owner's eyes only; a large one is put aside first."""
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        handle = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8", buffering=1)

    def _make(self) -> None:
        # Root's database runs as another user, who has to pass through.
        self.folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        mark = self.folder / _MARK
        if not mark.exists():
            if any(entry.name != "lock" for entry in self.folder.iterdir()):
                raise CannotStart(
                    f"{self.folder} is not a data directory of the platform.",
                    "It holds files that the platform did not put there.",
                    "Name an empty or a new directory with --data-dir.",
                )
            mark.write_text(_MARK_TEXT, encoding="utf-8")
