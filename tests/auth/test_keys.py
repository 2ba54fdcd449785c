from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ordering_platform.auth import keys, tokens
from ordering_platform.auth.keys import KeyFile, new_key_set, read_key_set, rotated
from ordering_platform.runtime import identity
from ordering_platform.runtime.config import ConfigInvalid
from tests.auth.people import bearer, person
from tests.auth.running import serving

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from tests.auth.running import Doors


def ids(key_set: str) -> list[str]:
    return [key["kid"] for key in json.loads(key_set)["keys"]]


def aged(key_set: str, seconds: int = keys.PUBLISH_FIRST) -> str:
    """Make a key set as old as if its keys had been published long enough."""
    found = json.loads(key_set)
    return json.dumps({"keys": [{**key, "iat": key["iat"] - seconds} for key in found["keys"]]})


def signed_by(path: KeyFile) -> str:
    token = tokens.for_guest(path.signing(), guest_id="gst_1", venue_id="ven_1", session_id="ses_1", table_id="tbl_1")
    return str(jwt.get_unverified_header(token)["kid"])


def test_a_new_key_set_holds_one_private_key() -> None:
    (key,) = json.loads(new_key_set())["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert key["d"]
    assert len(key["kid"]) == 43


def test_rotation_puts_a_new_key_first_and_keeps_one_before() -> None:
    first = new_key_set()
    second = rotated(first)
    third = rotated(second)
    assert ids(second)[1:] == ids(first)
    assert ids(third)[1:] == ids(second)[:1]
    assert len(set(ids(second) + ids(third))) == 3


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_key_made_by_other_tools_is_read_and_becomes_a_set_with_its_rotation(form: PrivateFormat) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    (key,) = read_key_set(pem).keys
    second = rotated(pem)
    assert ids(second)[1:] == [key.key_id]
    assert read_key_set(second).signing(0.0).key_id == key.key_id, "the fresh key is published before it signs"


@pytest.mark.parametrize("private", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
def test_a_key_of_another_kind_is_refused(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ValueError, match="P-256"):
        read_key_set(pem)


def test_a_fresh_key_waits_longer_where_the_file_takes_long_to_arrive() -> None:
    first = aged(new_key_set())
    second = read_key_set(rotated(first, later=240))
    made = second.keys[0].made_at - 240
    assert second.signing(made + keys.PUBLISH_FIRST + 239).key_id == ids(first)[0]
    assert second.signing(made + keys.PUBLISH_FIRST + 240).key_id == second.keys[0].key_id


def test_a_single_key_signs_at_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(new_key_set())
    assert signed_by(KeyFile(str(path))) == ids(path.read_text())[0]


def test_a_fresh_key_signs_only_when_every_service_could_have_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(rotated(aged(new_key_set())))
    new, old = ids(path.read_text())
    held = KeyFile(str(path))
    assert signed_by(held) == old
    assert [key["kid"] for key in held.published()["keys"]] == [new, old]
    path.write_text(aged(path.read_text()))
    assert signed_by(held) == new


def test_keys_made_elsewhere_sign_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = json.loads(rotated(new_key_set()))
    for key in found["keys"]:
        del key["iat"]
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(found))
    assert signed_by(KeyFile(str(path))) == found["keys"][0]["kid"]


def test_no_private_part_is_published(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(rotated(new_key_set()))
    for key in KeyFile(str(path)).published()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_change_of_the_file_is_obeyed_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(new_key_set())
    held = KeyFile(str(path))
    path.write_text(new_key_set())
    assert signed_by(held) == ids(path.read_text())[0]


@pytest.mark.parametrize("text", ["", "{", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AA"}]}', "[]", "null"])
def test_a_broken_change_leaves_the_keys_in_force(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(new_key_set())
    held = KeyFile(str(path))
    before = signed_by(held)
    path.write_text(text)
    assert signed_by(held) == before
    path.unlink()
    assert signed_by(held) == before


def test_without_usable_keys_the_service_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="ORDERING_SIGNING_KEYS_FILE"):
        KeyFile(str(tmp_path / "missing.json"))
    with pytest.raises(ConfigInvalid, match="ORDERING_SIGNING_KEYS_FILE"):
        KeyFile("")


@pytest.mark.parametrize("curve", ["P-384", "secp256k1"])
def test_only_p256_keys_are_taken(curve: str) -> None:
    found = json.loads(new_key_set())
    found["keys"][0]["crv"] = curve
    with pytest.raises(ValueError, match="P-256"):
        read_key_set(json.dumps(found))


def test_a_public_key_cannot_sign() -> None:
    found = json.loads(new_key_set())
    del found["keys"][0]["d"]
    with pytest.raises(ValueError, match="P-256"):
        read_key_set(json.dumps(found))


def test_the_public_keys_are_there_for_everybody(doors: Doors) -> None:
    answer = doors("GET", "/.well-known/jwks.json")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json == doors.keys.published()
    assert b'"d"' not in answer.body


def test_a_rotation_while_the_service_runs_costs_nobody_their_token(
    database_url: str, engine: Engine, tmp_path: Path
) -> None:
    waiter = person(engine)
    path = tmp_path / "keys.json"
    path.write_text(aged(new_key_set()))
    with serving(database_url, path, ()) as doors:

        def is_known(headers: dict[str, str]) -> bool:
            return doors("GET", "/v1/auth/me", headers=headers).status == 200

        before = bearer(doors.keys, waiter)
        assert is_known(before)
        path.write_text(rotated(path.read_text()))
        between = bearer(doors.keys, waiter)
        assert is_known(between)
        path.write_text(aged(path.read_text()))
        after = bearer(doors.keys, waiter)
        assert (
            len({jwt.get_unverified_header(one["Authorization"][7:])["kid"] for one in (before, between, after)}) == 2
        )
        # By now the last look at the published keys is half a minute ago.
        identity.verifier(f"http://127.0.0.1:{doors.port}/.well-known/jwks.json")._keys._read_at -= 60
        assert is_known(after)
        assert is_known(before)
