from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.auth import passwords
from ordering_platform.auth.models import audit_log
from tests.auth.people import ABROAD, PASSWORD, bearer, guest_bearer, person

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from tests.auth.running import Doors
    from tests.support.http import Response

NEW = "a better password"


def log_in(doors: Doors, user: Any, password: str) -> Response:
    return doors("POST", "/v1/auth/login", {"email": user.email, "password": password})


def change(doors: Doors, user: Any, password: str = PASSWORD, new: str = NEW) -> Response:
    body = {"password": password, "new_password": new}
    return doors("POST", "/v1/auth/password", body, bearer(doors.keys, user))


def reset(doors: Doors, by: Any, user: Any) -> Response:
    return doors("POST", f"/v1/users/{user.id}/password", headers=bearer(doors.keys, by))


def test_passwords_are_argon2id_with_the_agreed_cost() -> None:
    assert passwords.hashed("a good password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_hash_of_nobody_has_the_form_and_cost_of_all_others() -> None:
    ours, nobodys = passwords.hashed("a good password").split("$"), passwords.NOBODY.split("$")
    assert nobodys[:4] == ours[:4]
    assert [len(part) for part in nobodys] == [len(part) for part in ours]
    assert not passwords.matches(None, "a good password")


def test_a_broken_hash_is_nobodys_password() -> None:
    assert not passwords.matches("no hash", "a good password")


class TestChange:
    def test_the_new_password_takes_the_place_of_the_old(self, doors: Doors, engine: Engine) -> None:
        waiter = person(engine)
        elsewhere = log_in(doors, waiter, PASSWORD).json["refresh_token"]
        given = change(doors, waiter)
        assert given.status == 200
        assert log_in(doors, waiter, PASSWORD).code == "invalid_credentials"
        assert log_in(doors, waiter, NEW).status == 200
        assert doors("POST", "/v1/auth/refresh", {"refresh_token": elsewhere}).code == "refresh_invalid"
        mine = doors("POST", "/v1/auth/refresh", {"refresh_token": given.json["refresh_token"]})
        assert mine.status == 200
        with engine.begin() as tx:
            noted = tx.execute(sa.select(audit_log)).one()
        assert (noted.action, noted.actor_id, noted.details) == ("password_changed", waiter.id, {})

    def test_a_stolen_token_alone_changes_nothing(self, doors: Doors, engine: Engine) -> None:
        waiter = person(engine)
        refused = change(doors, waiter, "a wrong guess")
        assert (refused.status, refused.code) == (403, "wrong_password")
        assert log_in(doors, waiter, PASSWORD).status == 200

    def test_it_is_no_way_round_the_limit_of_guesses(self, doors: Doors, engine: Engine) -> None:
        waiter = person(engine)
        for _ in range(10):
            assert change(doors, waiter, "a wrong guess").status == 403
        assert change(doors, waiter).code == "too_many_logins"
        assert log_in(doors, waiter, PASSWORD).code == "too_many_logins"

    def test_of_two_at_once_one_is_done(self, doors: Doors, engine: Engine) -> None:
        waiter = person(engine)
        with ThreadPoolExecutor(2) as both:
            answers = list(both.map(lambda new: change(doors, waiter, new=new), ["password one", "password two"]))
        assert sorted(answer.status for answer in answers) == [200, 403]

    @pytest.mark.parametrize("new", ["short", "p" * 129])
    def test_a_password_has_8_to_128_characters(self, doors: Doors, engine: Engine, new: str) -> None:
        assert change(doors, person(engine), new=new).json["errors"][0]["pointer"] == "/new_password"

    def test_guests_have_none(self, doors: Doors) -> None:
        body = {"password": PASSWORD, "new_password": NEW}
        assert doors("POST", "/v1/auth/password", body).code == "unauthenticated"
        assert doors("POST", "/v1/auth/password", body, guest_bearer(doors.keys)).code == "role_not_allowed"


class TestReset:
    def test_a_manager_helps_a_waiter_who_forgot(self, doors: Doors, engine: Engine) -> None:
        boss, waiter = person(engine, "manager"), person(engine, "waiter")
        login = log_in(doors, waiter, PASSWORD).json["refresh_token"]
        given = reset(doors, boss, waiter)
        assert given.status == 200
        assert given.headers["cache-control"] == "no-store"
        assert log_in(doors, waiter, PASSWORD).status == 401
        assert log_in(doors, waiter, given.json["first_password"]).status == 200
        assert doors("POST", "/v1/auth/refresh", {"refresh_token": login}).status == 401
        with engine.begin() as tx:
            noted = tx.execute(sa.select(audit_log)).one()
        assert (noted.action, noted.actor_id, noted.subject_id) == ("password_reset", boss.id, waiter.id)
        assert given.json["first_password"] not in str(noted.details)

    @pytest.mark.parametrize("role", ["manager", "owner", "service"])
    def test_a_manager_takes_nobody_over_who_stands_as_high(self, doors: Doors, engine: Engine, role: str) -> None:
        boss, user = person(engine, "manager"), person(engine, role)
        assert reset(doors, boss, user).code == "role_not_yours"
        assert log_in(doors, user, PASSWORD).status == 200

    @pytest.mark.parametrize("role", ["kitchen", "waiter", "cashier", "service"])
    def test_nobody_below_a_manager_resets(self, doors: Doors, engine: Engine, role: str) -> None:
        someone, user = person(engine, role), person(engine, "kitchen")
        assert reset(doors, someone, user).code == "role_not_allowed"
        assert log_in(doors, user, PASSWORD).status == 200

    def test_people_of_another_venue_are_not_found(self, doors: Doors, engine: Engine) -> None:
        owner, foreign = person(engine, "owner"), person(engine, venue_id=ABROAD)
        assert reset(doors, owner, foreign).code == "user_not_found"
        assert log_in(doors, foreign, PASSWORD).status == 200
