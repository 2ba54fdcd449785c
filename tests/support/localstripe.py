"""Stripe for the tests: localstripe as a process of its own, and a desk before it that adds what it lacks.

localstripe keeps no idempotency keys, finds no payments by their time, gives back more than was taken and does not say
what was received; the desk does, as Stripe's reference describes it. On the way it loses, delays or falsifies answers.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from eventlet.queue import LightQueue
from eventlet.semaphore import Semaphore

from tests.support.answering import answering, whole
from tests.support.waiting import until

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

KEY = "sk_test_of_the_tests"
# It is imported only there: its licence is the GPL. It would keep its books in a file all runs share.
_SERVE = """
import socket, sys
from aiohttp import web
from localstripe import resources
from localstripe.server import app
resources.Store.dump_to_disk = lambda self: None
sock = socket.socket()
sock.bind(("127.0.0.1", 0))
print(sock.getsockname()[1], flush=True)
web.run_app(app, sock=sock, access_log=None, print=None)
"""
INTENTS = "/v1/payment_intents"


@contextmanager
def localstripe() -> Iterator[int]:
    """Run localstripe for the length of a block and give its port."""
    words = [sys.executable, "-W", "ignore", "-c", _SERVE]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            until(lambda: _is_up(port), timeout=30.0)
            yield port
        finally:
            process.kill()


def _is_up(port: int) -> bool:
    try:
        return ask(port, "GET", INTENTS)[0] == http.client.OK
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    """Ask localstripe itself and give status and JSON."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    head = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
    line.request(method, path, body, head)
    answer = line.getresponse()
    raw = answer.read()
    line.close()
    return answer.status, json.loads(raw) if raw else {}


