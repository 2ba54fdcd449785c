"""The Tiltfile evaluates, and what it names is what the chart makes. Tilt's own functions are stood in for."""

from __future__ import annotations

import re
from typing import Any

import pytest
import starlark
import yaml

from ordering_platform.catalogue import SERVICES
from tests.chart.house import HOUSE
from tests.chart.rendering import Helm, Profile, Rendered

CALLS = (
    "version_settings",
    "allow_k8s_contexts",
    "watch_file",
    "docker_build_with_restart",
    "fall_back_on",
    "sync",
    "local",
    "k8s_yaml",
    "k8s_resource",
    "port_forward",
    "link",
    "local_resource",
)


class Tilt:
    """Notes every call the Tiltfile makes, and answers those that it needs an answer of."""

    def __init__(self, helm: Helm) -> None:
        self.calls: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {name: [] for name in CALLS}
        self.rendered: Rendered | None = None
        self._helm = helm

    def evaluate(self) -> None:
        text = (HOUSE / "Tiltfile").read_text()
        dialect = starlark.Dialect.extended()
        dialect.enable_top_level_stmt = True
        module = starlark.Module()
        for name in CALLS:
            module.add_callable(name, self._noted(name))
        answering = (self.helm, self.filter_yaml, self.decode_yaml_stream, self.encode_yaml, self.read_file)
        for answers in answering:
            module.add_callable(answers.__name__, answers)
        module["TRIGGER_MODE_MANUAL"] = "by hand"
        # Tilt's config is a module; Starlark's plain dialect has no structs, so its two calls become functions.
        text = text.replace("config.define_string(", "define_setting(").replace("config.parse(", "parse_settings(")
        module.add_callable("define_setting", lambda *_words, **_named: None)
        module.add_callable("parse_settings", dict)
        extension = starlark.Module()
        extension.add_callable("docker_build_with_restart", self._noted("docker_build_with_restart"))
        loader = starlark.FileLoader(lambda _name: extension.freeze())
        starlark.eval(module, starlark.parse("Tiltfile", text, dialect), starlark.Globals.standard(), loader)

    def _noted(self, name: str) -> Any:
        return lambda *words, **named: self.calls[name].append((words, named))

    def helm(self, path: str, name: str, values: list[str], set: list[str]) -> str:  # noqa: A002  Tilt's name for it
        assert (HOUSE / path / "Chart.yaml").exists()
        more: dict[str, Any] = {}
        for one in set:
            key, _, value = one.partition("=")
            outer, inner = key.split(".")
            more[outer] = {inner: value}
        files = tuple(file.removeprefix(f"{path}/") for file in values)
        self.rendered = self._helm.render(Profile("tilt", more, files=files, release=name))
        return "\n---\n".join(self.rendered.files.values())

    @staticmethod
    def filter_yaml(text: str, kind: str) -> tuple[str, str]:
        found = [one for one in yaml.load_all(text, yaml.CSafeLoader) if one]
        chosen = [one for one in found if re.search(kind, one["kind"])]
        return yaml.safe_dump_all(chosen), yaml.safe_dump_all([one for one in found if one not in chosen])

    @staticmethod
    def decode_yaml_stream(text: str) -> list[Any]:
        return list(yaml.load_all(text, yaml.CSafeLoader))

    @staticmethod
    def encode_yaml(value: Any) -> str:
        return str(yaml.safe_dump(value))

    @staticmethod
    def read_file(_path: str) -> str:
        return '{"keys": []}'

    def resources(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {named["new_name"]: (words[0], named) for words, named in self.calls["k8s_resource"]}


@pytest.fixture(scope="module")
def tilt(helm: Helm) -> Tilt:
    made = Tilt(helm)
    made.evaluate()
    return made


def test_every_workload_of_the_chart_is_a_resource_under_the_name_of_its_component(tilt: Tilt) -> None:
    assert tilt.rendered
    workloads = {
        one["metadata"]["labels"]["app.kubernetes.io/component"]: one["metadata"]["name"]
        for one in tilt.rendered.of_kind("Deployment", "StatefulSet", "Job")
    }
    assert {name: workload for name, (workload, _) in tilt.resources().items()} == workloads
    assert workloads.keys() >= {service.pod for service in SERVICES}


def test_all_starts_in_the_order_database_migrations_services_gateway(tilt: Tilt) -> None:
    after = {name: set(named.get("resource_deps") or []) for name, (_, named) in tilt.resources().items()}
    assert after["migrate"] == {"postgresql"}
    services = {service.pod for service in SERVICES if service.prefixes}
    assert all(after[service] == {"migrate", "rabbitmq"} for service in services)
    assert after["api-gateway"] == services


def test_the_image_that_is_built_is_the_one_the_chart_runs_with_only_what_it_needs(tilt: Tilt) -> None:
    assert tilt.rendered
    (((image, context), named),) = tilt.calls["docker_build_with_restart"]
    images = {one["image"].rpartition(":")[0] for _, pod in tilt.rendered.pods() for one in pod["spec"]["containers"]}
    assert image in images
    assert context == "."
    assert f"AS {named['target']}\n" in (HOUSE / "Dockerfile").read_text()
    allowed = {line[1:] for line in (HOUSE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(named["only"]) == allowed
    assert named["entrypoint"] == ["ordering-platform"]


def test_changes_are_put_where_the_image_has_its_source(tilt: Tilt) -> None:
    moved = {words for words, _ in tilt.calls["sync"]}
    assert moved == {("ordering_platform", "/src/ordering_platform"), ("alembic", "/src/alembic")}
    dockerfile = (HOUSE / "Dockerfile").read_text()
    assert "WORKDIR /src" in dockerfile
    assert "PYTHONPATH=/src" in dockerfile


def test_the_secret_tilt_makes_is_the_one_the_chart_refers_to(tilt: Tilt) -> None:
    secret = yaml.safe_load(tilt.calls["k8s_yaml"][0][0][0])
    assert tilt.rendered
    volumes = dict(tilt.rendered.pods())["auth-service"]["spec"]["volumes"]
    (named,) = [volume["secret"] for volume in volumes if "secret" in volume]
    assert (named["secretName"], named["items"][0]["key"]) == (secret["metadata"]["name"], *secret["stringData"])


def test_the_pod_of_helm_test_is_not_started_with_the_rest(tilt: Tilt) -> None:
    (words, _named) = tilt.calls["k8s_yaml"][1]
    assert "Pod" not in {one["kind"] for one in yaml.load_all(words[0], yaml.CSafeLoader)}


def test_work_by_hand_is_there_and_waits_to_be_asked(tilt: Tilt) -> None:
    by_hand = {words[0]: named for words, named in tilt.calls["local_resource"]}
    assert by_hand.keys() >= {"tests", "lint", "migrations", "nameko-shell", "smoke", "chart-tests"}
    makefile = (HOUSE / "Makefile").read_text()
    for named in by_hand.values():
        assert (named["auto_init"], named["trigger_mode"]) == (False, "by hand")
        assert set(named["resource_deps"]) <= tilt.resources().keys()
        if named["cmd"][0] == "make":
            assert all(f"\n{target}:" in makefile for target in named["cmd"][1:])


def test_nothing_is_installed_in_a_cluster_that_is_not_on_this_machine(tilt: Tilt) -> None:
    (((contexts,), _),) = tilt.calls["allow_k8s_contexts"]
    assert all(re.match(r"(docker-desktop|kind-|k3d-|minikube|orbstack|rancher-desktop)", name) for name in contexts)
