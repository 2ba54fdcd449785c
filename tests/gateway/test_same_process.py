"""In one process a service is asked without a socket, and the client notices no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ordering_platform.runtime.replies import Reply
from ordering_platform.runtime.web import local_apps
from tests.support.calls import call

if TYPE_CHECKING:
    from collections.abc import Callable


class Neighbour:
    """A service of the same process that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, Any], bytes]] = []

    def handle(self, environ: dict[str, Any], body: bytes) -> Reply:
        self.asked.append((environ, body))
        return Reply(201, [("Content-Type", "application/json"), ("X-Request-Id", "req_inner")], b'{"ok":1}')


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Neighbour:
    neighbour = Neighbour()
    monkeypatch.setitem(local_apps, "order", neighbour)
    return neighbour


def test_a_service_of_the_same_process_is_asked_directly(gateway: Callable[..., str], order: Neighbour) -> None:
    sent = {"X-Request-Id": "req_mine", "X-User-Id": "owner", "X-Forwarded-For": "6.6.6.6", "TE": "trailers"}
    answer = call(f"{gateway()}/v1/orders/x%20y?a=1", "POST", headers=sent, body={"note": "é"})
    assert (answer.status, answer.json) == (201, {"ok": 1})
    assert answer.headers.get_all("X-Request-Id") == ["req_mine"]
    ((environ, body),) = order.asked
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/v1/orders/x y", "a=1")
    assert (environ["HTTP_X_REQUEST_ID"], environ["REMOTE_ADDR"]) == ("req_mine", "127.0.0.1")
    assert body == b'{"note": "\\u00e9"}'
    assert "6.6.6.6" not in str(environ)
    assert not {"HTTP_X_USER_ID", "HTTP_TE", "HTTP_CONNECTION"} & environ.keys()


def test_the_gateway_is_ready_beside_its_services(gateway: Callable[..., str], order: Neighbour) -> None:
    assert call(f"{gateway()}/health/ready").status == 200
    assert order.asked == []