@dataclass
class Asked:
    """A request as it reached the desk."""

    method: str
    path: str
    query: dict[str, str]
    head: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields it has sent."""
        return dict(parse_qsl(self.body.decode()))

    def is_for(self, prefix: str) -> bool:
        """Whether this is ``METHOD /path…``."""
        return f"{self.method} {self.path}".startswith(prefix)


@dataclass
class Fault:
    """What happens once to the next request of a kind: ``alter`` gets the answer, None hangs up instead of it."""

    prefix: str
    alter: Callable[[int, Any], tuple[int, Any] | None]
    arrives: bool = True


@dataclass
class Desk:
    """Stands before localstripe."""

    port: int
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # Held while a test wants answers to take their time.
    open: Semaphore = field(default_factory=lambda: Semaphore(1))
    _keys: dict[str, tuple[object, tuple[int, Any] | None]] = field(default_factory=dict)
    _received: dict[str, int] = field(default_factory=dict)
    _returned: dict[str, int] = field(default_factory=dict)

    def lose_next(self, prefix: str) -> None:
        """Let the next request of a kind arrive, and its answer not."""
        self.faults.append(Fault(prefix, lambda *_: None))

    def answer_next(self, prefix: str, status: int, error: dict[str, Any] | None = None) -> None:
        """Turn the next request of a kind away with a status."""
        self.faults.append(Fault(prefix, lambda *_: (status, {"error": error or {}}), arrives=False))

    def falsify_next(self, prefix: str, **fields: Any) -> None:
        """Answer the next request of a kind with other values in it."""
        self.faults.append(Fault(prefix, lambda status, answer: (status, {**answer, **fields})))

    def count(self, prefix: str) -> int:
        """Give how many requests of a kind have come."""
        return sum(one.is_for(prefix) for one in self.asked)

    def serve(self, sock: socket.socket, request: bytes) -> bool:
        """Answer one request."""
        asked = _read(request)
        self.asked.append(asked)
        with self.open:
            pass
        fault = next((one for one in self.faults if asked.is_for(one.prefix)), None)
        if fault is not None:
            self.faults.remove(fault)
        answer: tuple[int, Any] | None = (0, {})
        if fault is None or fault.arrives:
            answer = self._with_key(asked)
        if fault is not None:
            answer = fault.alter(*answer) if answer is not None else None
        if answer is None:
            return False
        status, document = answer
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        sock.sendall(whole(raw, f"{status} -", "Content-Type: application/json"))
        return True

    def _with_key(self, asked: Asked) -> tuple[int, Any]:
        """Do what was asked once for each key, as Stripe does; the same key for something else is refused."""
        key = asked.head.get("idempotency-key")
        if key is None:
            return self._forward(asked)
        wanted = (asked.path, asked.body)
        known, answer = self._keys.get(key, (wanted, None))
        if known != wanted:
            return 400, {"error": {"type": "idempotency_error", "message": "The key is used for something else."}}
        if key in self._keys:
            return answer or (409, {"error": {"code": "idempotency_key_in_use", "message": "It is being worked on."}})
        self._keys[key] = (wanted, None)
        answer = self._forward(asked)
        self._keys[key] = (wanted, answer)
        return answer

    def _forward(self, asked: Asked) -> tuple[int, Any]:
        if asked.is_for("POST /v1/refunds"):
            return self._refund(asked)
        query = "&".join(f"{name}={value}" for name, value in asked.query.items() if not name.startswith("created"))
        status, answer = ask(self.port, asked.method, f"{asked.path}?{query}" if query else asked.path, asked.body)
        if status == http.client.OK and asked.path.endswith("/capture"):
            self._received[answer["id"]] = int(asked.form.get("amount_to_capture", answer["amount"]))
        if answer.get("object") == "list":
            answer["data"] = [self._told(one) for one in answer["data"] if _in_window(one, asked.query)]
        return status, self._told(answer)

    def _refund(self, asked: Asked) -> tuple[int, Any]:
        intent, amount = asked.form["payment_intent"], int(asked.form["amount"])
        _, paid = ask(self.port, "GET", f"{INTENTS}/{intent}")
        left = self._told(paid).get("amount_received", 0) - self._returned.get(intent, 0)
        if amount > left:
            error = {"type": "invalid_request_error", "message": "It is more than is left.", "code": "amount_too_large"}
            return 400, {"error": error}
        self._returned[intent] = self._returned.get(intent, 0) + amount
        return ask(self.port, "POST", asked.path, asked.body)

    def _told(self, answer: dict[str, Any]) -> dict[str, Any]:
        if answer.get("object") == "payment_intent":
            succeeded = answer["status"] == "succeeded"
            answer["amount_received"] = self._received.get(answer["id"], answer["amount"]) if succeeded else 0
        return answer


def _in_window(one: dict[str, Any], query: dict[str, str]) -> bool:
    made = int(one["created"])
    return int(query.get("created[gte]", made)) <= made <= int(query.get("created[lte]", made))


def _read(request: bytes) -> Asked:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    pairs = (line.partition(":")[::2] for line in lines)
    return Asked(method, parts.path, query, {name.lower(): value.strip() for name, value in pairs}, body)


@contextmanager
def desk(port: int) -> Iterator[Desk]:
    """Open the desk before a localstripe that runs."""
    with ExitStack() as stack:
        front = Desk(port)
        front.url = stack.enter_context(answering(front.serve)).url
        yield front


@contextmanager
def listening(port: int, secret: str) -> Iterator[LightQueue]:
    """Let localstripe send its messages here for the length of a block; gives headers and body of each.

    Those of earlier requests may still be on their way.
    """
    messages = LightQueue()

    def take(sock: socket.socket, request: bytes) -> None:
        message = _read(request)
        sock.sendall(whole(b"{}"))
        messages.put((message.head, message.body))

    with answering(take) as inbox:
        form = urlencode({"url": inbox.url, "secret": secret})
        ask(port, "POST", "/_config/webhooks/ours", form.encode())
        # There is no way to take an address out again; nobody answers there any more.
        yield messages


def payment_method(port: int, number: str) -> str:
    """Make a payment method of one of Stripe's test cards, as the form on a page does."""
    form = f"type=card&card[number]={number}&card[exp_month]=12&card[exp_year]=2035&card[cvc]=123"
    status, made = ask(port, "POST", "/v1/payment_methods", form.encode())
    assert status == http.client.OK, made
    return str(made["id"])


def answer_challenge(port: int, intent: dict[str, Any], *, approve: bool) -> None:
    """Answer the bank's question, as the card holder does in Stripe's window."""
    form = f"client_secret={intent['client_secret']}&success={str(approve).lower()}"
    status, answer = ask(port, "POST", f"{INTENTS}/{intent['id']}/_authenticate", form.encode())
    assert status in {http.client.OK, http.client.PAYMENT_REQUIRED}, answer
