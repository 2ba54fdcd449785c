"""Browsers are told what they may do, and other origins only what the settings allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.answering import answering, whole
from tests.support.calls import call

if TYPE_CHECKING:
    from collections.abc import Callable


def test_every_answer_forbids_guessing_its_type_and_telling_others_where_we_were(gateway: Callable[..., str]) -> None:
    answer = call(f"{gateway()}/v1/menu")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Strict-Transport-Security"] is None


def test_a_platform_reached_by_tls_stays_with_tls(gateway: Callable[..., str]) -> None:
    answer = call(f"{gateway(public_url='https://order.example')}/v1/menu")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_no_other_origin_may_read_anything_by_default(gateway: Callable[..., str]) -> None:
    answer = call(f"{gateway()}/v1/menu", headers={"Origin": "https://else.example"})
    assert answer.headers["Access-Control-Allow-Origin"] is None


def test_an_origin_of_the_settings_may_call_and_read(gateway: Callable[..., str]) -> None:
    with answering(lambda sock, _: sock.sendall(whole(b"ok"))) as order:
        url = gateway(order_url=order.url, cors_origins=("https://pos.example",))
        asked = call(f"{url}/v1/orders", "OPTIONS", headers={"Origin": "https://pos.example"})
        read = call(f"{url}/v1/orders", headers={"Origin": "https://pos.example"})
        other = call(f"{url}/v1/orders", headers={"Origin": "https://else.example"})
    assert asked.status == 204
    assert "Idempotency-Key" in asked.headers["Access-Control-Allow-Headers"]
    assert read.headers["Access-Control-Allow-Origin"] == "https://pos.example"
    assert read.headers["Vary"] == "Origin"
    assert other.headers["Access-Control-Allow-Origin"] is None
    assert len(order.requests) == 2


def test_a_refusal_can_be_read_by_an_allowed_origin(gateway: Callable[..., str]) -> None:
    answer = call(
        f"{gateway(cors_origins=('https://pos.example',))}/v1/menu", headers={"Origin": "https://pos.example"}
    )
    assert answer.status == 503
    assert answer.headers["Access-Control-Allow-Origin"] == "https://pos.example"
