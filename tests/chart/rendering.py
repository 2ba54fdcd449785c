"""The chart as Helm renders it, and the profiles in which every check sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import yaml

from tests.chart.house import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator

Manifest = dict[str, Any]

HOST = {"ingress": {"enabled": True, "host": "orders.example"}}
PROXIES = {"services": {"gateway": {"trustedProxies": ["10.244.0.0/16"]}}}
ELSEWHERE = {
    "postgresql": {"enabled": False},
    "externalDatabase": {"existingSecret": "my-database", "port": 6432, "networks": ["192.0.2.0/24"]},
    "rabbitmq": {"enabled": False},
    "externalBroker": {"existingSecret": "my-broker", "port": 5671, "networks": ["198.51.100.7/32"]},
}
SCALING = {
    name: {"autoscaling": {"enabled": True, "maxReplicas": 2}, "pool": {"size": 2, "overflow": 3}}
    for name in ("auth", "order", "payment", "promotion")
}
QUEUES = {
    name: {**values, "autoscaling": {**values["autoscaling"], "queueLength": 20}} for name, values in SCALING.items()
}
MONITORING = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
EVERYTHING_ELSE = {
    "image": {"digest": "sha256:" + "a" * 64, "pullSecrets": ["registry"]},
    "pod": {
        "labels": {"team": "floor"},
        "annotations": {"note": "x"},
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "only", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "shop",
        "serviceAccountAnnotations": {"note": "x"},
    },
    "service": {"type": "LoadBalancer", "annotations": {"note": "x"}},
    "settings": {"ORDERING_MAX_WORKERS": 32, "ORDERING_RATE_LIMITS": False},
    "networkPolicy": {"paymentProviders": ["203.0.113.0/24"], "brokerFrom": [MONITORING], "metricsFrom": [MONITORING]},
    "postgresql": {"storageClass": "fast"},
    "backup": {"enabled": True, "storageClass": "slow"},
}


@dataclass(frozen=True)
class Profile:
    """A way in which somebody would install the chart."""

    name: str
    values: Manifest = field(default_factory=dict)
    files: tuple[str, ...] = ()
    release: str = "op"


PLAIN = Profile("plain", {"publicUrl": "https://orders.example"})


def plain(name: str, *layers: Manifest, release: str = "op") -> Profile:
    values: Manifest = {"publicUrl": "https://orders.example"}
    for layer in layers:
        values = {**values, **layer}
    return Profile(name, values, release=release)


PROFILES = (
    PLAIN,
    Profile("development", files=("values-dev.yaml",)),
    Profile("production", files=("values-production.yaml",)),
    Profile("production and everybody", {"shell": {"enabled": True}}, files=("values-production.yaml",)),
    Profile("ingress", {**HOST, **PROXIES}),
    Profile(
        "ingress with a certificate", {"ingress": {**HOST["ingress"], "tlsSecret": "tls", "className": "x"}, **PROXIES}
    ),
    Profile(
        "route", {"httpRoute": {"enabled": True, "hostnames": ["o.example"], "parentRefs": [{"name": "g"}]}, **PROXIES}
    ),
    plain("elsewhere", ELSEWHERE),
    plain(
        "own secrets",
        {
            name: {"existingSecret": name.lower()}
            for name in ("signingKeys", "payments", "smoke", "rabbitmq", "postgresql")
        },
    ),
    plain("scaling", {"services": SCALING}),
    plain("scaling by queues", {"services": QUEUES}),
    plain("without policies", {"networkPolicy": {"enabled": False}}),
    plain(
        "watched",
        {
            "metrics": {
                "podMonitor": {"enabled": True, "labels": {"x": "y"}},
                "rules": {"enabled": True, "labels": {"x": "y"}},
            }
        },
        {"networkPolicy": {"metricsFrom": [MONITORING]}},
    ),
    plain("backup to a volume of mine", {"backup": {"enabled": True, "existingClaim": "mine"}}),
    plain("demo", {"seed": {"enabled": True}, "shell": {"enabled": True}, "smoke": {"table": "abc"}}),
    plain("everything else", EVERYTHING_ELSE),
    plain("a long name", release="the-longest-name-that-helm-lets-a-release-bear-53-chars"[:53]),
)


@dataclass(frozen=True)
class Rendered:
    """What Helm made of a profile."""

    profile: Profile
    files: dict[str, str]
    notes: str
    manifests: tuple[Manifest, ...]

    def of_kind(self, *kinds: str) -> list[Manifest]:
        return [one for one in self.manifests if one["kind"] in kinds]

    def named(self, kind: str, name: str) -> Manifest:
        wanted = f"{self.profile.release[:40]}-{name}"
        (found,) = [one for one in self.of_kind(kind) if one["metadata"]["name"] == wanted]
        return found

    def pods(self) -> Iterator[tuple[str, Manifest]]:
        """Give every pod that may ever run: its component, and its template."""
        for one in self.manifests:
            spec = one.get("spec", {})
            template = one if one["kind"] == "Pod" else spec.get("jobTemplate", {}).get("spec", spec).get("template")
            if template:
                yield template["metadata"]["labels"]["app.kubernetes.io/component"], template


class Refused(Exception):
    """Helm would not render these values."""


class Helm:
    """Helm, which renders as often as it is asked."""

    def __init__(self) -> None:
        words = [sys.executable, str(CHART.parents[1] / "tests" / "chart" / "renderer.py"), str(CHART)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._held: dict[str, Rendered] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def lint(self, profile: Profile) -> list[Any]:
        return list(self._ask("lint", profile)["messages"])

    def render(self, profile: Profile) -> Rendered:
        """Render, once for each profile; raises Refused."""
        if profile.name not in self._held:
            self._held[profile.name] = self.fresh(profile)
        return self._held[profile.name]

    def fresh(self, profile: Profile) -> Rendered:
        """Render anew; raises Refused."""
        answer = self._ask("render", profile)
        if "refused" in answer:
            raise Refused(answer["refused"])
        manifests = [one for text in answer["files"].values() for one in yaml.load_all(text, yaml.CSafeLoader) if one]
        return Rendered(profile, answer["files"], answer["notes"], tuple(manifests))

    def _ask(self, do: str, profile: Profile) -> Manifest:
        assert self._process.stdin
        assert self._process.stdout
        asked = {"do": do, "values": profile.values, "files": profile.files, "release": profile.release}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: Manifest = json.loads(self._process.stdout.readline())
        return answer
