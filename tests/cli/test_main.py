"""What every command has in common: help, wrong names, exit codes, errors in words."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from ordering_platform.cli.main import COMMANDS, run
from tests.support.answering import answering, whole
from tests.support.platform import command, environment

SECRET = "postgresql://ada:s3cret-word@127.0.0.1:1/nothing"


def test_help_lists_every_command_and_wakes_nothing_but_the_standard_library() -> None:
    script = (
        "import sys; from ordering_platform.cli.main import run; code = run(['--help']);"
        "assert not {'click', 'eventlet', 'sqlalchemy', 'werkzeug'} & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert listed == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: ordering-platform {name}")


def test_a_near_name_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["helthcheck"]) == 2
    assert "Did you mean healthcheck?" in capsys.readouterr().err


def test_an_unknown_name_points_to_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["xyzzy"]) == 2
    assert "'ordering-platform --help' lists what there is" in capsys.readouterr().err


def test_a_wrong_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version", "--loud"]) == 2
    assert "--loud" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["healthcheck", "smoke"])
def test_what_is_no_address_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "127.0.0.1:8000"]) == 2
    assert "is not an address like http://127.0.0.1:8000" in capsys.readouterr().err


def test_the_version_is_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip().count(".") == 2


def test_a_platform_that_does_not_answer_cannot_be_reached() -> None:
    done = command("healthcheck", "http://127.0.0.1:1")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "Error: http://127.0.0.1:1 cannot be reached" in done.stderr
    assert "Mend: " in done.stderr


def test_a_database_that_does_not_answer_cannot_be_reached_and_its_password_stays_unsaid() -> None:
    done = command("db", "check", DATABASE_URL=SECRET)
    assert done.returncode == 3
    assert "s3cret-word" not in done.stdout + done.stderr
    assert "Eventlet" not in done.stderr


def test_a_service_that_is_not_ready_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    away = whole(b'{"status": "unready"}', "503 Service Unavailable")
    with answering(lambda sock, _request: sock.sendall(away)) as service:
        assert run(["healthcheck", service.url]) == 4
        assert b"GET /health/ready " in service.requests[0]
    assert "unready" in capsys.readouterr().out


def test_a_service_that_is_ready_is_healthy() -> None:
    with answering(lambda sock, _request: sock.sendall(whole(b"{}"))) as service:
        assert run(["healthcheck", f"{service.url}/health/live"]) == 0
        assert b"GET /health/live " in service.requests[0]


def test_all_settings_that_are_missing_are_told_at_once() -> None:
    done = command("config", "show")
    assert done.returncode == 1
    for variable in ("DATABASE_URL", "AMQP_URL", "JWKS_URL", "PUBLIC_URL"):
        assert f"{variable} is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_does_not_exist_is_wrong_usage() -> None:
    done = command("serve", "bakery")
    assert done.returncode == 2
    assert "Name one of gateway, auth, order, payment, promotion" in done.stderr
    assert "Eventlet" not in done.stderr


def test_a_service_whose_port_is_taken_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = command(
            "serve",
            "gateway",
            JWKS_URL="http://127.0.0.1:1/keys",
            PUBLIC_URL="http://127.0.0.1",
            ORDERING_HTTP_HOST="127.0.0.1",
            ORDERING_HTTP_PORT=port,
        )
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in done.stderr


def test_only_debug_shows_where_it_broke() -> None:
    words = ["config", "show"]
    assert "Traceback" not in command(*words).stderr
    assert "Traceback" in command("--debug", *words).stderr


def test_colour_is_never_forced_on_a_pipe() -> None:
    assert "\x1b" not in command("config", "show").stderr


def test_without_a_database_it_says_how_to_get_one(tmp_path: object) -> None:
    done = command("tables", "list", "--data-dir", f"{tmp_path}/none")
    assert done.returncode == 1
    assert "There is no database to work on" in done.stderr
    assert "ordering-platform up" in done.stderr


def test_a_password_is_never_waited_for_where_nobody_is() -> None:
    done = command("smoke", "http://127.0.0.1:1", "--staff", "owner@demo.example")
    assert done.returncode == 2
    assert "Set ORDERING_PASSWORD" in done.stderr
