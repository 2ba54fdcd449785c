"""Who asks too often waits; who shares an address with others does not wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ordering_platform.gateway.limits import Bucket, _neighbourhood
from ordering_platform.runtime.errors import RateLimited
from tests.support.calls import call

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_bucket_gives_its_quota_and_then_says_how_long_to_wait() -> None:
    bucket = Bucket("scan", 20)
    for _ in range(20):
        bucket.take("a", 100.0)
    with pytest.raises(RateLimited) as refused:
        bucket.take("a", 100.0)
    assert refused.value.retry_after == 3


def test_a_bucket_fills_steadily_and_never_above_its_quota() -> None:
    bucket = Bucket("scan", 20)
    for _ in range(20):
        bucket.take("a", 100.0)
    bucket.take("a", 103.0)
    with pytest.raises(RateLimited):
        bucket.take("a", 103.0)
    for _ in range(20):
        bucket.take("a", 1000.0)
    with pytest.raises(RateLimited):
        bucket.take("a", 1000.0)


def test_one_caller_does_not_empty_the_bucket_of_another() -> None:
    bucket = Bucket("scan", 1)
    bucket.take("a", 100.0)
    bucket.take("b", 100.0)


def test_a_refused_request_costs_nothing() -> None:
    bucket = Bucket("scan", 1)
    bucket.take("a", 100.0)
    for _ in range(50):
        with pytest.raises(RateLimited):
            bucket.take("a", 130.0)
    bucket.take("a", 160.0)


def test_the_headers_tell_quota_rest_and_time() -> None:
    bucket = Bucket("scan", 20)
    assert bucket.take("a", 100.0) == [("RateLimit-Policy", '"scan";q=20;w=60'), ("RateLimit", '"scan";r=19;t=3')]
    assert bucket.take("a", 100.0)[1] == ("RateLimit", '"scan";r=18;t=6')


def test_many_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordering_platform.gateway.limits._MAX_CALLERS", 100)
    bucket = Bucket("general", 600)
    for number in range(1000):
        bucket.take(str(number), 100.0)
    assert len(bucket._full_at) <= 101


def test_the_addresses_of_one_subscriber_count_as_one() -> None:
    assert _neighbourhood("2001:db8:1:2::9") == _neighbourhood("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert _neighbourhood("203.0.113.9") == "203.0.113.9"


def test_too_many_scans_from_one_address_are_refused(gateway: Callable[..., str]) -> None:
    url = gateway(rate_limits=True)
    statuses = [call(f"{url}/v1/auth/guest", "POST", body={}).status for _ in range(31)]
    assert statuses == [503] * 30 + [429]
    refused = call(f"{url}/v1/auth/guest", "POST", body={})
    assert refused.code == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 2
    assert call(f"{url}/v1/menu").status == 503
