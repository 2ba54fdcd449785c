from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ordering_platform.cli.main import run
from ordering_platform.cli.settings import example_file

if TYPE_CHECKING:
    import pytest

HOUSE = Path(__file__).parents[2]


def test_the_example_file_lists_every_setting() -> None:
    assert (HOUSE / ".env.example").read_text() == example_file() + "\n", (
        "run: ordering-platform config example > .env.example"
    )


def test_settings_are_shown_with_their_source_and_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ada:s3cret-word@db/x")
    monkeypatch.setenv("AMQP_URL", "amqp://ada:s3cret-word@mq/")
    monkeypatch.setenv("JWKS_URL", "http://auth/.well-known/jwks.json")
    monkeypatch.setenv("PUBLIC_URL", "https://orders.example")
    assert run(["config", "show", "-o", "json"]) == 0
    shown = capsys.readouterr().out
    assert "s3cret-word" not in shown
    rows = {row["name"]: row for row in json.loads(shown)}
    assert rows["PUBLIC_URL"]["value"] == "https://orders.example"
    assert rows["PUBLIC_URL"]["source"] == "environment"
    assert rows["ORDERING_HTTP_PORT"]["source"] == "default"
    assert run(["config", "show"]) == 0
    assert "s3cret-word" not in capsys.readouterr().out
