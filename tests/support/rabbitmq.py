"""A private RabbitMQ node: own ports, own data in a folder of its own, killed and frozen at will."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.waiting import until

# Debian's /usr/sbin/rabbitmq-server insists on the user rabbitmq; the script behind it runs as anybody.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONTROL = SERVER.with_name("rabbitmqctl")
WITHOUT = "ORDERING_TESTS_WITHOUT_RABBITMQ"
START_TIMEOUT = 60.0


class RabbitNode:
    """One broker process; ``url`` is the same across restarts."""

    def __init__(self, users: tuple[str, ...] = (), vhosts: tuple[str, ...] = ()) -> None:
        """Prepare a node with ``guest`` and further users, all-powerful on each vhost."""
        _require_server()
        self.folder = Path(tempfile.mkdtemp(prefix="op-rabbit-"))
        self.port, tls_port, dist_port, epmd_port = _free_ports(4)
        self.url = self.url_of("/")
        self.tls_url = f"amqps://guest:guest@127.0.0.1:{tls_port}/%2F"
        self.ca_file = self.folder / "certificate.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: subprocess.Popen[bytes] | None = None
        self._environ = _environment(self.folder, self.port, dist_port, epmd_port)
        _write_certificate(self.ca_file, self.folder / "key.pem")
        _write_configuration(self.folder, tls_port)
        _write_definitions(self.folder, ("guest", *users), ("/", *vhosts))

    def url_of(self, vhost: str, user: str = "guest") -> str:
        """Give the address of a vhost for a user, whose password is the name."""
        return f"amqp://{user}:{user}@127.0.0.1:{self.port}/{'%2F' if vhost == '/' else vhost}"

    @property
    def pid(self) -> int:
        """The process of the running node."""
        assert self._process is not None, "the node is not running"
        return self._process.pid

    def start(self) -> None:
        """Start the node and wait until it speaks AMQP."""
        if self._ports is None:
            # Erlang would start its port mapper as a daemon that outlives the node; this one is ours to end.
            self._ports = self._run("epmd")
        self._process = self._run(SERVER)
        until(self._speaks_amqp, timeout=START_TIMEOUT, interval=0.1)

    def kill(self) -> None:
        """End the node as a power cut would."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let the node fall silent while its sockets stay open; on a busy machine its threads stop one by one."""
        self._signal(signal.SIGSTOP)
        until(self._stands_still)

    def thaw(self) -> None:
        """Let a frozen node go on."""
        self._signal(signal.SIGCONT)

    def _stands_still(self) -> bool:
        assert self._process is not None
        group = subprocess.run(
            ["ps", "-L", "-o", "stat=", "-g", str(self._process.pid)], check=True, capture_output=True, text=True
        )
        states = group.stdout.split()
        return bool(states) and all(state[0] in "TtZ" for state in states)

    def control(self, *words: str) -> None:
        """Run rabbitmqctl against this node."""
        subprocess.run([CONTROL, *words], env=self._environ, check=True, capture_output=True)

    def restore(self) -> None:
        """Have the node run, whatever a test did to it."""
        if self._process is None:
            self.start()
        else:
            self.thaw()

    def stop(self) -> None:
        """End the node and remove its data."""
        self.kill()
        if self._ports is not None:
            self._ports.kill()
            self._ports.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _run(self, program: Path | str) -> subprocess.Popen[bytes]:
        with (self.folder / "output.log").open("ab") as output:
            return subprocess.Popen(
                [program],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "the node is not running"
        os.killpg(self._process.pid, number)

    def _speaks_amqp(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "output.log").read_text()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(connection.recv(1))
        except OSError:
            return False


@cache
def shared_node() -> RabbitNode:
    """Give the node that tests share; who hurts it has it restored. It ends with the test process."""
    node = RabbitNode(users=SERVICE_USERS)
    atexit.register(node.stop)
    node.start()
    return node


SERVICE_USERS = ("teller", "vault", "stranger")


def _require_server() -> None:
    if SERVER.exists():
        return
    if os.environ.get(WITHOUT):
        pytest.skip(f"RabbitMQ is not installed and {WITHOUT} is set")
    pytest.fail(f"RabbitMQ is not installed: apt-get install rabbitmq-server, or set {WITHOUT}=1 to go without")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def _environment(folder: Path, port: int, dist_port: int, epmd_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": f"op{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none",
    }


def _write_definitions(folder: Path, users: tuple[str, ...], vhosts: tuple[str, ...]) -> None:
    full = {"configure": ".*", "write": ".*", "read": ".*"}
    definitions = {
        "users": [{"name": user, "password": user, "tags": ""} for user in users],
        "vhosts": [{"name": vhost} for vhost in vhosts],
        "permissions": [{"user": user, "vhost": vhost, **full} for user in users for vhost in vhosts],
    }
    (folder / "definitions.json").write_text(json.dumps(definitions))


def _write_configuration(folder: Path, tls_port: int) -> None:
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text(
        f"load_definitions = {folder}/definitions.json\n"
        f"listeners.ssl.default = 127.0.0.1:{tls_port}\n"
        f"ssl_options.cacertfile = {folder}/certificate.pem\n"
        f"ssl_options.certfile = {folder}/certificate.pem\n"
        f"ssl_options.keyfile = {folder}/key.pem\n"
        "ssl_options.verify = verify_none\n"
    )


def _write_certificate(certificate: Path, key: Path) -> None:
    """Write a certificate for 127.0.0.1 that vouches for itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
