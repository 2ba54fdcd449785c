from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.auth import passwords
from ordering_platform.auth.attempts import Counters, count_login, sweep, take_back
from ordering_platform.auth.models import attempts, users
from tests.auth.people import PASSWORD, bearer, person
from tests.auth.running import HERE

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from ordering_platform.runtime.database import Transactions
    from tests.auth.running import Doors
    from tests.support.http import Response

ELSEWHERE = "198.51.100.9"


def log_in(doors: Doors, email: str, password: str = PASSWORD, **where: Any) -> Response:
    return doors("POST", "/v1/auth/login", {"email": email, "password": password}, **where)


def fail(db: Transactions, email: str, address: str, *, times: int = 1) -> None:
    """Count failed logins without the cost of their hashes."""
    for _ in range(times):
        with db.transaction() as tx:
            count_login(tx, Counters.of(email, address))


def same(one: Response, other: Response) -> bool:
    """Whether two refusals differ in nothing but their request id."""
    left, right = one.json, other.json
    return one.status == other.status and {**left, "request_id": ""} == {**right, "request_id": ""}


def test_staff_log_in_with_the_right_password(doors: Doors, engine: Engine) -> None:
    waiter = person(engine, "waiter", email="waiter@demo.example", name="Wanda")
    answer = log_in(doors, "waiter@demo.example")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 900
    assert answer.json["user"] == {
        "id": waiter.id,
        "email": "waiter@demo.example",
        "name": "Wanda",
        "role": "waiter",
        "venue_id": "ven_home",
    }
    me = doors("GET", "/v1/auth/me", headers={"Authorization": f"Bearer {answer.json['access_token']}"})
    assert me.json["kind"] == "staff"
    assert me.json["id"] == waiter.id


def test_an_email_address_is_the_same_in_any_case_and_width(doors: Doors, engine: Engine) -> None:
    person(engine, email="waiter@demo.example")
    assert log_in(doors, " Waiter@Demo.Example ").status == 200
    assert log_in(doors, "\N{FULLWIDTH LATIN SMALL LETTER W}aiter@demo.example").status == 200


def test_nobody_learns_whether_an_account_exists(doors: Doors, engine: Engine) -> None:
    person(engine, email="known@demo.example")
    person(engine, email="gone@demo.example", disabled=True)
    wrong = log_in(doors, "known@demo.example", "not the password")
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert same(wrong, log_in(doors, "unknown@demo.example", "not the password"))
    assert same(wrong, log_in(doors, "gone@demo.example"))


def test_a_login_of_nobody_checks_a_hash_as_well(doors: Doors, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    person(engine, email="known@demo.example")
    checked = []
    verify = passwords._verify

    def counting(password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "_verify", counting)
    log_in(doors, "known@demo.example", "not the password")
    log_in(doors, "unknown@demo.example", "not the password")
    assert len(checked) == 2
    assert [text.split("$")[:4] for text in checked] == [["", "argon2id", "v=19", "m=19456,t=2,p=1"]] * 2
    assert checked[1] == passwords.NOBODY


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"email": "a@b.example"}, "missing", "/password"),
        ({"password": PASSWORD}, "missing", "/email"),
        ({"email": "no address", "password": PASSWORD}, "email", "/email"),
        ({"email": 7, "password": PASSWORD}, "wrong_type", "/email"),
        ({"email": "a@b.example", "password": "p" * 129}, "length", "/password"),
        ({"email": "a@b.example", "password": PASSWORD, "role": "owner"}, "unknown", "/role"),
    ],
)
def test_a_login_of_another_shape_is_refused(doors: Doors, body: Any, code: str, pointer: str) -> None:
    answer = doors("POST", "/v1/auth/login", body)
    assert answer.status == 422
    assert [(fault["code"], fault["pointer"]) for fault in answer.json["errors"]] == [(code, pointer)]


