"""Settings are read as written, told missing all at once, and never shown where they are secret."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from ordering_platform.runtime.config import ConfigInvalid, Settings, load, shown

NEEDED = {
    "DATABASE_URL": "postgresql://app:pa:ss@db/orders",
    "AMQP_URL": "amqp://app:'a: b # c'@mq//",
    "JWKS_URL": "http://auth/.well-known/jwks.json",
    "PUBLIC_URL": "https://order.example/",
}


def test_what_is_missing_is_told_all_at_once() -> None:
    with pytest.raises(ConfigInvalid) as refusal:
        load({})
    assert [line.split()[0] for line in refusal.value.details["faults"]] == list(NEEDED)


def test_a_secret_stays_the_text_it_is() -> None:
    assert load(NEEDED).amqp_url == "amqp://app:'a: b # c'@mq"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORDERING_MAX_WORKERS", "many"),
        ("ORDERING_MAX_WORKERS", "0"),
        ("ORDERING_RPC_TIMEOUT", "-1"),
        ("ORDERING_RPC_TIMEOUT", "nan"),
        ("ORDERING_REGISTRATION", "maybe"),
        ("ORDERING_RATE_LIMITS", "2"),
        ("AMQP_URL", "http://mq"),
        ("DATABASE_URL", "mysql://db"),
    ],
)
def test_an_unusable_value_is_told_with_its_name_and_without_secrets(name: str, value: str) -> None:
    with pytest.raises(ConfigInvalid) as refusal:
        load({**NEEDED, name: value})
    assert refusal.value.details["faults"][0].startswith(name)
    if name == "DATABASE_URL":
        assert "mysql" not in refusal.value.message


def test_an_empty_variable_means_the_default() -> None:
    assert load({**NEEDED, "ORDERING_MAX_WORKERS": ""}).max_workers == load(NEEDED).max_workers


def test_lists_are_separated_by_commas() -> None:
    assert load({**NEEDED, "ORDERING_CORS_ORIGINS": "https://a, https://b,"}).cors_origins == ("https://a", "https://b")


def test_no_secret_is_shown() -> None:
    settings = load({**NEEDED, "ORDERING_MAX_WORKERS": "8"})
    rows = {row["name"]: row for row in shown(settings, {**NEEDED, "ORDERING_MAX_WORKERS": "8"})}
    assert rows["DATABASE_URL"]["value"] == "********"
    assert rows["ORDERING_MAX_WORKERS"] == {
        "name": "ORDERING_MAX_WORKERS",
        "value": "8",
        "source": "environment",
        "meaning": "Requests a service works on at once",
    }
    assert not any("pa:ss" in row["value"] for row in rows.values())


def test_the_example_file_lists_exactly_the_settings() -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    assert re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE) == [one.metadata["env"] for one in fields(Settings)]
