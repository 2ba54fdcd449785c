"""Every way of installing the chart renders, and is what Kubernetes accepts."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from referencing import Registry, Resource

from tests.chart.rendering import PLAIN, PROFILES, Helm, Rendered

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

KUBERNETES = ("1.30", "1.34", "1.37")
# Not Kubernetes' own: what they look like is checked below, as far as we use them.
FOREIGN = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "HTTPRoute", "ScaledObject", "TriggerAuthentication"}


@cache
def definitions_of(version: str) -> tuple[Traversable, Registry[Any]]:
    """Give the strict schemas by which an API server of this version validates."""
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    shared = Resource.from_contents(json.loads((folder / "_definitions.json").read_text()))
    return folder, shared @ Registry()


@cache
def schema_of(version: str, kind: str, api_version: str) -> Any:
    folder, shared = definitions_of(version)
    group, _, name = api_version.rpartition("/")
    file = "-".join(part for part in (kind.lower(), group.partition(".")[0], name) if part) + ".json"
    schema = json.loads((folder / file).read_text())
    return jsonschema.Draft202012Validator(schema, registry=Resource.from_contents(schema) @ shared)


@cache
def faults_of(version: str, manifest: str) -> list[str]:
    """Say what that version would refuse; most profiles share most objects, and each is looked at once."""
    one = json.loads(manifest)
    faults = schema_of(version, one["kind"], one["apiVersion"]).iter_errors(one)
    return [f"{one['kind']} {one['metadata']['name']}: {fault.message}" for fault in faults]


def test_there_are_many_ways_and_each_has_a_name_of_its_own() -> None:
    assert len({profile.name for profile in PROFILES}) == len(PROFILES) >= 12


@pytest.mark.parametrize("profile", PROFILES[:3], ids=lambda profile: profile.name)
def test_helm_finds_nothing_to_criticise(helm: Helm, profile: Any) -> None:
    assert helm.lint(profile) == []


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_accepts_every_object(rendered: Rendered, version: str) -> None:
    for one in rendered.manifests:
        if one["kind"] not in FOREIGN:
            assert faults_of(version, json.dumps(one)) == []


def test_every_object_has_a_name_of_its_own_and_is_in_the_namespace_of_the_release(rendered: Rendered) -> None:
    named = [(one["kind"], one["metadata"]["name"]) for one in rendered.manifests]
    assert len(set(named)) == len(named)
    for one in rendered.manifests:
        assert one["metadata"]["namespace"] == "cafe"
        assert one["metadata"]["name"].startswith(rendered.profile.release[:40])
        assert len(one["metadata"]["name"]) <= 63
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == rendered.profile.release


def test_no_template_leaves_a_value_out(rendered: Rendered) -> None:
    for name, text in {**rendered.files, "NOTES": rendered.notes}.items():
        assert "<no value>" not in text, name
        assert "%!" not in text, name
        assert "map[" not in text, name


def test_the_same_values_give_the_same_objects_but_for_what_is_secret(helm: Helm) -> None:
    first, second = helm.fresh(PLAIN), helm.fresh(PLAIN)
    differing = {one["kind"] for one, other in zip(first.manifests, second.manifests, strict=True) if one != other}
    assert differing == {"Secret"}


def test_development_is_the_same_each_time_but_for_the_keys_that_tilt_brings(helm: Helm) -> None:
    first, second = helm.fresh(PROFILES[1]), helm.fresh(PROFILES[1])
    differing = [
        one["metadata"]["name"] for one, other in zip(first.manifests, second.manifests, strict=True) if one != other
    ]
    assert differing == ["op-signing-keys"]
