from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm

from ordering_platform.runtime import identity
from ordering_platform.runtime.errors import InvalidToken, RoleNotAllowed, ServiceUnavailable, Unauthenticated
from ordering_platform.runtime.identity import (
    ANYONE,
    GUEST,
    NOBODY,
    Caller,
    PublicKeys,
    Verifier,
    guest_or_staff,
    staff,
)
from tests.support.answering import answering, whole

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.support.answering import Answering

OURS = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
HEADER = {"typ": "at+jwt", "kid": "ours"}


def public(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    found: dict[str, Any] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": kid, "alg": "ES256", "use": "sig"}


def claims(**changes: Any) -> dict[str, Any]:
    """Give the claims of a waiter; ``None`` leaves one out."""
    now = int(time.time())
    found = {
        "iss": "ordering-platform",
        "aud": "staff",
        "sub": "usr_1",
        "iat": now,
        "nbf": now,
        "exp": now + 900,
        "jti": "tok_1",
        "venue": "ven_1",
        "roles": ["kitchen", "waiter"],
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def guest_claims(**changes: Any) -> dict[str, Any]:
    seat = {"aud": "guest", "sub": "gst_1", "roles": None, "session": "ses_1", "table": "tbl_1"}
    return claims(**{**seat, **changes})


def signed(key: Any = OURS, header: dict[str, Any] | None = None, algorithm: str = "ES256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, {**HEADER, **(header or {})})


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def by_hand(header: Any, content: Any = None, key: ec.EllipticCurvePrivateKey = OURS) -> str:
    """Sign whatever it is with the right key, past every check of a library."""
    text = f"{part(header)}.{part(content if content is not None else claims())}"
    return f"{text}.{part(ECAlgorithm(ECAlgorithm.SHA256).sign(text.encode(), key))}"


class Published:
    """A JWKS address that counts how often it is read and answers what the test wants."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        self.body = json.dumps({"keys": list(keys)}).encode()
        self.reads = 0

    def answer(self, sock: socket.socket, _request: bytes) -> bool:
        self.reads += 1
        sock.sendall(whole(self.body))
        return False


@pytest.fixture
def published() -> Published:
    return Published(public(OURS, "ours"))


@pytest.fixture
def keys_server(published: Published) -> Iterator[Answering]:
    with answering(published.answer) as server:
        yield server


@pytest.fixture
def verifier(keys_server: Answering) -> Verifier:
    return Verifier(PublicKeys(keys_server.url))


def refused(verifier: Verifier, token: str) -> bool:
    try:
        verifier.verify(token)
    except InvalidToken:
        return True
    return False


class TestSound:
    def test_a_waiter_is_known_by_the_token(self, verifier: Verifier) -> None:
        caller = verifier.verify(signed())
        assert (caller.kind, caller.id, caller.venue, caller.token_id) == ("staff", "usr_1", "ven_1", "tok_1")
        assert caller.is_staff
        assert caller.has("kitchen")
        assert not caller.has("manager")

    def test_a_guest_is_known_by_session_and_table_and_holds_no_role(self, verifier: Verifier) -> None:
        token = jwt.encode(guest_claims(roles=["owner"]), OURS, "ES256", HEADER)
        caller = verifier.verify(token)
        assert (caller.kind, caller.id, caller.session, caller.table) == ("guest", "gst_1", "ses_1", "tbl_1")
        assert caller.is_guest
        assert caller.roles == frozenset()

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_header_carries_it(self, verifier: Verifier, scheme: str) -> None:
        assert verifier.caller({"Authorization": f"{scheme} {signed()}"}).id == "usr_1"
        assert verifier.caller({}) is NOBODY

    @pytest.mark.parametrize("shift", [-29, 29])
    def test_clocks_may_differ_by_half_a_minute(self, verifier: Verifier, shift: int) -> None:
        now = int(time.time()) + shift
        lasts = 900 if shift > 0 else -shift - 29
        assert not refused(verifier, signed(iat=now, nbf=now, exp=now + max(lasts, 1)))

    def test_a_guest_token_may_last_four_hours(self, verifier: Verifier) -> None:
        now = int(time.time())
        assert verifier.verify(jwt.encode(guest_claims(exp=now + 4 * 3600), OURS, "ES256", HEADER)).is_guest


class TestForged:
    @pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "", None, 1, ["ES256"]])
    @pytest.mark.parametrize("signature", ["", "A" * 86])
    def test_no_algorithm_is_no_token(self, verifier: Verifier, algorithm: Any, signature: str) -> None:
        header = {**HEADER, "alg": algorithm}
        assert refused(verifier, f"{part(header)}.{part(claims())}.{signature}")

    def test_a_missing_algorithm_is_no_token(self, verifier: Verifier) -> None:
        assert refused(verifier, by_hand(HEADER))

    @pytest.mark.parametrize("form", [serialization.PublicFormat.SubjectPublicKeyInfo])
    @pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
    @pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
    def test_the_public_key_is_no_shared_secret(
        self, verifier: Verifier, form: Any, encoding: Any, algorithm: str
    ) -> None:
        secret = OURS.public_key().public_bytes(encoding, form)
        text = f"{part({**HEADER, 'alg': algorithm})}.{part(claims())}"
        mac = hmac.digest(secret, text.encode(), hashlib.sha256)
        assert refused(verifier, f"{text}.{part(mac)}")
        assert refused(verifier, f"{text}.{part(mac * 2)}")

    def test_another_key_under_our_name_is_no_key(self, verifier: Verifier) -> None:
        assert refused(verifier, signed(OTHER))

    def test_other_algorithms_are_not_asked_for(self, verifier: Verifier) -> None:
        assert refused(verifier, signed(rsa.generate_private_key(65537, 2048), algorithm="RS256"))
        assert refused(verifier, signed(ed25519.Ed25519PrivateKey.generate(), algorithm="EdDSA"))
        assert refused(verifier, signed(ec.generate_private_key(ec.SECP384R1()), algorithm="ES384"))

    @pytest.mark.parametrize("name", ["jku", "x5u"])
    def test_keys_at_addresses_in_the_token_are_never_fetched(self, verifier: Verifier, name: str) -> None:
        evil = Published(public(OTHER, "evil"))
        with answering(evil.answer) as server:
            assert refused(verifier, signed(OTHER, {name: server.url, "kid": "evil"}))
            assert refused(verifier, signed(OURS, {name: server.url}))
            assert server.connections == 0

    @pytest.mark.parametrize(
        "extra",
        [
            {"jwk": public(OTHER, "ours")},
            {"x5c": ["AAAA"]},
            {"crit": ["exp"]},
            {"crit": []},
            {"b64": False, "crit": ["b64"]},
            {"b64": True},
            {"zip": "DEF"},
            {"cty": "JWT"},
            {"typ": "JWT"},
            {"typ": "AT+JWT"},
            {"kid": ""},
            {"kid": "theirs"},
            {"kid": None},
            {"kid": 7},
            {"kid": ["ours"]},
            {"kid": "../../dev/null"},
        ],
    )
    def test_a_header_says_exactly_algorithm_type_and_key(self, verifier: Verifier, extra: dict[str, Any]) -> None:
        header = {"alg": "ES256", **HEADER, **extra}
        assert refused(verifier, by_hand(header))
        assert refused(verifier, by_hand(header, key=OTHER))

    @pytest.mark.parametrize("missing", ["alg", "typ", "kid"])
    def test_no_part_of_the_header_may_be_missing(self, verifier: Verifier, missing: str) -> None:
        header = {"alg": "ES256", **HEADER}
        assert not refused(verifier, by_hand(header))
        del header[missing]
        assert refused(verifier, by_hand(header))

    def test_no_character_may_change(self, verifier: Verifier) -> None:
        token = signed()
        for place in (3, token.index(".") + 5, token.rindex(".") + 5, len(token) - 1):
            for letter in "ABQ_":
                changed = token[:place] + letter + token[place + 1 :]
                assert changed == token or refused(verifier, changed), place

    @pytest.mark.parametrize("junk", ["\n", " ", "=", "!", "==", "é", "\x00"])
    def test_nothing_may_be_added(self, verifier: Verifier, junk: str) -> None:
        token = signed()
        for changed in (token + junk, junk + token, token.replace(".", junk + ".", 1)):
            assert refused(verifier, changed)

    def test_parts_cannot_be_swapped(self, verifier: Verifier) -> None:
        header, content, signature = signed().split(".")
        _, higher, other_signature = signed(roles=["owner"]).split(".")
        assert refused(verifier, f"{header}.{higher}.{signature}")
        assert refused(verifier, f"{header}.{content}.{other_signature}")
        assert refused(verifier, f"{header}.{content}.")
        assert refused(verifier, f"{header}.{content}")
        assert refused(verifier, f"{header}..{signature}")
        assert refused(verifier, f"{header}.{content}.{signature}.{signature}")

    def test_zeros_are_no_signature(self, verifier: Verifier) -> None:
        assert refused(verifier, signed().rsplit(".", 1)[0] + "." + "A" * 86)

    @pytest.mark.parametrize(
        "header",
        [b"[" * 2500, b'{"a":' * 600, b"\xff\xfe", b"null", b'"x"', b"[]", b"", b"9" * 2000],
        ids=["deep list", "deep object", "no text", "null", "text", "list", "nothing", "number"],
    )
    def test_a_header_that_is_none_breaks_nothing(self, verifier: Verifier, header: bytes) -> None:
        assert refused(verifier, f"{part(header)}.{part(claims())}.{'A' * 86}")

    @pytest.mark.parametrize("size", [5_000, 1_000_000])
    def test_a_long_token_is_refused_before_it_is_read(
        self, verifier: Verifier, size: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ordering_platform.runtime.identity.jwt.get_unverified_header", None)
        assert refused(verifier, signed(venue="v" * size))

    @pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Token x", "", "x", "Bearer a b"])
    def test_another_header_is_no_token(self, verifier: Verifier, header: str) -> None:
        with pytest.raises(InvalidToken):
            verifier.caller({"Authorization": header})


class TestClaims:
    @pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "venue"])
    def test_none_may_be_missing(self, verifier: Verifier, claim: str) -> None:
        without: dict[str, Any] = {claim: None}
        assert refused(verifier, signed(**without))

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "somebody-else"},
            {"iss": ["ordering-platform"]},
            {"aud": "kitchen"},
            {"aud": ""},
            {"aud": ["staff"]},
            {"aud": ["staff", "other"]},
            {"aud": ["guest", "staff"]},
            {"sub": 7},
            {"sub": ["usr_1"]},
            {"venue": 7},
            {"venue": None},
            {"jti": 7},
            {"roles": "owner"},
            {"roles": [7]},
            {"roles": 7},
            {"roles": {"owner": True}},
            {"session": 7},
            {"table": ["tbl_1"]},
        ],
    )
    def test_what_we_never_sign_is_refused(self, verifier: Verifier, changes: dict[str, Any]) -> None:
        assert refused(verifier, by_hand({"alg": "ES256", **HEADER}, claims(**changes)))

    @pytest.mark.parametrize(
        ("claim", "shift"),
        [("exp", -31), ("exp", -86_400), ("nbf", 32), ("iat", 32), ("iat", 86_400)],
    )
    def test_its_time_must_be_now(self, verifier: Verifier, claim: str, shift: int) -> None:
        now = int(time.time())
        times = {"iat": now - 100, "nbf": now - 100, "exp": now + 100, claim: now + shift}
        assert refused(verifier, by_hand({"alg": "ES256", **HEADER}, claims(**times)))

    @pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize("wrong", ["float", "text", True, [], {}, float("nan"), float("inf"), 10**400])
    def test_times_are_whole_seconds(self, verifier: Verifier, claim: str, wrong: Any) -> None:
        now = int(time.time())
        value = {"float": now + 60.0, "text": str(now)}.get(wrong, wrong) if isinstance(wrong, str) else wrong
        assert refused(verifier, by_hand({"alg": "ES256", **HEADER}, claims(**{claim: value})))

    @pytest.mark.parametrize(("audience", "longest"), [("staff", 900), ("guest", 4 * 3600)])
    def test_none_lasts_longer_than_we_sign(self, verifier: Verifier, audience: str, longest: int) -> None:
        now = int(time.time())
        made = guest_claims() if audience == "guest" else claims()
        assert not refused(verifier, jwt.encode({**made, "exp": now + longest, "iat": now}, OURS, "ES256", HEADER))
        assert refused(verifier, jwt.encode({**made, "exp": now + longest + 1, "iat": now}, OURS, "ES256", HEADER))

    def test_a_guest_without_a_session_is_nobody(self, verifier: Verifier) -> None:
        for session in (None, ""):
            assert refused(verifier, jwt.encode(guest_claims(session=session), OURS, "ES256", HEADER))

    def test_a_known_token_expires_all_the_same(self, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
        token = signed()
        assert not refused(verifier, token)
        later = time.time() + 900 + identity.LEEWAY + 1
        monkeypatch.setattr("ordering_platform.runtime.identity.time.time", lambda: later)
        assert refused(verifier, token)

    def test_known_tokens_are_few(self, verifier: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(identity, "_CACHE_SIZE", 3)
        for number in range(5):
            verifier.verify(signed(jti=f"tok_{number}"))
        assert len(verifier._seen) == 3


class TestPublishedKeys:
    def test_they_are_read_once(self, verifier: Verifier, published: Published) -> None:
        for number in range(5):
            verifier.verify(signed(jti=f"tok_{number}"))
        assert published.reads == 1

    def test_an_unknown_key_is_looked_for_at_most_every_half_minute(
        self, verifier: Verifier, published: Published
    ) -> None:
        assert not refused(verifier, signed())
        verifier._keys._read_at -= identity._KEY_REFRESH
        for number in range(20):
            assert refused(verifier, signed(OTHER, {"kid": f"kid {number}"}))
        assert published.reads == 2

    def test_a_rotated_key_is_found_and_the_previous_one_goes_on(
        self, verifier: Verifier, published: Published
    ) -> None:
        assert not refused(verifier, signed())
        published.body = json.dumps({"keys": [public(OTHER, "new"), public(OURS, "ours")]}).encode()
        verifier._keys._read_at -= identity._KEY_REFRESH
        assert not refused(verifier, signed(OTHER, {"kid": "new"}))
        assert not refused(verifier, signed(jti="tok_2"))

    def test_keys_once_read_go_on_while_nobody_publishes(self, keys_server: Answering, published: Published) -> None:
        verifier = Verifier(PublicKeys(keys_server.url))
        assert not refused(verifier, signed())
        for body in (b"", b"{}", b"[]", b'{"keys": []}', b'{"keys": [{}]}', b'{"keys": [7]}', b'{"keys": 7}'):
            published.body = body
            verifier._keys._read_at -= identity._KEY_REFRESH
            assert refused(verifier, signed(OTHER, {"kid": "new"}))
            assert not refused(verifier, signed(jti=f"tok {body!r}"))

    @pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n"])
    def test_without_any_key_the_service_is_unavailable_not_forbidding(self, reply: bytes) -> None:
        def answer(sock: socket.socket, _request: bytes) -> bool:
            sock.sendall(reply)
            return False

        with answering(answer) as server, pytest.raises(ServiceUnavailable):
            Verifier(PublicKeys(server.url)).verify(signed())

    def test_only_p256_keys_count(self, published: Published, verifier: Verifier) -> None:
        big = public(ec.generate_private_key(ec.SECP384R1()), "big")
        published.body = json.dumps(
            {"keys": [big, {"kty": "oct", "k": "AA", "kid": "oct"}, public(OURS, "ours")]}
        ).encode()
        assert not refused(verifier, signed())
        assert set(verifier._keys._keys) == {"ours"}


ADA = Caller("guest", id="gst_1", session="ses_1")
WIM = Caller("staff", id="usr_1", roles=frozenset({"kitchen", "waiter"}))


class TestDoors:
    @pytest.mark.parametrize(
        ("who", "caller"),
        [
            (ANYONE, NOBODY),
            (ANYONE, ADA),
            (ANYONE, WIM),
            (GUEST, ADA),
            (staff("waiter"), WIM),
            (staff("kitchen"), WIM),
            (guest_or_staff("waiter"), ADA),
            (guest_or_staff("waiter"), WIM),
        ],
    )
    def test_who_may_enter(self, who: identity.Who, caller: Caller) -> None:
        who.admit(caller)

    @pytest.mark.parametrize(
        ("who", "caller", "refusal"),
        [
            (GUEST, NOBODY, Unauthenticated),
            (staff("waiter"), NOBODY, Unauthenticated),
            (guest_or_staff("waiter"), NOBODY, Unauthenticated),
            (GUEST, WIM, RoleNotAllowed),
            (staff("waiter"), ADA, RoleNotAllowed),
            (staff("manager"), WIM, RoleNotAllowed),
            (guest_or_staff("manager"), WIM, RoleNotAllowed),
            (staff("waiter"), Caller("guest", roles=frozenset({"waiter"})), RoleNotAllowed),
        ],
    )
    def test_who_may_not(self, who: identity.Who, caller: Caller, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            who.admit(caller)
