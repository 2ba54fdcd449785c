"""Every door of every service refuses every kind of bad request exactly, and nothing is left behind.

The requests are worked out from the doors themselves, so a new door is held to this without being listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from werkzeug.routing import Map, Rule

from ordering_platform.auth.roles import LEAST
from ordering_platform.catalogue import BY_NAME
from ordering_platform.runtime import openapi
from ordering_platform.runtime.entrypoints import doors
from tests.attacks import cases, forged, refusals
from tests.attacks.matrix import DOORS, every, shown

if TYPE_CHECKING:
    from ordering_platform.runtime.doors import Door
    from tests.attacks.knocking import Knocker
    from tests.attacks.matrix import Refuse
    from tests.attacks.rows import Rows
    from tests.attacks.world import Restaurant
    from tests.support.platform import Platform

PAGES = [door for door in doors(BY_NAME["gateway"].load()) if door.method == "GET"]
ADDRESSES = Map([Rule(door.url, methods=[door.method]) for door in DOORS + PAGES]).bind("")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@every(lambda door: not door.who.anyone)
def test_nobody_enters_without_a_token(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse([cases.sound(door, home, {}).but("nobody", status=401, code="unauthenticated")])


@every(lambda door: not door.who.anyone)
def test_no_forged_or_outdated_token_opens_it(door: Door, home: Restaurant, platform: Platform, refuse: Refuse) -> None:
    refuse(cases.forged_tokens(door, home, forged.signing_key(platform.data_dir)))


@every(lambda door: not door.who.anyone and not (door.who.guest and door.who.staff_role == LEAST))
def test_who_is_not_meant_stays_outside(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse(cases.low_roles(door, home))


@every(lambda door: door.body)
def test_a_body_is_one_json_object_and_says_so(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse(cases.bad_bodies(door, home))


@every(lambda door: door.body)
def test_every_field_is_checked_and_named(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse(cases.bad_fields(door, home))


@every()
def test_a_query_is_known_and_usable(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse(cases.bad_queries(door, home))


@every(lambda door: door.idempotent)
def test_what_must_happen_once_wants_a_key(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse(cases.bad_keys(door, home))


@every(lambda door: door.variables)
def test_what_does_not_exist_is_not_found(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse(cases.unknown_things(door, home))


@every(lambda door: door.media_types)
def test_who_accepts_only_pictures_gets_none(door: Door, home: Restaurant, refuse: Refuse) -> None:
    refuse(cases.wrong_accepts(door, home))


@pytest.mark.parametrize("url", sorted({door.url for door in DOORS}))
def test_a_method_an_address_does_not_know_is_refused_with_those_it_knows(
    url: str, home: Restaurant, knocker: Knocker, rows: Rows
) -> None:
    path = cases.address(next(door for door in DOORS if door.url == url), home)
    allowed = set(ADDRESSES.allowed_methods(path))
    with rows.unchanged():
        for method in METHODS:
            if method not in allowed:
                answer = knocker.ask(method, path, token=home.owner.token)
                refusals.check(answer, path, 405, "method_not_allowed")
                assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_pages_can_only_be_read(page: Door, knocker: Knocker) -> None:
    path = page.url.replace("<version>", "1").replace("<path:path>", "x").replace("<path:rest>", "x")
    for method in METHODS:
        if method != "GET":
            answer = knocker.ask(method, path)
            refusals.check(answer, path, 405, "method_not_allowed")
            assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO", "get"])
def test_methods_nobody_speaks_are_refused(method: str, knocker: Knocker) -> None:
    refusals.check(knocker.ask(method, "/v1/orders"), "/v1/orders", 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v2/orders",
        "/v1/nothing",
        "/v1/orders/",
        "//v1/orders",
        "/V1/orders",
        "/metrics",
        "/debug",
        "/v1/orders/..%2f..%2fusers",
        "/v1/orders/a/b/c",
        "/static/1/..%2f..%2fpyproject.toml",
        "/.env",
    ],
)
def test_addresses_that_lead_nowhere_are_not_found(path: str, home: Restaurant, knocker: Knocker) -> None:
    answer = knocker.ask("GET", path, token=home.owner.token)
    refusals.check(answer, path, 404, "not_found")
    assert "location" not in answer.headers


@every(lambda door: door.who.anyone and door.body)
def test_a_useless_token_does_not_keep_anyone_from_an_open_door(door: Door, knocker: Knocker) -> None:
    """What is sent is refused for its body alone, as it is without a token."""
    answer = knocker.ask(door.method, door.url, token="nonsense", headers=cases.JSON, raw=b"{")
    refusals.check(answer, door.url, 400, "malformed_json")


@every()
def test_what_a_door_refuses_stands_in_its_description(door: Door, home: Restaurant) -> None:
    promised = {(int(error.status), error.code) for error in openapi.refusals(door)}
    asked = [*cases.bad_queries(door, home)]
    asked += cases.wrong_accepts(door, home) if door.media_types else []
    asked += [*cases.bad_bodies(door, home), *cases.bad_fields(door, home)] if door.body else []
    asked += cases.bad_keys(door, home) if door.idempotent else []
    assert {(one.status, one.code) for one in asked} <= promised
