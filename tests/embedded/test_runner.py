"""``ordering-platform up`` from the first start to the crash, each in a process of its own."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from ordering_platform.client import Client
from ordering_platform.embedded import runner
from ordering_platform.embedded.errors import CannotStart
from ordering_platform.embedded.home import Home
from ordering_platform.embedded.postgres import Postgres
from tests.support.platform import COMMAND, command, environment, running, start
from tests.support.terminal import at_a_terminal, scanned

if TYPE_CHECKING:
    from pathlib import Path


def test_it_opens_stops_and_opens_again_with_what_it_had(data_dir: Path) -> None:
    with running(data_dir) as first:
        with Client(first.url) as client:
            assert client.get("/health/ready")
            guest = client.as_guest(first.table_code)
            order = guest.post("/v1/orders", {"rehearsal": True})
        assert set(first.logins) == {"owner", "manager", "cashier", "waiter", "kitchen"}
        assert "Ready in" in first.text
        assert "Eventlet" not in first.text

        refused = command("up", "--data-dir", str(data_dir), "--port", "0")
        assert refused.returncode == 1
        assert f"A platform already runs on {data_dir}" in refused.stderr
        assert f"Process {first.process.pid} holds its lock" in refused.stderr

        assert first.stop() == 0
        assert f"Stopped. Data is kept in {data_dir}/." in first.text
    assert Postgres(data_dir / "postgres").running_address() is None

    with running(data_dir) as second:
        assert second.table_code == first.table_code
        assert second.logins == {}, "passwords are shown on the first start only"
        with Client(second.url, token=guest.token) as client:
            assert client.get(f"/v1/orders/{order['id']}")["id"] == order["id"]
            assert client.as_staff(first.email("owner"), first.password("owner")).get("/v1/auth/me")["kind"] == "staff"


def test_after_a_crash_it_opens_again_with_everything_that_was_acknowledged(data_dir: Path) -> None:
    crashed = start(data_dir)
    with Client(crashed.url) as client:
        guest = client.as_guest(crashed.table_code)
        order = guest.post("/v1/orders", {"rehearsal": True})
    crashed.kill()
    assert Postgres(data_dir / "postgres").running_address(), "PostgreSQL outlives its platform, as after a crash"
    with running(data_dir) as recovered, Client(recovered.url, token=guest.token) as client:
        assert client.get(f"/v1/orders/{order['id']}")["id"] == order["id"]


def test_a_reset_asks_and_then_begins_anew(data_dir: Path) -> None:
    with running(data_dir) as first:
        assert first.stop(signal.SIGTERM) == 0
    asked = command("up", "--data-dir", str(data_dir), "--port", "0", "--reset")
    assert asked.returncode == 1
    assert "There is nobody to ask" in asked.stderr
    with running(data_dir, "--host", "127.0.0.1", "--port", "0", "--reset", "--yes") as second:
        assert second.table_code != first.table_code
        assert set(second.logins) == set(first.logins)


def test_at_a_terminal_a_phone_reads_the_code_and_ctrl_c_ends_everything(data_dir: Path) -> None:
    words = [*COMMAND, "up", "--data-dir", str(data_dir), "--host", "127.0.0.1", "--port", "0"]
    with at_a_terminal(["setsid", "--ctty", "--wait", *words], environment()) as terminal:
        shown = terminal.read_until("Press Ctrl+C")
        code, _, rest = shown.partition("Scan with a phone")[2].partition("  Guest, table 1")
        assert scanned(code.partition("\n")[2]) == rest.split()[0]
        terminal.press("\x03")
        terminal.read_until("Stopped. Data is kept")
        assert terminal.process.wait(10) == 0
    log = (data_dir / "postgres.log").read_text()
    assert "database system is shut down" in log
    assert "FATAL" not in log


def test_without_the_demo_an_owner_opens_the_house(data_dir: Path) -> None:
    with running(data_dir, "--host", "127.0.0.1", "--port", "0", "--no-demo") as empty:
        assert "/t/" not in empty.text
        words = ("user", "create", "ada@example.com", "--new-venue", "Ada's", "--data-dir", str(data_dir))
        made = command(*words)
        assert made.returncode == 0, made.stderr
        local = empty.text.split("Press Ctrl+C")[0]
        assert "Ready in" in local
        listed = command("user", "list", "--data-dir", str(data_dir), "-o", "json")
        assert '"email": "ada@example.com"' in listed.stdout
        assert empty.stop(signal.SIGHUP) == 0, "a closed terminal stops it as well"


def test_a_taken_port_is_named_before_anything_is_started(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = command("up", "--data-dir", str(data_dir), "--host", "127.0.0.1", "--port", port)
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in refused.stderr
    assert "--port 0" in refused.stderr
    assert not (data_dir / "postgres").exists()


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(CannotStart, match=r"no address 192\.0\.2\.1"):
        runner.usable_port("192.0.2.1", 8000)


def test_phones_are_told_an_address_of_the_network() -> None:
    address = runner.public_address("0.0.0.0", 8000)
    assert address.endswith(":8000")
    assert "0.0.0.0" not in address
    assert runner.public_address("127.0.0.1", 8000) == "http://127.0.0.1:8000"


def test_every_service_gets_a_door_of_its_own(tmp_path: Path) -> None:
    served = runner.served(
        home=Home(tmp_path),
        database_url="postgresql:///x",
        host="127.0.0.1",
        port=8000,
        public_url="http://x",
        environ={},
    )
    settings = {one.service.name: one.settings for one in served}  # type: ignore[attr-defined]  # nameko's own attribute
    assert len({one.http_port for one in settings.values()}) == len(settings)
    assert settings["gateway"].auth_url.endswith(f":{settings['auth'].http_port}")
    assert {one.http_host for name, one in settings.items() if name != "gateway"} == {"127.0.0.1"}
    assert settings["payment"].payment_providers == ("cash", "card_terminal", "sandbox")
