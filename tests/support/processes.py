"""The platform as it runs in a restaurant: one process for each service, a real broker, a real database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Self

from ordering_platform.auth.keys import new_key_set
from ordering_platform.catalogue import SERVICES
from ordering_platform.runtime import migrations
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "ordering_platform.cli.main"]
READY_TIMEOUT = 60.0


class Processes:
    """Five processes with settings of their own; each can be killed, ended and started again by name."""

    def __init__(self, folder: Path, database_url: str, amqp_url: str, **settings: str) -> None:
        """Migrate and seed the database; nothing is started yet."""
        self.folder = folder
        self.ports = dict(zip((service.name for service in SERVICES), _free_ports(len(SERVICES)), strict=True))
        self.url = f"http://127.0.0.1:{self.ports['gateway']}"
        keys = folder / "signing-keys.json"
        keys.write_text(new_key_set())
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ORDERING_")},
            "DATABASE_URL": database_url,
            "AMQP_URL": amqp_url,
            "PUBLIC_URL": self.url,
            "JWKS_URL": f"http://127.0.0.1:{self.ports['auth']}/.well-known/jwks.json",
            "ORDERING_SIGNING_KEYS_FILE": str(keys),
            "ORDERING_PAYMENT_PROVIDERS": "cash,sandbox",
            "ORDERING_SANDBOX_WEBHOOK_SECRET": "a secret between the sandbox and us",
            "ORDERING_RATE_LIMITS": "off",
            "ORDERING_HTTP_HOST": "127.0.0.1",
            # The gateway says where its callers are; only it is believed.
            "ORDERING_TRUSTED_PROXIES": "127.0.0.1",
            "ORDERING_DRAIN_DELAY": "0.5",
            "ORDERING_HEARTBEAT": "5",
            **{f"ORDERING_{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in self.ports.items()},
            **settings,
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        migrations.upgrade(database_url)

    def command(self, *words: str) -> str:
        """Run the command line against this platform and give what it prints."""
        done = subprocess.run([*COMMAND, *words], env=self.environ, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, name: str) -> None:
        """Start one service; ``wait`` tells when it is ready."""
        environ = {**self.environ, "ORDERING_HTTP_PORT": str(self.ports[name])}
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*COMMAND, "serve", name], env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def log(self, name: str) -> Path:
        """Where a service writes its log, across its restarts."""
        return self.folder / f"{name}.log"

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """Give the process that runs a service just now."""
        return self._running[name]

    def wait(self, *names: str) -> None:
        """Return when these services (or all) say that they are ready."""
        for name in names or tuple(self.ports):
            until(lambda name=name: self._ready(name), timeout=READY_TIMEOUT, interval=0.05)  # type: ignore[misc]  # the loop's name is bound

    def kill(self, name: str) -> None:
        """End a service as a power cut would."""
        self._running[name].kill()
        self._running.pop(name).wait()

    def terminate(self, name: str) -> int:
        """Ask a service to stop and give its exit code."""
        self._running[name].send_signal(signal.SIGTERM)
        return self._running.pop(name).wait(timeout=30)

    def __enter__(self) -> Self:
        for name in self.ports:
            self.start(name)
        self.wait()
        return self

    def __exit__(self, *_exc: object) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _ready(self, name: str) -> bool:
        process = self._running[name]
        assert process.poll() is None, f"{name} exited with {process.returncode}: {self.log(name).read_text()[-4000:]}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/health/ready", timeout=2):
                return True
        except (OSError, urllib.error.URLError):
            return False


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
