"""Names are looked up by the system, and whoever waits for one holds up nobody."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import eventlet
from eventlet.patcher import original

from ordering_platform.runtime import green

if TYPE_CHECKING:
    import pytest


def test_a_number_is_understood_without_asking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventlet.tpool.execute", lambda *_: None)
    ((*_, address),) = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
    assert address == ("127.0.0.1", 80)


def test_a_name_is_looked_up_as_the_system_does() -> None:
    assert socket.getaddrinfo is green.getaddrinfo
    addresses = {address[0] for *_, address in socket.getaddrinfo("localhost", 80)}
    assert addresses & {"127.0.0.1", "::1"}


def test_others_go_on_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    others_went_on = original("threading").Event()

    def slow(_host: Any, _port: Any, _family: int, _type: int, _proto: int, flags: int) -> bool:
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror
        return bool(others_went_on.wait(5))

    monkeypatch.setattr(green, "_look_up", slow)
    looking = eventlet.spawn(socket.getaddrinfo, "slow.example", 80)
    eventlet.spawn_after(0.01, others_went_on.set)
    assert looking.wait() is True
