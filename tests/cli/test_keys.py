from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ordering_platform.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def held(file: Path) -> list[Any]:
    return [key["kid"] for key in json.loads(file.read_text())["keys"]]


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    assert run(["keys", "new", str(file)]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(held(file)) == 1


def test_keys_in_use_are_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.json"
    file.write_text("precious")
    assert run(["keys", "new", str(file)]) == 1
    assert file.read_text() == "precious"
    assert "keys rotate" in capsys.readouterr().err


def test_what_runs_at_each_start_keeps_the_keys_it_made_the_first_time(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    assert run(["keys", "new", "--keep", str(file)]) == 0
    first = file.read_text()
    assert run(["keys", "new", "--keep", str(file)]) == 0
    assert file.read_text() == first


def test_rotation_keeps_the_key_before(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    run(["keys", "new", str(file)])
    (first,) = held(file)
    assert run(["keys", "rotate", str(file)]) == 0
    assert held(file)[1:] == [first]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


def test_what_is_no_key_file_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "diary.txt"
    file.write_text("Dear diary")
    assert run(["keys", "rotate", str(file)]) == 1
    assert file.read_text() == "Dear diary"
    assert "cannot be rotated" in capsys.readouterr().err
