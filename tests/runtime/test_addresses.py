"""Whose address a request comes from: what a stranger says about it counts for nothing."""

from __future__ import annotations

import pytest

from ordering_platform.runtime.addresses import Proxies
from tests.support.http import call
from tests.support.services import serving
from tests.support.shop import Shop

PROXIES = Proxies(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
        ("::1", "2001:db8::7", "2001:db8::7"),
    ],
)
def test_the_client_is_the_nearest_address_that_is_no_proxy(peer: str, header: str, client: str) -> None:
    assert PROXIES.client(peer, {"HTTP_X_FORWARDED_FOR": header}) == client


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('for="203.0.113.9:4711";proto=https', "203.0.113.9"),
        ('for=198.51.100.1, For="[2001:db8::7]:4711"', "2001:db8::7"),
        ("for=unknown", "10.0.0.1"),
    ],
)
def test_the_standard_header_is_read_too(header: str, client: str) -> None:
    assert PROXIES.client("10.0.0.1", {"HTTP_FORWARDED": header}) == client


def test_without_proxies_nobody_is_believed() -> None:
    with serving(Shop.fresh()) as shop:
        assert call(shop.port, "GET", "/who", headers={"X-Forwarded-For": "203.0.113.9"}).json["addr"] == "127.0.0.1"


def test_a_proxy_in_the_settings_is_believed() -> None:
    with serving(Shop.fresh(), trusted_proxies=("127.0.0.0/8",)) as shop:
        assert call(shop.port, "GET", "/who", headers={"X-Forwarded-For": "203.0.113.9"}).json["addr"] == "203.0.113.9"