class TestTooManyFailures:
    def test_the_eleventh_from_one_address_waits_and_another_address_does_not(
        self, doors: Doors, engine: Engine
    ) -> None:
        person(engine, email="boss@demo.example")
        for _ in range(10):
            assert log_in(doors, "boss@demo.example", "wrong guess").status == 401
        refused = log_in(doors, "boss@demo.example")
        assert (refused.status, refused.code) == (429, "too_many_logins")
        assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
        assert log_in(doors, "boss@demo.example", address=ELSEWHERE).status == 200
        assert log_in(doors, "boss@demo.example").status == 429

    def test_unknown_accounts_are_counted_just_the_same(self, doors: Doors) -> None:
        statuses = [log_in(doors, "unknown@demo.example", "wrong guess").status for _ in range(11)]
        assert statuses == [401] * 10 + [429]

    def test_parallel_guesses_get_no_more_tries(self, doors: Doors, engine: Engine) -> None:
        person(engine, email="boss@demo.example")
        with ThreadPoolExecutor(15) as crowd:
            answers = list(crowd.map(lambda number: log_in(doors, "boss@demo.example", f"guess {number}"), range(15)))
        assert sorted(answer.status for answer in answers) == [401] * 10 + [429] * 5

    def test_the_right_password_clears_what_failed_before(self, doors: Doors, engine: Engine) -> None:
        person(engine, email="boss@demo.example")
        for _ in range(2):
            for _ in range(9):
                assert log_in(doors, "boss@demo.example", "wrong guess").status == 401
            assert log_in(doors, "boss@demo.example").status == 200

    def test_the_window_ends_by_itself(self, doors: Doors, engine: Engine) -> None:
        person(engine, email="boss@demo.example")
        for _ in range(11):
            log_in(doors, "boss@demo.example", "wrong guess")
        with engine.begin() as tx:
            tx.execute(sa.update(attempts).values(window_ends=sa.func.now()))
        assert log_in(doors, "boss@demo.example").status == 200

    def test_logins_across_accounts_and_addresses_never_wait_in_a_ring(self, db: Transactions, engine: Engine) -> None:
        def try_and_succeed(number: int) -> None:
            counters = Counters.of(f"staff{number % 3}@demo.example", f"192.0.2.{number % 4}")
            with db.transaction() as tx:
                count_login(tx, counters)
            with db.transaction() as tx:
                take_back(tx, counters)

        with ThreadPoolExecutor(12) as crowd:
            list(crowd.map(try_and_succeed, range(120)))
        with engine.begin() as tx:
            assert set(tx.scalars(sa.select(attempts.c.failures))) == {0}

    def test_counters_are_swept_away_when_their_window_has_passed(self, db: Transactions, engine: Engine) -> None:
        fail(db, "boss@demo.example", HERE)
        with engine.begin() as tx:
            sweep(tx)
            assert len(tx.execute(sa.select(attempts)).all()) == 3
            tx.execute(sa.update(attempts).values(window_ends=sa.func.now()))
            sweep(tx)
            assert tx.execute(sa.select(attempts)).all() == []

    def test_an_account_under_attack_leaves_each_address_fewer_tries(
        self, doors: Doors, db: Transactions, engine: Engine
    ) -> None:
        person(engine, email="boss@demo.example")
        for host in range(5):
            fail(db, "boss@demo.example", f"192.0.2.{host}", times=10)
        guesses = [log_in(doors, "boss@demo.example", "wrong guess", address=ELSEWHERE).status for _ in range(4)]
        assert guesses == [401, 401, 401, 429]
        assert log_in(doors, "boss@demo.example").status == 200

    def test_one_address_cannot_try_many_accounts(self, doors: Doors, db: Transactions, engine: Engine) -> None:
        person(engine, email="boss@demo.example")
        for number in range(10):
            fail(db, f"staff{number}@demo.example", HERE, times=10)
        assert log_in(doors, "boss@demo.example").status == 429
        assert log_in(doors, "boss@demo.example", address=ELSEWHERE).status == 200

    def test_an_ipv6_network_is_one_address(self, doors: Doors, db: Transactions) -> None:
        for host in range(10):
            fail(db, "boss@demo.example", f"2001:db8::{host + 1}")
        assert log_in(doors, "boss@demo.example", "wrong guess", address="2001:db8::ffff").status == 429
        assert log_in(doors, "boss@demo.example", "wrong guess", address="2001:db8:0:1::1").status == 401

    def test_a_login_that_was_never_checked_is_no_failure(
        self, doors: Doors, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        person(engine, email="boss@demo.example")
        monkeypatch.setattr(passwords._lane, "_most", 0)
        for _ in range(12):
            refused = log_in(doors, "boss@demo.example")
            assert (refused.status, refused.code) == (503, "overloaded")
            assert "retry-after" in refused.headers
        monkeypatch.undo()
        assert log_in(doors, "boss@demo.example").status == 200


class TestMe:
    def test_a_disabled_account_is_nobody_any_more(self, doors: Doors, engine: Engine) -> None:
        waiter = person(engine)
        assert doors("GET", "/v1/auth/me", headers=bearer(doors.keys, waiter)).status == 200
        with engine.begin() as tx:
            tx.execute(sa.update(users).values(disabled=True))
        assert doors("GET", "/v1/auth/me", headers=bearer(doors.keys, waiter)).code == "invalid_token"

    def test_without_a_token_there_is_no_me(self, doors: Doors) -> None:
        assert doors("GET", "/v1/auth/me").code == "unauthenticated"
