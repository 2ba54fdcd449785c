"""Thousands of requests made up from the OpenAPI document: each is answered or refused, none breaks the platform."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import Staff
from tests.support.calls import call
from tests.support.platform import Platform, running

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30
# One never ends, the other would end the fuzzing of everything else.
_LEFT_OUT = ("/v1/events", "/v1/auth/logout")


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Platform]:
    """Give a platform of its own: a manager who does everything at random leaves no demo restaurant behind."""
    with tempfile.TemporaryDirectory(prefix="op-fuzz-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder) / "data") as started:
            yield started


def fuzz(platform: Platform, token: str, folder: Path) -> None:
    command = [str(Path(sys.executable).with_name("st")), "run", f"{platform.url}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {token}", "--checks", "not_a_server_error"]
    command += ["--max-time", str(SECONDS), "--generation-deterministic", "--warnings", "off", "--no-color"]
    command += [word for path in _LEFT_OUT for word in ("--exclude-path", path)]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=SECONDS * 5)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def statuses(platform: Platform) -> list[int]:
    """What the gateway has answered so far."""
    lines = (platform.data_dir / "platform.log").read_text().splitlines()
    answered = [json.loads(line) for line in lines if '"logger":"ordering.access"' in line]
    return [line["status"] for line in answered if line["service"] == "gateway"]


def test_no_request_of_a_guest_breaks_anything(fuzzed: Platform, tmp_path: Path) -> None:
    body = {"table_code": fuzzed.table_code}
    token = call(f"{fuzzed.url}/v1/auth/guest", "POST", body=body).json["access_token"]
    fuzz(fuzzed, token, tmp_path)


def test_no_request_of_a_manager_breaks_anything(fuzzed: Platform, tmp_path: Path) -> None:
    fuzz(fuzzed, Staff(fuzzed).token, tmp_path)
    answered = statuses(fuzzed)
    assert len(answered) > 500
    assert [status for status in answered if status >= 500] == []
    assert '"level":"error"' not in (fuzzed.data_dir / "platform.log").read_text()
