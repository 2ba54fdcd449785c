"""What a pod is given by its environment is what the program reads, no more and no less."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.auth.keys import read_key_set
from ordering_platform.catalogue import SERVICES
from ordering_platform.runtime import config
from ordering_platform.runtime.addresses import Proxies
from ordering_platform.runtime.database import driver_url
from tests.chart import generated
from tests.chart.house import CHART
from tests.chart.rendering import PLAIN, PROFILES, Helm, Profile, Rendered, plain

if TYPE_CHECKING:
    from ordering_platform.catalogue import Service
    from tests.chart.rendering import Manifest

ALL_SETTINGS = {setting.metadata["env"] for setting in fields(config.Settings)}


def environ_of(rendered: Rendered, component: str) -> dict[str, str]:
    """Give the environment of a pod as Kubernetes would make it."""
    held: dict[tuple[str, str], Manifest] = {
        (one["kind"], one["metadata"]["name"]): one.get("stringData") or one["data"]
        for one in rendered.of_kind("ConfigMap", "Secret")
    }
    container = dict(rendered.pods())[component]["spec"]["containers"][0]
    environ: dict[str, str] = {}
    for source in container["envFrom"]:
        environ |= held["ConfigMap", source["configMapRef"]["name"]]
    for variable in container.get("env", []):
        if "value" in variable:
            environ[variable["name"]] = variable["value"]
        else:
            wanted = variable["valueFrom"]["secretKeyRef"]
            secret = held.get(("Secret", wanted["name"]), {})
            if wanted.get("optional") and wanted["key"] not in secret:
                continue
            environ[variable["name"]] = secret.get(wanted["key"], f"amqp://{wanted['name']}")
    return environ


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_gets_settings_it_can_start_with(helm: Helm, service: Service) -> None:
    environ = environ_of(helm.render(PLAIN), service.pod)
    assert environ.keys() <= ALL_SETTINGS
    spared = {} if service.schema else {"database_url": "", "amqp_url": ""}
    settings = config.load(environ, **spared)
    assert (settings.http_port, settings.internal_port, settings.public_url) == (8000, 9090, "https://orders.example")


def test_the_ways_to_pay_and_their_secrets_are_told_to_payment_alone(helm: Helm) -> None:
    values = {"settings": {"ORDERING_PAYMENT_PROVIDERS": "stripe"}, "payments": {"existingSecret": "mine"}}
    rendered = helm.render(plain("stripe", values, {"networkPolicy": {"paymentProviders": ["0.0.0.0/0"]}}))
    secrets = {setting.metadata["env"] for setting in fields(config.Settings) if setting.metadata["secret"]}
    for service in SERVICES:
        variables = dict(rendered.pods())[service.pod]["spec"]["containers"][0].get("env", [])
        told = {one["name"] for one in variables} & secrets - {"DATABASE_URL", "AMQP_URL"}
        paying = service.name == "payment"
        assert told == (secrets - {"DATABASE_URL", "AMQP_URL"} if paying else set())
        assert ("ORDERING_PAYMENT_PROVIDERS" in environ_of(rendered, service.pod)) is paying


def test_the_public_door_holds_no_secret(rendered: Rendered) -> None:
    gateway = dict(rendered.pods())["api-gateway"]["spec"]
    assert "initContainers" not in gateway
    assert "secretKeyRef" not in str(gateway)
    assert [volume["name"] for volume in gateway["volumes"]] == ["tmp"]


def test_only_auth_holds_the_signing_keys(rendered: Rendered) -> None:
    holders = {component for component, pod in rendered.pods() if "signing-keys" in str(pod["spec"].get("volumes"))}
    assert holders == {"auth-service"}


def test_each_service_has_a_role_and_a_user_of_its_own(helm: Helm) -> None:
    rendered = helm.render(PLAIN)
    for service in SERVICES:
        if service.schema:
            environ = environ_of(rendered, service.pod)
            database, broker = driver_url(environ["DATABASE_URL"]), sa.make_url(environ["AMQP_URL"])
            assert (database.username, database.host, database.database) == (
                f"ordering_{service.name}",
                "op-postgresql.cafe.svc",
                "ordering",
            )
            # By this name the services know who calls them.
            assert (broker.username, broker.host) == (service.name, "op-rabbitmq.cafe.svc")


def test_all_passwords_differ_and_are_long(helm: Helm) -> None:
    held = [one["stringData"] for one in helm.render(PLAIN).of_kind("Secret")]
    passwords = [value for data in held for key, value in data.items() if key.endswith("-password")]
    assert len(set(passwords)) == len(passwords) == 6 + 4
    assert min(map(len, passwords)) >= 32


def test_the_users_of_the_broker_come_with_their_passwords_and_reach_only_their_queues(helm: Helm) -> None:
    data = helm.render(PLAIN).named("Secret", "broker")["stringData"]
    definitions = json.loads(data["definitions.json"])
    assert {user["name"]: user["password"] for user in definitions["users"]} == {
        name: data[f"{name}-password"] for name in ("auth", "order", "payment", "promotion")
    }
    for given in definitions["permissions"]:
        assert {given[kind] for kind in ("configure", "write", "read")} == {
            f"^(nameko-rpc|rpc-{given['user']}|rpc\\.reply-.*)$"
        }


def test_the_key_that_helm_makes_is_one_that_auth_can_sign_with(helm: Helm) -> None:
    keys = helm.render(PLAIN).named("Secret", "signing-keys")["stringData"]["signing-keys"]
    assert len(read_key_set(keys).keys) == 1


def test_services_believe_the_gateway_and_the_gateway_the_ingress(rendered: Rendered) -> None:
    for service in SERVICES:
        believed = environ_of(rendered, service.pod).get("ORDERING_TRUSTED_PROXIES", "")
        Proxies(believed.split(",") if believed else [])
        assert bool(believed) is (service.name != "gateway" or bool(rendered.of_kind("Ingress", "HTTPRoute")))


def test_settings_are_for_all_or_for_one_and_those_for_one_win(helm: Helm) -> None:
    rendered = helm.render(
        plain(
            "settings",
            {"settings": {"ORDERING_LOG_LEVEL": "debug", "ORDERING_RATE_LIMITS": False}},
            {"services": {"order": {"settings": {"ORDERING_LOG_LEVEL": "error"}, "pool": {"size": 7, "overflow": 0}}}},
        )
    )
    auth, order = (config.load(environ_of(rendered, f"{name}-service")) for name in ("auth", "order"))
    assert (auth.log_level, order.log_level, order.rate_limits) == ("debug", "error", False)
    assert (auth.db_pool_size, order.db_pool_size, order.db_pool_overflow) == (5, 7, 0)


def test_what_the_chart_does_not_wire_may_be_set() -> None:
    assert (CHART / "values.schema.json").read_text() == generated.schema(), generated.__doc__


def test_a_change_of_settings_restarts_the_pods_and_a_change_of_values_the_migrations(helm: Helm) -> None:
    def marks(profile: Profile) -> tuple[str, str]:
        rendered = helm.fresh(profile)
        deployment = rendered.named("Deployment", "order-service")
        (job,) = rendered.of_kind("Job")
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        return annotations["checksum/settings"], job["metadata"]["name"]

    settings, job = marks(PLAIN)
    assert marks(plain("x", {"settings": {"ORDERING_LOG_LEVEL": "debug"}})) != (settings, job)
    assert marks(plain("x", {"settings": {"ORDERING_LOG_LEVEL": "debug"}}))[1] == job
    assert marks(plain("x", {"image": {"tag": "2"}}))[1] != job
    assert marks(plain("x", {"migrations": {"rerun": "again"}}))[1] != job


def test_helm_test_walks_the_visit_where_it_is_told_how_and_asks_for_readiness_elsewhere(helm: Helm) -> None:
    def words(profile: Profile) -> tuple[list[str], set[str]]:
        container = dict(helm.render(profile).pods())["smoke"]["spec"]["containers"][0]
        return container["args"], {variable["name"] for variable in container.get("env", [])}

    url = "http://op-api-gateway:8000"
    assert words(PLAIN) == (["healthcheck", url], set())
    development = words(PROFILES[1])
    assert development == (["smoke", url, "--code", "WELCOME10"], {"ORDERING_STAFF", "ORDERING_PASSWORD"})
    assert words(plain("table", {"smoke": {"table": "abc"}})) == (["smoke", url, "--code", ""], {"ORDERING_TABLE"})
