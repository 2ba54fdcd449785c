"""What a door has to refuse, worked out from the door itself: who comes in, how it is asked, what it is given."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ordering_platform.auth.roles import implied
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.jsonschema import example
from tests.attacks import forged, spoiled
from tests.attacks.knocking import Case, bearer
from tests.attacks.world import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.auth.keys import SigningKey
    from ordering_platform.runtime.doors import Door
    from tests.attacks.world import Restaurant

JSON = {"Content-Type": "application/json"}
KEY = {"Idempotency-Key": "an-attack-key"}

BROKEN = {
    "nothing at all": b"",
    "half an object": b"{",
    "a trailing comma": b'{"name": 1,}',
    "two documents": b"{}{}",
    "not a number": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "a number without end": b'{"name": 1e999}',
    "5,000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "2,000 levels": b'{"name": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    "a name twice": b'{"name": 1, "name": 2}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "broken UTF-8": b'{"name": "\xff"}',
    "single quotes": b"{'name': 1}",
}
NO_OBJECT = (b"[]", b"[{}]", b'"text"', b"7", b"null", b"true")
OTHER_TYPES = ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json")
BAD_KEYS = ("", "short", "x" * 256, "schl\xfcssel-schl\xfcssel", "tab\tinside-a-key")
ILL_SHAPED = ("abc", "1", "-1", "%27%20OR%201%3D1--", "%F0%9F%8D%95", "x" * 300)


def address(door: Door, restaurant: Restaurant, **given: str) -> str:
    """Write the address of a door with real things in it, or those that are given."""
    path = door.url
    for variable, place in places(door):
        path = path.replace(f"<{variable}>", given.get(variable) or restaurant.thing(place))
    return path


def guest_and_staff(door: Door, restaurant: Restaurant) -> Iterator[tuple[str, dict[str, str]]]:
    """Give each kind of caller a door lets in, with the headers of one."""
    if door.who.anyone:
        yield "anyone", {}
    if door.who.guest:
        yield "guest", bearer(restaurant.seats[0].guest.token)
    if door.who.staff_role:
        yield "staff", bearer(restaurant.owner.token)


def sound(door: Door, restaurant: Restaurant, who: dict[str, str] | None = None, **things: str) -> Case:
    """Give a request with nothing wrong about it, to be spoiled; from somebody the door lets in unless told."""
    if who is None:
        who = next(headers for _, headers in guest_and_staff(door, restaurant))
    return Case(
        method=door.method,
        path=address(door, restaurant, **things),
        status=door.status,
        headers=who | (KEY if door.idempotent else {}) | (JSON if door.body else {}),
        raw=json.dumps(example(door.body)).encode() if door.body else None,
    )


def forged_tokens(door: Door, restaurant: Restaurant, key: SigningKey) -> Iterator[Case]:
    """Give requests of somebody with a token that is none of ours, or not any more."""
    token = restaurant.seats[0].guest.token if door.who.guest else restaurant.owner.token
    nobody = sound(door, restaurant, {})
    for name, authorization in forged.authorizations(token, key):
        yield nobody.but(name, status=401, code="invalid_token", headers={"Authorization": authorization})


def low_roles(door: Door, restaurant: Restaurant) -> Iterator[Case]:
    """Give requests of everybody whom a door does not let in."""
    nobody = sound(door, restaurant, {})
    outside = {role: one.token for role, one in restaurant.staff.items() if door.who.staff_role not in implied(role)}
    if not door.who.guest:
        outside["guest"] = restaurant.seats[0].guest.token
    for role, token in outside.items():
        yield nobody.but(role, status=403, code="role_not_allowed", headers=bearer(token))


def bad_bodies(door: Door, restaurant: Restaurant) -> Iterator[Case]:
    """Give bodies that are no JSON, JSON of another type, and no object."""
    good = sound(door, restaurant)
    for name, raw in BROKEN.items():
        yield good.but(name, status=400, code="malformed_json", raw=raw)
    for raw in NO_OBJECT:
        yield good.but(raw.decode(), status=422, code="validation_failed", fault=("", "wrong_type"), raw=raw)
    other = good.but("another type", status=415, code="unsupported_media_type")
    for media_type in OTHER_TYPES:
        yield other.but(media_type, headers={"Content-Type": media_type})
    yield replace(other, headers={name: value for name, value in good.headers.items() if name not in JSON})


def bad_fields(door: Door, restaurant: Restaurant) -> Iterator[Case]:
    """Give bodies with one bad field each."""
    good = sound(door, restaurant)
    for bad in spoiled.documents(door.body):
        yield good.but(
            f"{bad.pointer} {bad.code} {json.dumps(bad.document)[:80]}",
            status=422,
            code="validation_failed",
            raw=json.dumps(bad.document).encode(),
            fault=(bad.pointer, bad.code) if bad.code else None,
        )


def bad_queries(door: Door, restaurant: Restaurant) -> Iterator[Case]:
    """Give parameters that a door does not know or cannot use."""
    good = sound(door, restaurant).but("query", status=400, code="invalid_parameter")
    unknown = good.but("unknown", code="unknown_parameter", fault=("/surprise", "unknown"))
    yield replace(unknown, path=f"{good.path}?surprise=1")
    yield good.but("twice", path=f"{good.path}?limit=1&limit=2")
    if door.query is not None:
        for name, text in spoiled.query_values(door.query):
            yield good.but(name, path=f"{good.path}?{name}={text}")


def bad_keys(door: Door, restaurant: Restaurant) -> Iterator[Case]:
    """Give a sound request without its key, and with keys that are none."""
    good = sound(door, restaurant).but("no key", status=400, code="idempotency_key_missing")
    yield replace(good, headers={name: value for name, value in good.headers.items() if name not in KEY})
    for key in BAD_KEYS:
        yield good.but(repr(key), code="idempotency_key_invalid", headers={"Idempotency-Key": key})


def unknown_things(door: Door, restaurant: Restaurant) -> Iterator[Case]:
    """Give addresses of things that do not exist: ids of the right shape, and what is no id at all."""
    for variable, place in places(door):
        real = restaurant.thing(place)
        prefix, mark, _ = real.partition("_")
        nobody = new_id(prefix) if mark else "0" * len(real)
        for thing in (nobody, *ILL_SHAPED, f"{prefix}_{'z' * 41}"):
            for who, headers in guest_and_staff(door, restaurant):
                yield sound(door, restaurant, headers, **{variable: thing}).but(f"{who} at {variable}", status=404)


def wrong_accepts(door: Door, restaurant: Restaurant) -> Iterator[Case]:
    """Give Accept headers that admit nothing a door can answer."""
    good = sound(door, restaurant)
    for accept in ("image/png", "text/troff, image/*;q=0", ", ".join(f"{one};q=0" for one in door.media_types)):
        yield good.but(accept, status=406, code="not_acceptable", headers={"Accept": accept})
