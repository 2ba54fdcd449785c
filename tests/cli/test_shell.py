"""A prompt beside the platform: ours on the embedded one, nameko's own on the real broker."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ordering_platform.runtime import migrations
from tests.support import postgres
from tests.support.platform import HOUSE, command
from tests.support.processes import Processes
from tests.support.rabbitmq import shared_node
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.platform import Platform

NAMEKO = Path(sys.executable).with_name("nameko")
ASKED = """
print("table:", min(table["name"] for table in tables() if table["id"] == "tbl_demo_1"))
print("orders:", len(orders("placed")))
print("code:", promo("welcome10")["codes"])
print("unknown:", order("Z999"))
print("rpc:", n.rpc.order.get_orders(venue_id="ven_demo", session_id=None, order_ids=[]))
"""
ANSWERED = ["table: T1", "orders: 0", "code: ['WELCOME10']", "unknown: None", "rpc: {'orders': []}"]


def answers(printed: str) -> list[str]:
    lines = (re.sub(r"^(>>> )+", "", line) for line in printed.splitlines())
    return [line for line in lines if line.partition(":")[0] in {"table", "orders", "code", "unknown", "rpc"}]


def test_our_prompt_works_beside_an_embedded_platform(platform: Platform) -> None:
    done = command("shell", "--data-dir", str(platform.data_dir), given=ASKED)
    assert done.returncode == 0, done.stderr
    assert [line for line in answers(done.stdout) if not line.startswith("orders")] == [
        line for line in ANSWERED if not line.startswith("orders")
    ]


def test_code_that_fails_in_a_pipe_fails_the_command(platform: Platform) -> None:
    done = command("shell", "--data-dir", str(platform.data_dir), given="1 / 0\n")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


@pytest.fixture(scope="module")
def order_service(postgres_url: str) -> Iterator[Processes]:
    """Give an order service as a process on a real broker, and the environment it runs in."""
    url = postgres.new_database(postgres_url, "shell")
    migrations.upgrade(url)
    with tempfile.TemporaryDirectory(prefix="op-shell-") as folder:
        processes = Processes(Path(folder), url, shared_node().url)
        processes.command("seed")
        yield processes
        for name in list(processes._running):
            processes.terminate(name)


def nameko(*words: str, processes: Processes, given: str | None = None, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(NAMEKO), *words],
        cwd=HOUSE,
        env={**processes.environ, **more},
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.broker
@pytest.mark.processes
def test_nameko_shell_has_the_same_helpers(order_service: Processes) -> None:
    order_service.start("order")
    order_service.wait("order")
    line = command("shell-env").stdout
    variable, _, startup = shlex.split(line)[1].partition("=")
    shell = nameko("shell", "--config", "config.yaml", processes=order_service, given=ASKED, **{variable: startup})
    printed, _ = shell.communicate(ASKED, timeout=60)
    order_service.terminate("order")
    assert answers(printed) == ANSWERED, printed


@pytest.mark.broker
@pytest.mark.processes
def test_nameko_run_serves_a_service_and_ends_it_in_good_order(order_service: Processes) -> None:
    port = str(order_service.ports["order"])
    process = nameko(
        "run",
        "--config",
        "config.yaml",
        "ordering_platform.order.service:OrderService",
        processes=order_service,
        ORDERING_HTTP_PORT=port,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: command("healthcheck", address).returncode == 0 or process.poll() is not None, timeout=60)
        assert process.poll() is None, process.communicate()[0]
    finally:
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=30)
    assert process.returncode == 0, printed
