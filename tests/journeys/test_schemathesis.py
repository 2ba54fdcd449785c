"""Schemathesis makes up requests from the published document: no server error, every answer as promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ordering_platform.client import Client
from tests.support.platform import open_folder, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.platform import Platform

PROGRAM = Path(sys.executable).with_name("schemathesis")
PROMISES = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
EXAMPLES_FOR_EACH_DOOR = 8


@pytest.fixture(scope="module")
def victim() -> Iterator[Platform]:
    """Give a platform of its own: made-up requests close tables and dismiss staff."""
    with open_folder() as folder, running(folder / "data") as started:
        yield started


@pytest.mark.parametrize("who", ["guest", "owner"])
def test_made_up_requests_get_the_answers_the_document_promises(victim: Platform, who: str, tmp_path: Path) -> None:
    with Client(victim.url) as visitor:
        if who == "guest":
            caller = visitor.as_guest(victim.table_code)
        else:
            caller = visitor.as_staff(victim.email("owner"), victim.password("owner"))
    words = [str(PROGRAM), "run", f"{victim.url}/openapi.json", "--url", victim.url, "--checks", ",".join(PROMISES)]
    words += ["--phases", "examples,fuzzing", "--max-examples", str(EXAMPLES_FOR_EACH_DOOR)]
    words += ["--generation-deterministic", "--continue-on-failure", "--warnings", "off", "--no-color"]
    words += ["--header", f"Authorization: Bearer {caller.token}", "--request-timeout", "15"]
    done = subprocess.run(words, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
