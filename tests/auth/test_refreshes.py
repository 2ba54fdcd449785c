from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.auth import refreshes
from ordering_platform.auth.models import audit_log, refresh_families, users
from tests.auth.people import PASSWORD, person

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from tests.auth.running import Doors
    from tests.support.http import Response


@pytest.fixture
def token(doors: Doors, engine: Engine) -> str:
    """Give the refresh token of a waiter who just logged in."""
    waiter = person(engine, email="waiter@demo.example")
    answer = doors("POST", "/v1/auth/login", {"email": waiter.email, "password": PASSWORD})
    return str(answer.json["refresh_token"])


def refresh(doors: Doors, token: str) -> Response:
    return doors("POST", "/v1/auth/refresh", {"refresh_token": token})


def move(engine: Engine, **changes: Any) -> None:
    with engine.begin() as tx:
        tx.execute(sa.update(refresh_families).values(**changes))


def ago(interval: str) -> sa.TextClause:
    return sa.text(f"now() - interval '{interval}'")


def test_a_refresh_gives_newer_tokens_of_the_same_user(doors: Doors, token: str) -> None:
    answer = refresh(doors, token)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["refresh_token"] != token
    assert answer.json["user"]["email"] == "waiter@demo.example"
    assert refresh(doors, answer.json["refresh_token"]).status == 200


def test_only_hashes_of_tokens_are_kept(engine: Engine, token: str) -> None:
    with engine.begin() as tx:
        family = tx.execute(sa.select(refresh_families)).one()
    secret = token.split(".")[1]
    assert secret not in str(family._mapping)
    assert bytes(family.current_hash) == refreshes._read(token).hash


def test_a_client_whose_answer_got_lost_gets_the_same_token_again(doors: Doors, token: str) -> None:
    first, again = refresh(doors, token), refresh(doors, token)
    assert (first.status, again.status) == (200, 200)
    assert again.json["refresh_token"] == first.json["refresh_token"]
    assert refresh(doors, first.json["refresh_token"]).status == 200


def test_two_refreshes_at_once_leave_one_usable_token(doors: Doors, token: str) -> None:
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: refresh(doors, token), range(2)))
    assert [answer.status for answer in answers] == [200, 200]
    assert len({answer.json["refresh_token"] for answer in answers}) == 1


def test_an_old_token_that_returns_ends_the_login(doors: Doors, engine: Engine, token: str) -> None:
    newer = refresh(doors, token).json["refresh_token"]
    move(engine, rotated_at=ago("11 seconds"))
    reused = refresh(doors, token)
    assert (reused.status, reused.code) == (401, "refresh_reused")
    assert refresh(doors, newer).code == "refresh_invalid"
    with engine.begin() as tx:
        noted = tx.execute(sa.select(audit_log)).one()
    assert (noted.action, noted.actor_id, noted.venue_id) == ("refresh_reused", "system", "ven_home")


def test_a_token_two_generations_old_ends_the_login_at_once(doors: Doors, token: str) -> None:
    newest = refresh(doors, refresh(doors, token).json["refresh_token"]).json["refresh_token"]
    assert refresh(doors, token).code == "refresh_reused"
    assert refresh(doors, newest).code == "refresh_invalid"


def test_the_end_of_one_login_leaves_the_others(doors: Doors, engine: Engine, token: str) -> None:
    other = doors("POST", "/v1/auth/login", {"email": "waiter@demo.example", "password": PASSWORD}).json
    refresh(doors, token)
    move(engine, rotated_at=ago("11 seconds"))
    assert refresh(doors, token).code == "refresh_reused"
    assert refresh(doors, other["refresh_token"]).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"idle_until": ago("1 second")},
        {"expires_at": ago("1 second")},
        {"revoked_at": ago("1 second")},
    ],
    ids=["idle for 7 days", "30 days old", "logged out"],
)
def test_a_login_that_is_over_gives_no_tokens(
    doors: Doors, engine: Engine, token: str, changes: dict[str, Any]
) -> None:
    move(engine, **changes)
    assert refresh(doors, token).code == "refresh_invalid"


def test_a_login_lasts_30_days_however_busy(doors: Doors, engine: Engine, token: str) -> None:
    move(engine, expires_at=sa.text("now() + interval '1 hour'"))
    assert refresh(doors, token).status == 200
    with engine.begin() as tx:
        family = tx.execute(sa.select(refresh_families)).one()
    assert family.idle_until == family.expires_at


def test_a_disabled_user_gives_no_tokens(doors: Doors, engine: Engine, token: str) -> None:
    with engine.begin() as tx:
        tx.execute(sa.update(users).values(disabled=True))
    assert refresh(doors, token).code == "refresh_invalid"


def test_a_new_role_is_in_the_next_token(doors: Doors, engine: Engine, token: str) -> None:
    with engine.begin() as tx:
        tx.execute(sa.update(users).values(role="manager"))
    answer = refresh(doors, token).json
    assert answer["user"]["role"] == "manager"
    listing = doors("GET", "/v1/users", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert listing.status == 200


@pytest.mark.parametrize(
    "text",
    ["x", "rft_00000000000000000000000000." + "A" * 43, "rft_0.A", "é" * 70, "a.b.c", "A" * 200],
)
def test_what_is_no_token_of_ours_gives_none(doors: Doors, text: str) -> None:
    answer = refresh(doors, text)
    assert (answer.status, answer.code) == (401, "refresh_invalid")


class TestLogout:
    def test_it_ends_the_login(self, doors: Doors, token: str) -> None:
        gone = doors("POST", "/v1/auth/logout", {"refresh_token": token})
        assert (gone.status, gone.body) == (204, b"")
        assert refresh(doors, token).code == "refresh_invalid"

    def test_it_works_with_the_token_before_the_last(self, doors: Doors, token: str) -> None:
        newer = refresh(doors, token).json["refresh_token"]
        doors("POST", "/v1/auth/logout", {"refresh_token": token})
        assert refresh(doors, newer).code == "refresh_invalid"

    def test_who_knows_only_the_family_ends_nothing(self, doors: Doors, token: str) -> None:
        forged = token.split(".", maxsplit=1)[0] + "." + "A" * 43
        for text in (forged, "no token"):
            assert doors("POST", "/v1/auth/logout", {"refresh_token": text}).status == 204
        assert refresh(doors, token).status == 200


def test_logins_nobody_can_use_are_swept_away(engine: Engine, token: str) -> None:
    assert token
    with engine.begin() as tx:
        refreshes.sweep(tx)
        assert tx.scalar(sa.select(sa.func.count()).select_from(refresh_families)) == 1
    move(engine, expires_at=ago("1 second"))
    with engine.begin() as tx:
        refreshes.sweep(tx)
        assert tx.scalar(sa.select(sa.func.count()).select_from(refresh_families)) == 0
