"""What a door must say at import, and what can be read from it without opening it."""

from __future__ import annotations

from typing import Any

import pytest

from ordering_platform.runtime.entrypoints import doors, http
from ordering_platform.runtime.identity import ANYONE, staff
from tests.support.shop import NewCake, Shop, SoldOut


def test_who_may_enter_has_no_default() -> None:
    with pytest.raises(TypeError, match="who"):
        http("GET", "/cakes")  # type: ignore[call-arg]  # that is the point


@pytest.mark.parametrize(("method", "url"), [("FETCH", "/cakes"), ("get", "/cakes"), ("GET", "cakes"), ("", "/cakes")])
def test_a_door_that_could_never_be_reached_is_an_error_at_import(method: str, url: str) -> None:
    with pytest.raises(TypeError):

        @http(method, url, who=ANYONE)
        def cakes(self: Any, request: Any) -> None:
            """Never opened."""


def test_a_raw_door_has_no_schema() -> None:
    with pytest.raises(TypeError, match="raw"):

        @http("POST", "/cakes", who=ANYONE, raw=True, body=NewCake)
        def bake(self: Any, request: Any) -> None:
            """Never opened."""


@pytest.mark.parametrize("url", ["/cakes", "/cakes/<other_id>", "/cakes/<cake_id>/<part>"])
def test_a_method_must_take_what_its_address_gives(url: str) -> None:
    with pytest.raises(TypeError, match="gives"):

        @http("GET", url, who=ANYONE)
        def cake(self: Any, request: Any, cake_id: str) -> None:
            """Never opened."""


def test_a_decorated_method_stays_a_plain_method() -> None:
    assert Shop.cake(Shop(), _Request(), cake_id="7")["id"] == "7"  # type: ignore[arg-type]  # looks like a request


class _Request:
    path = "/cakes/7"
    route = "/cakes/<cake_id>"


def test_every_door_of_a_service_can_be_read() -> None:
    found = {(door.method, door.url): door for door in doors(Shop)}
    assert len(found) == len(doors(Shop))
    bake = found["POST", "/cakes"]
    assert (bake.name, bake.who, bake.status, bake.raises) == ("bake", staff("waiter"), 201, (SoldOut,))
    assert isinstance(bake.body, NewCake)
    assert not bake.idempotent
    assert found["POST", "/orders"].idempotent
    listed = found["GET", "/cakes"]
    assert (listed.summary, listed.description) == ("List the cakes.", "All of them.")
    assert found["GET", "/cakes/<cake_id>"].variables == ("cake_id",)
    assert found["GET", "/events"].produces == ("text/event-stream",)
