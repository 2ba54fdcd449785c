"""Nobody becomes somebody by a header or an address, and no text is ever taken for code."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from ordering_platform.runtime.jsonschema import example
from tests.attacks import cases, hostile, refusals
from tests.attacks.knocking import bearer
from tests.attacks.matrix import every

if TYPE_CHECKING:
    from ordering_platform.runtime.doors import Door
    from tests.attacks.knocking import Knocker
    from tests.attacks.rows import Rows
    from tests.attacks.world import Restaurant

PRETENDED = {
    "X-User-Id": "usr_owner",
    "X-User-Roles": "owner",
    "X-Role": "owner",
    "X-Venue-Id": "ven_demo",
    "X-Internal-Caller": "payment",
    "X-Forwarded-User": "owner",
    "X-Forwarded-For": "127.0.0.1",
    "X-Real-IP": "127.0.0.1",
    "X-Original-URL": "/v1/users",
    "X-HTTP-Method-Override": "DELETE",
    "Cookie": "session=owner",
}


@pytest.mark.parametrize("name", PRETENDED)
def test_a_header_makes_nobody_staff(name: str, home: Restaurant, knocker: Knocker) -> None:
    pretended = {name: PRETENDED[name]}
    guest = home.seats[0].guest.token
    refusals.check(knocker.ask("GET", "/v1/users", headers=pretended), "/v1/users", 401, "unauthenticated")
    refusals.check(
        knocker.ask("GET", "/v1/users", token=guest, headers=pretended), "/v1/users", 403, "role_not_allowed"
    )
    path = f"/v1/orders/{home.thing('/v1/orders')}"
    plain, dressed = (knocker.ask("GET", path, token=guest, headers=more) for more in ({}, pretended))
    assert (dressed.status, dressed.body) == (plain.status, plain.body) == (200, plain.body)


@pytest.mark.parametrize("parameter", ["access_token", "token", "authorization", "jwt"])
def test_a_token_in_the_address_is_no_token(parameter: str, home: Restaurant, knocker: Knocker) -> None:
    path = f"/v1/venue?{parameter}={home.owner.token}"
    answer = knocker.ask("GET", path)
    refusals.check(answer, path, 401, "unauthenticated")
    assert home.owner.token.encode() not in answer.body


@every(lambda door: door.body and any(hostile.texts(door.body)))
def test_no_text_is_taken_for_code(
    door: Door, home: Restaurant, abroad: Restaurant, knocker: Knocker, rows: Rows
) -> None:
    """Whatever becomes of such a request, it neither breaks the platform nor touches the other restaurant."""
    del home
    good = cases.sound(door, abroad)
    for at in hostile.texts(door.body):
        for text in hostile.INJECTIONS:
            document = hostile.planted(example(door.body), at, text)
            headers = good.headers | {"Idempotency-Key": secrets.token_hex(8)}
            answer = knocker.ask(good.method, good.path, headers=headers, raw=json.dumps(document).encode())
            assert answer.status < 500, f"{at}: {answer.body!r}"
            if answer.status >= 400:
                refusals.check(answer, good.path, answer.status)
    assert all(name in rows.now() for name in ("orders.orders", "auth.users"))


@every(lambda door: door.query)
def test_no_parameter_is_taken_for_code(door: Door, home: Restaurant, knocker: Knocker, rows: Rows) -> None:
    headers = cases.sound(door, home).headers
    with rows.unchanged():
        for name in door.query.load_fields:
            for text in (*hostile.INJECTIONS, *(hostile.CURSORS if name == "after" else ())):
                path = f"{door.url}?{name}={quote(text)}"
                answer = knocker.ask(door.method, path, headers=headers)
                assert answer.status in {200, 400, 404}, answer.body
                if answer.status != 200:
                    refusals.check(answer, path, answer.status)


@every(lambda door: door.variables)
def test_no_part_of_an_address_is_taken_for_code(door: Door, home: Restaurant, knocker: Knocker, rows: Rows) -> None:
    good = cases.sound(door, home)
    with rows.unchanged():
        for text in hostile.INJECTIONS:
            path = cases.address(door, home, **dict.fromkeys(door.variables, quote(text, safe="")))
            refusals.check(knocker.ask(good.method, path, headers=good.headers, raw=good.raw), path, 404)


def test_the_restaurant_works_as_before(home: Restaurant, knocker: Knocker) -> None:
    seen = knocker.ask("GET", "/v1/orders", headers=bearer(home.owner.token))
    assert home.seats[0].sent in {order["id"] for order in seen.json["data"]}
