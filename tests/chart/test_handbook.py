"""Commands the handbook shows for a cluster are ones that exist, about things the chart makes."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click
import pytest

from ordering_platform.cli.main import COMMANDS, _command
from tests.chart.house import CHART, HOUSE, OPERATIONS
from tests.chart.rendering import Helm, Profile, Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {
    "deployment": "Deployment",
    "statefulset": "StatefulSet",
    "service": "Service",
    "cronjob": "CronJob",
    "secret": "Secret",
}
EVERYTHING = Profile(
    "everything the handbook speaks of",
    {
        "publicUrl": "https://orders.example",
        "seed": {"enabled": True},
        "shell": {"enabled": True},
        "backup": {"enabled": True},
        "metrics": {"rules": {"enabled": True}},
    },
)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Give every command of every page, with the page; what is piped on is a command of its own."""
    for page in sorted(OPERATIONS.glob("*.md")):
        for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL):
            # Blocks with a language are run, by tests/house/test_docs.py.
            for line in block.splitlines() if not language else ():
                for part in re.split(r" [|>] ", line.partition("  #")[0]):
                    if words := shlex.split(part):
                        yield page.name, words


ALL = list(commands())


def with_first(word: str) -> list[Any]:
    found = [(page, words) for page, words in ALL if words[0] == word]
    return [pytest.param(words, id=f"{page}-{number}") for number, (page, words) in enumerate(found)]


def test_every_command_is_of_a_kind_that_is_looked_at() -> None:
    known = {"helm", "kubectl", "ordering-platform", "docker", "psql", "pg_restore", "cp", "base64", "signing-keys"}
    assert {words[0] for _, words in ALL} == known


def values_of(words: list[str]) -> Profile:
    """Give what a helm command would install with."""
    values: dict[str, Any] = {}
    files = []
    for option, value in pairwise(words):
        if option == "--values":
            assert (HOUSE / value).parent == CHART
            files.append(value.rpartition("/")[2])
        if option == "--set":
            path, _, given = value.partition("=")
            place = values
            *outer, last = path.split(".")
            for name in outer:
                place = place.setdefault(name, {})
            place[last] = json.loads(given) if given in {"true", "false"} else given
    if "--reuse-values" in words:
        values.setdefault("publicUrl", "https://orders.example")
    return Profile(" ".join(words), values, files=tuple(files), release=words[2])


@pytest.mark.parametrize("words", with_first("helm"))
def test_helm_would_do_it(helm: Helm, words: list[str]) -> None:
    assert words[1] in {"install", "upgrade", "test", "rollback", "uninstall"}
    assert words[2] == "op"
    assert words[words.index("--namespace") + 1] == "cafe"
    if words[1] in {"install", "upgrade"}:
        assert HOUSE / words[3] == CHART
        helm.render(values_of(words))


@pytest.fixture(scope="module")
def all_there_is(helm: Helm) -> Rendered:
    return helm.render(EVERYTHING)


@pytest.mark.parametrize("words", with_first("kubectl"))
def test_kubectl_finds_what_it_is_told_of(all_there_is: Rendered, words: list[str]) -> None:
    assert words[1:3] == ["-n", "cafe"]
    made = {(one["kind"], one["metadata"]["name"]) for one in all_there_is.manifests}
    ours = [word for word in words if re.match(r"(\w+/)?op-|--from=cronjob/", word)]
    for word in ours:
        kind, _, name = word.removeprefix("--from=").rpartition("/")
        assert (KINDS[kind or "secret"], name) in made, word
    if "--" in words:
        inside = words[words.index("--") + 1 :]
        assert inside[0] in {"ordering-platform", "psql"}
        if inside[0] == "ordering-platform":
            parse(inside)


def test_what_is_read_out_of_secrets_and_pods_is_there(all_there_is: Rendered) -> None:
    keys = all_there_is.named("Secret", "signing-keys")["stringData"]
    assert set(re.findall(r"jsonpath='\{\.data\.([\w-]+)\}'", (OPERATIONS / "secrets.md").read_text())) == keys.keys()
    files = all_there_is.named("ConfigMap", "postgresql")["data"]
    assert set(re.findall(r"initdb\.d/(\S+)", (OPERATIONS / "secrets.md").read_text())) == files.keys()
    components = {one["metadata"]["labels"]["app.kubernetes.io/component"] for one in all_there_is.manifests}
    for page in OPERATIONS.glob("*.md"):
        assert set(re.findall(r"kubernetes\.io/component=([\w-]+)", page.read_text())) <= components


def test_the_table_of_secrets_names_every_key_there_is(all_there_is: Rendered) -> None:
    page = (OPERATIONS / "secrets.md").read_text()
    for one in all_there_is.of_kind("Secret"):
        assert f"`{one['metadata']['name']}`" in page
        for key in one["stringData"]:
            assert f"`{key}`" in page or key.endswith("-password"), key


def parse(words: list[str]) -> None:
    """Let click read a command of ours without running it."""
    name, *rest = words[1:]
    assert name in COMMANDS
    command = _command(name)
    while isinstance(command, click.Group):
        command = command.commands[rest.pop(0)]
    command.make_context(name, rest)


@pytest.mark.parametrize("words", with_first("ordering-platform"))
def test_our_own_program_understands_it(words: list[str]) -> None:
    parse(words)


def test_every_alert_has_a_section_that_says_what_to_do(all_there_is: Rendered) -> None:
    (rules,) = all_there_is.of_kind("PrometheusRule")
    alerts = [rule["alert"] for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert re.findall(r"^## (\w+)$", (OPERATIONS / "alerts.md").read_text(), re.MULTILINE) == alerts


def test_the_sums_of_the_handbook_are_those_of_the_chart(helm: Helm) -> None:
    page = (OPERATIONS / "sizing.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (\d+) \+ (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for replicas, size, overflow, connections in rows:
        service = {"replicas": int(replicas), "pool": {"size": int(size), "overflow": int(overflow)}}
        services = dict.fromkeys(("auth", "order", "payment", "promotion"), service)
        values = {"publicUrl": "https://x", "services": services, "postgresql": {"maxConnections": int(connections)}}
        helm.fresh(Profile("fits", values))
        values["postgresql"] = {"maxConnections": int(connections) - 1}
        with pytest.raises(Exception, match=f"may open {connections} connections"):
            helm.fresh(Profile("does not fit", values))
