"""The environment and the commands of the chart's pods, run as processes: roles, users, keys and settings suffice.

Addresses alone are others than in a cluster. What a container adds is not looked at here: files, rights, signals.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ordering_platform.catalogue import SERVICES
from ordering_platform.embedded.runner import free_port
from ordering_platform.runtime.database import driver_url
from tests.chart.rendering import PROFILES, Helm
from tests.chart.roles import run_script
from tests.chart.test_environment import environ_of
from tests.support import postgres, rabbitmq
from tests.support.processes import COMMAND, READY_TIMEOUT
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chart.rendering import Rendered

pytestmark = [pytest.mark.processes, pytest.mark.broker]

DEVELOPMENT = PROFILES[1]


class Pods:
    """The pods of a release, as processes of this machine."""

    def __init__(self, rendered: Rendered, folder: Path, database: str, broker_port: int) -> None:
        """Give each service a port of its own; nothing is started yet."""
        self.rendered = rendered
        self.ports = {service.name: free_port("127.0.0.1") for service in SERVICES}
        self._folder = folder
        self._database = driver_url(database)
        self._broker = f"127.0.0.1:{broker_port}"

    def environ(self, component: str) -> dict[str, str]:
        """Give a pod's environment with addresses of this machine."""
        given = environ_of(self.rendered, component)
        if "DATABASE_URL" in given:
            role = driver_url(given["DATABASE_URL"])
            here = self._database.set(drivername="postgresql", username=role.username, password=role.password)
            given["DATABASE_URL"] = here.render_as_string(hide_password=False)
        for name, value in given.items():
            given[name] = value.replace("op-rabbitmq.cafe.svc:5672", self._broker)
            for service in SERVICES:
                given[name] = given[name].replace(f"op-{service.pod}:8000", f"127.0.0.1:{self.ports[service.name]}")
        if "ORDERING_SIGNING_KEYS_FILE" in given:
            keys = self._folder / "signing-keys"
            keys.write_text(self.rendered.named("Secret", "signing-keys")["stringData"]["signing-keys"])
            given["ORDERING_SIGNING_KEYS_FILE"] = str(keys)
            given["JWKS_URL"] = given["JWKS_URL"].replace(":8000", f":{self.ports['auth']}")
        # All pods share one machine here, and callers come from its loopback.
        mine = {"ORDERING_HTTP_HOST": "127.0.0.1", "ORDERING_INTERNAL_PORT": "0", "PATH": os.environ["PATH"]}
        return {**given, **mine}

    def run(self, component: str, name: str = "") -> str:
        """Carry out what a container of a task would, and give what it says."""
        spec = dict(self.rendered.pods())[component]["spec"]
        found = {one["name"]: one for one in [*spec.get("initContainers", []), *spec["containers"]]}
        gateway = f"127.0.0.1:{self.ports['gateway']}"
        words = [word.replace("op-api-gateway:8000", gateway) for word in found[name or component]["args"]]
        environ = self.environ(component)
        done = subprocess.run([*COMMAND, *words], env=environ, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def start(self, service: str, pod: str) -> subprocess.Popen[bytes]:
        environ = {**self.environ(pod), "ORDERING_HTTP_PORT": str(self.ports[service])}
        with (self._folder / f"{service}.log").open("wb") as log:
            return subprocess.Popen([*COMMAND, "serve", service], env=environ, stdout=log, stderr=log)

    def ready(self, service: str) -> bool:
        url = f"http://127.0.0.1:{self.ports[service]}"
        return subprocess.run([*COMMAND, "healthcheck", url], check=False, capture_output=True).returncode == 0


@pytest.fixture
def pods(helm: Helm, postgres_url: str) -> Iterator[Pods]:
    rendered = helm.render(DEVELOPMENT)
    database = postgres.new_database(postgres_url, "in_pods")
    run_script(database, "1")
    with tempfile.TemporaryDirectory(prefix="op-pods-") as name:
        folder, node = Path(name), rabbitmq.shared_node()
        folder.chmod(0o755)
        definitions = folder / "definitions.json"
        definitions.write_text(rendered.named("Secret", "broker")["stringData"]["definitions.json"])
        node.control("import_definitions", str(definitions))
        made = Pods(rendered, folder, database, node.port)
        made.run("migrate")
        made.run("seed", "wait-for-database")
        made.run("seed", "seed")
        made.run("seed", "password")
        processes = [made.start(service.name, service.pod) for service in SERVICES]
        yield made
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def test_the_pods_of_the_chart_pass_what_helm_test_runs(pods: Pods) -> None:
    for service in SERVICES:
        until(partial(pods.ready, service.name), timeout=READY_TIMEOUT, interval=0.5)
    assert "all well" in pods.run("smoke")
