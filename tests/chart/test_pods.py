"""Every pod that may ever run keeps the rules of the restricted standard, and finds all it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.catalogue import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chart.rendering import Manifest, Rendered

SERVING = {service.pod for service in SERVICES}
STORES = {"postgresql", "rabbitmq"}


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def test_the_services_of_the_catalogue_are_those_of_the_chart(rendered: Rendered) -> None:
    found = {component for component, _ in rendered.pods()}
    assert found >= SERVING
    for kind in ("Deployment", "Service"):
        names = {
            one["metadata"]["name"].removeprefix(f"{rendered.profile.release[:40]}-") for one in rendered.of_kind(kind)
        }
        assert names - STORES - {"shell"} == SERVING


def test_a_service_is_served_by_the_command_of_its_name(rendered: Rendered) -> None:
    pods = dict(rendered.pods())
    for service in SERVICES:
        (container,) = pods[service.pod]["spec"]["containers"]
        assert container["args"] == ["serve", service.name]
        assert "command" not in container


def test_nobody_is_root_or_may_become_it(rendered: Rendered) -> None:
    for _, pod in rendered.pods():
        context = pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["runAsGroup"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert not own.keys() & {"privileged", "runAsUser", "runAsNonRoot", "seccompProfile"}


def test_the_file_system_is_read_only_unless_tilt_writes_to_it(rendered: Rendered) -> None:
    for component, pod in rendered.pods():
        ours = component not in STORES | {"backup"}
        for container in containers(pod):
            live = rendered.profile.name == "development" and ours
            assert container["securityContext"]["readOnlyRootFilesystem"] is not live
            assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]  # noqa: S108  the pod's own


def test_no_pod_speaks_with_kubernetes_or_is_told_of_its_neighbours(rendered: Rendered) -> None:
    for _, pod in rendered.pods():
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False
        assert not pod["spec"].keys() & {"hostNetwork", "hostPID", "hostIPC"}
        assert "hostPath" not in str(pod["spec"].get("volumes"))
    (account,) = rendered.of_kind("ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert rendered.of_kind("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding") == []


def test_every_container_says_what_it_needs(rendered: Rendered) -> None:
    for _, pod in rendered.pods():
        for container in containers(pod):
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert container["resources"]["limits"].keys() == {"memory"}, "a limit of the processor makes all slow"


def test_what_serves_is_probed(rendered: Rendered) -> None:
    for component, pod in rendered.pods():
        for container in pod["spec"]["containers"]:
            probes = container.keys() & {"startupProbe", "livenessProbe", "readinessProbe"}
            assert len(probes) == (3 if component in SERVING | STORES else 0)
            if component in SERVING:
                assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
                assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
                startup = container["startupProbe"]
                assert startup["periodSeconds"] * startup["failureThreshold"] == 120
                assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}


def test_there_is_time_to_finish_what_runs(rendered: Rendered) -> None:
    for component, pod in rendered.pods():
        if component in SERVING:
            # 5 s until all nodes know, and ORDERING_GRACE_PERIOD, 30 s, until a stop is forced.
            assert pod["spec"]["terminationGracePeriodSeconds"] >= 5 + 30
    for one in rendered.of_kind("Deployment"):
        if one["metadata"]["labels"]["app.kubernetes.io/component"] in SERVING:
            assert one["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_every_port_names_its_protocol_and_every_target_is_a_port(rendered: Rendered) -> None:
    pods = dict(rendered.pods())
    for pod in pods.values():
        for container in containers(pod):
            assert all(port["protocol"] == "TCP" for port in container.get("ports", []))
    for service in rendered.of_kind("Service"):
        pod = pods[service["spec"]["selector"]["app.kubernetes.io/component"]]
        assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        named = {port["name"] for container in containers(pod) for port in container.get("ports", [])}
        for port in service["spec"]["ports"]:
            assert port["protocol"] == "TCP"
            assert port["targetPort"] in named


def test_the_labels_that_select_pods_are_those_of_the_pods(rendered: Rendered) -> None:
    for one in rendered.of_kind("Deployment", "StatefulSet"):
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert "app.kubernetes.io/version" not in one["spec"]["selector"]["matchLabels"]


def references(pod: Manifest) -> Iterator[tuple[str, str, str | None]]:
    """Give the ConfigMaps and Secrets a pod cannot start without, with the key where one is named."""
    for container in containers(pod):
        for source in container.get("envFrom", []):
            yield "ConfigMap", source["configMapRef"]["name"], None
        for variable in container.get("env", []):
            if "valueFrom" in variable and not variable["valueFrom"]["secretKeyRef"].get("optional"):
                wanted = variable["valueFrom"]["secretKeyRef"]
                yield "Secret", wanted["name"], wanted["key"]
    for volume in pod["spec"].get("volumes", []):
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"], None
        if "secret" in volume:
            for item in volume["secret"]["items"]:
                yield "Secret", volume["secret"]["secretName"], item["key"]


# What the operator brings: named in the values of the profile, with the keys the handbook asks for.
OWN_SECRETS = {
    "ordering-database": {"owner-url", "auth-url", "order-url", "payment-url", "promotion-url"},
    "ordering-broker": {"auth-url", "order-url", "payment-url", "promotion-url"},
    "ordering-signing-keys": {"signing-keys"},
    "ordering-payments": {"sandbox-webhook-secret"},
    "smoke": {"email", "password"},
    "signingkeys": {"signing-keys"},
    "payments": {"sandbox-webhook-secret"},
}
OWN_SECRETS["my-database"] = OWN_SECRETS["ordering-database"]
OWN_SECRETS["my-broker"] = OWN_SECRETS["ordering-broker"]
BUNDLED = {f"{role}-password" for role in ("administrator", "owner", "auth", "order", "payment", "promotion")}
OWN_SECRETS["postgresql"] = OWN_SECRETS["ordering-database"] | BUNDLED
OWN_SECRETS["rabbitmq"] = OWN_SECRETS["ordering-broker"] | {"definitions.json"}


def test_every_reference_to_a_secret_or_settings_leads_somewhere(rendered: Rendered) -> None:
    made = {
        (one["kind"], one["metadata"]["name"]): set(one.get("stringData") or one.get("data") or {})
        for one in rendered.of_kind("ConfigMap", "Secret")
    }
    for component, pod in rendered.pods():
        for kind, name, key in references(pod):
            held = made.get((kind, name)) or OWN_SECRETS[name]
            assert key is None or key in held, f"{component}: {kind} {name} has no {key}"


def test_nothing_is_made_that_nobody_uses(rendered: Rendered) -> None:
    used = {(kind, name) for _, pod in rendered.pods() for kind, name, _ in references(pod)}
    made = {(one["kind"], one["metadata"]["name"]) for one in rendered.of_kind("ConfigMap", "Secret")}
    assert made <= used


def test_secrets_stay_when_the_release_goes_and_volumes_with_them(rendered: Rendered) -> None:
    for one in rendered.of_kind("Secret", "PersistentVolumeClaim"):
        assert one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    for one in rendered.of_kind("StatefulSet"):
        if one["spec"].get("volumeClaimTemplates"):
            assert one["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Retain"


def test_every_volume_is_mounted_and_every_mount_is_a_volume(rendered: Rendered) -> None:
    claims = {
        component: {claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])}
        for one in rendered.of_kind("StatefulSet")
        for component in [one["metadata"]["labels"]["app.kubernetes.io/component"]]
    }
    for component, pod in rendered.pods():
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])} | claims.get(component, set())
        assert {mount["name"] for one in containers(pod) for mount in one.get("volumeMounts", [])} == volumes


def test_more_than_one_pod_is_spread_and_protected(rendered: Rendered) -> None:
    budgets = {one["metadata"]["name"] for one in rendered.of_kind("PodDisruptionBudget")}
    scaled = {
        one["spec"]["scaleTargetRef"]["name"] for one in rendered.of_kind("HorizontalPodAutoscaler", "ScaledObject")
    }
    for one in rendered.of_kind("Deployment"):
        name = one["metadata"]["name"]
        assert ("replicas" in one["spec"]) is (name not in scaled), "an autoscaler alone counts the pods it scales"
        many = name in scaled or one["spec"]["replicas"] > 1
        assert (name in budgets) is many
        assert ("topologySpreadConstraints" in one["spec"]["template"]["spec"]) is many
