"""What may pass between pods is what the handbook's table says, seen from both ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.catalogue import SERVICES
from tests.chart.house import OPERATIONS
from tests.chart.rendering import ELSEWHERE, MONITORING, Helm, plain

if TYPE_CHECKING:
    from tests.chart.rendering import Manifest, Rendered

Way = tuple[str, str, int]

COMPONENT = "app.kubernetes.io/component"
ALL = plain(
    "all ways",
    {"seed": {"enabled": True}, "backup": {"enabled": True}, "shell": {"enabled": True}},
    {
        "networkPolicy": {
            "paymentProviders": ["203.0.113.0/24"],
            "brokerFrom": [MONITORING],
            "metricsFrom": [MONITORING],
        }
    },
)


def documented() -> set[Way]:
    """Give the ways between pods that the page lists; those from or to others are written otherwise."""
    rows = re.findall(r"^\| ([a-z-]+) \| ([a-z-]+) \| (\d+) \|", (OPERATIONS / "network.md").read_text(), re.MULTILINE)
    return {(source, target, int(port)) for source, target, port in rows}


def component(selector: Manifest) -> str:
    assert "app.kubernetes.io/instance" in selector["matchLabels"]
    return str(selector["matchLabels"][COMPONENT])


def policies(rendered: Rendered) -> dict[str, Manifest]:
    found = rendered.of_kind("NetworkPolicy")
    return {
        component(one["spec"]["podSelector"]): one["spec"]
        for one in found
        if COMPONENT in one["spec"]["podSelector"]["matchLabels"]
    }


def rules(spec: Manifest, direction: str, end: str) -> list[tuple[Any, int]]:
    """Give each peer of each rule with the port; no peer means anybody."""
    return [
        (peer, port["port"])
        for rule in spec.get(direction) or []
        for peer in rule.get(end) or [None]
        for port in rule["ports"]
    ]


def ways(rendered: Rendered, direction: str) -> set[Way]:
    """Give the ways between pods as one end sees them."""
    end = "to" if direction == "egress" else "from"
    found = set()
    for name, spec in policies(rendered).items():
        for peer, port in rules(spec, direction, end):
            if peer and "podSelector" in peer:
                other = component(peer["podSelector"])
                found.add((name, other, port) if direction == "egress" else (other, name, port))
    return found


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_the_handbook_lists_exactly_the_ways_there_are(helm: Helm, direction: str) -> None:
    assert ways(helm.render(ALL), direction) == documented()


def test_both_ends_agree_in_every_profile(rendered: Rendered) -> None:
    assert ways(rendered, "egress") == ways(rendered, "ingress") <= documented()


def test_every_pod_has_a_policy_and_what_none_opens_is_closed(rendered: Rendered) -> None:
    if rendered.profile.name == "without policies":
        assert rendered.of_kind("NetworkPolicy") == []
        return
    assert set(policies(rendered)) == {name for name, _ in rendered.pods()}
    closed = rendered.named("NetworkPolicy", "default-deny")["spec"]
    assert closed["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in closed
    assert [[port["port"] for port in rule["ports"]] for rule in closed["egress"]] == [[53, 53]]
    for _, pod in rendered.pods():
        assert closed["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def test_only_the_gateway_is_open_to_others(helm: Helm) -> None:
    open_to_anybody = {
        (name, port)
        for name, spec in policies(helm.render(plain("bare"))).items()
        for peer, port in rules(spec, "ingress", "from")
        if peer is None
    }
    assert open_to_anybody == {("api-gateway", 8000)}


def test_what_others_may_reach_is_what_the_values_name(helm: Helm) -> None:
    named = {
        (name, port)
        for name, spec in policies(helm.render(ALL)).items()
        for peer, port in rules(spec, "ingress", "from")
        if peer == MONITORING
    }
    assert named == {(service.pod, 9090) for service in SERVICES} | {("rabbitmq", 5672)}


def test_only_payment_reaches_the_internet_and_only_where_it_is_told_to(helm: Helm) -> None:
    outside = [
        (name, peer["ipBlock"]["cidr"], port)
        for name, spec in policies(helm.render(ALL)).items()
        for peer, port in rules(spec, "egress", "to")
        if "ipBlock" in peer
    ]
    assert outside == [("payment-service", "203.0.113.0/24", 443)]


def test_a_database_and_a_broker_elsewhere_are_reached_where_they_are(helm: Helm) -> None:
    rendered = helm.render(plain("elsewhere and nothing else", ELSEWHERE))
    reached = {
        (name, peer["ipBlock"]["cidr"], port)
        for name, spec in policies(rendered).items()
        for peer, port in rules(spec, "egress", "to")
        if "ipBlock" in peer
    }
    database = {(name, "192.0.2.0/24", 6432) for name, to, _ in documented() if to == "postgresql"}
    broker = {(name, "198.51.100.7/32", 5671) for name, to, _ in documented() if to == "rabbitmq"}
    present = {name for name, _ in rendered.pods()}
    assert reached == {way for way in database | broker if way[0] in present}
