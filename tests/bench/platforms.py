"""The two ways to run the platform, started for a measurement, with the processes that belong to each part."""

from __future__ import annotations

import re
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.client import Client
from ordering_platform.embedded.postgres import Postgres
from ordering_platform.runtime.database import driver_url
from tests.bench.measure import Group, memory_mb
from tests.support.processes import COMMAND, Processes
from tests.support.rabbitmq import RabbitNode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = 240
_LOGIN = re.compile(r"^ *owner +(\S+@\S+) +(\S+) *$", re.MULTILINE)


@dataclass(frozen=True)
class Subject:
    """A running platform: where it is, its parts, tables to sit at, and what starting took before anybody came."""

    name: str
    port: int
    groups: tuple[Group, ...]
    tables: Iterator[str]
    started: dict[str, float]
    idle_memory_mb: dict[str, float]
    database_url: str
    postgres_log: Path

    def written(self) -> int:
        """Give how many transactions have written anything so far, as units or as single statements."""
        with _administering(self.database_url) as tx:
            return int(
                tx.scalar(sa.text("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)"))
            )

    @contextmanager
    def watched(self) -> Iterator[Path]:
        """Let PostgreSQL log every statement for a while."""
        with _administering(self.database_url) as tx:
            tx.execute(sa.text("ALTER SYSTEM SET log_statement = 'all'"))
            tx.execute(sa.text("SELECT pg_reload_conf()"))
        time.sleep(0.5)  # running sessions read their settings again between two statements
        try:
            yield self.postgres_log
        finally:
            with _administering(self.database_url) as tx:
                tx.execute(sa.text("ALTER SYSTEM RESET log_statement"))
                tx.execute(sa.text("SELECT pg_reload_conf()"))


@contextmanager
def embedded(folder: Path) -> Iterator[Subject]:
    """Run everything in one process, as ``ordering-platform up`` does."""
    port = _free_port()
    printed = folder / "printed.txt"
    begun = time.perf_counter()
    with printed.open("wb") as output:
        words = ["up", "--port", str(port), "--host", "127.0.0.1", "--data-dir", str(folder / "data")]
        environ = {"ORDERING_RATE_LIMITS": "off", "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen([*COMMAND, *words], stdout=output, stderr=subprocess.STDOUT, env=environ)
    try:
        _wait_for(printed, "Press Ctrl+C", process)
        started = {"everything, first start": time.perf_counter() - begun}
        cluster = Postgres(folder / "data" / "postgres")
        url = cluster.running_address() or sys.exit("PostgreSQL does not run")
        groups = (Group("application", (process.pid,)), Group("PostgreSQL", (_postmaster(cluster),)))
        idle = memory_mb(groups)
        tables = _open_tables(port, printed.read_text())
        yield Subject("embedded, one process", port, groups, tables, started, idle, url, cluster.log)
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def processes(folder: Path) -> Iterator[Subject]:
    """Run five processes over RabbitMQ and PostgreSQL, both of their own."""
    cluster = Postgres(folder / "postgres", settings={"max_connections": "200"})
    with RabbitNode() as rabbit:
        url = cluster.start()
        platform = Processes(folder, url, rabbit.url)
        try:
            printed = platform.command("seed")
            with platform:
                started = _start_times(platform)
                broker = rabbit.pid
                services = tuple(platform.process(name).pid for name in platform.ports)
                groups = (
                    Group("application", services),
                    Group("PostgreSQL", (_postmaster(cluster),)),
                    Group("RabbitMQ", (broker,)),
                )
                idle, port = memory_mb(groups), platform.ports["gateway"]
                tables = _open_tables(port, printed)
                yield Subject("five processes, RabbitMQ", port, groups, tables, started, idle, url, cluster.log)
        finally:
            cluster.stop()


def _start_times(platform: Processes) -> dict[str, float]:
    """Restart each service alone and give the seconds until it is ready."""
    seconds = {}
    for name in platform.ports:
        platform.terminate(name)
        begun = time.perf_counter()
        platform.start(name)
        platform.wait(name)
        seconds[name] = time.perf_counter() - begun
    return seconds


def _open_tables(port: int, printed: str) -> Iterator[str]:
    login = _LOGIN.search(printed)
    if login is None:
        sys.exit(f"no owner was printed:\n{printed}")
    with Client(f"http://127.0.0.1:{port}").as_staff(*login.groups()) as owner:
        codes = [
            owner.post("/v1/tables", {"name": f"Bench {number} {secrets.token_hex(3)}"})["code"]
            for number in range(TABLES)
        ]
    return cycle(codes)


@contextmanager
def _administering(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(driver_url(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as tx:
        yield tx


def _postmaster(cluster: Postgres) -> int:
    return int((cluster.folder / "postmaster.pid").read_text().split("\n", 1)[0])


def _wait_for(printed: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while text not in printed.read_text():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"the platform did not start:\n{printed.read_text()}")
        time.sleep(0.02)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
