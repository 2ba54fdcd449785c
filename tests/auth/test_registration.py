from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.auth import attempts, registration
from ordering_platform.auth.errors import InviteInvalid, RegistrationOff, TooManyRegistrations
from ordering_platform.auth.models import audit_log, invites, users
from tests.auth.people import HOME, PASSWORD, bearer, caller, person
from tests.auth.running import HERE, serving
from tests.support import services

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from ordering_platform.runtime.database import Transactions
    from tests.auth.running import Doors

OPEN = services.settings(registration="open", default_venue=HOME)
INVITE = services.settings(registration="invite")


def asking(**changes: str) -> dict[str, str]:
    return {"email": "new@demo.example", "name": "Nora", "password": PASSWORD, **changes}


def everybody(engine: Engine) -> list[Any]:
    with engine.begin() as tx:
        return list(tx.execute(sa.select(users)).all())


def invited(db: Transactions, by: Any, role: str = "waiter") -> str:
    with db.transaction() as tx:
        return str(registration.invite(tx, caller(by), role)["code"])


@pytest.fixture
def manager(engine: Engine) -> Any:
    return person(engine, "manager", email="boss@demo.example")


class TestOff:
    def test_nobody_registers(self, doors: Doors, engine: Engine) -> None:
        answer = doors("POST", "/v1/auth/register", asking())
        assert (answer.status, answer.code) == (403, "registration_off")
        assert everybody(engine) == []

    def test_open_without_a_venue_to_join_is_off(self, db: Transactions) -> None:
        with pytest.raises(RegistrationOff):
            registration.register(db, services.settings(registration="open"), asking(), HERE)

    @pytest.mark.parametrize("field", ["role", "id", "venue_id", "disabled", "admin"])
    def test_nobody_chooses_what_they_become(self, doors: Doors, field: str) -> None:
        answer = doors("POST", "/v1/auth/register", asking(**{field: "owner"}))
        assert answer.status == 422
        assert [fault["code"] for fault in answer.json["errors"]] == ["unknown"]


class TestOpen:
    def test_a_new_and_a_known_address_get_the_same_answer(
        self, database_url: str, key_path: Path, engine: Engine, manager: Any
    ) -> None:
        with serving(database_url, key_path, (), registration="open", default_venue=HOME) as doors:
            new = doors("POST", "/v1/auth/register", asking())
            known = doors("POST", "/v1/auth/register", asking(email=manager.email))
        assert (new.status, new.json) == (202, {"status": "accepted"})
        assert (known.status, known.body) == (202, new.body)
        assert set(new.headers) == set(known.headers)
        assert len(everybody(engine)) == 2

    def test_who_registers_gets_the_least_role_at_the_default_venue(
        self, db: Transactions, doors: Doors, engine: Engine
    ) -> None:
        registration.register(db, OPEN, asking(), HERE)
        (made,) = everybody(engine)
        assert (made.email, made.role, made.venue_id, made.disabled) == ("new@demo.example", "kitchen", HOME, False)
        login = doors("POST", "/v1/auth/login", {"email": made.email, "password": PASSWORD})
        assert login.status == 200

    def test_an_existing_account_stays_as_it_is_and_nobody_is_told(
        self, db: Transactions, engine: Engine, manager: Any
    ) -> None:
        registration.register(db, OPEN, asking(email=manager.email, password="another password"), HERE)
        assert everybody(engine) == [manager]

    def test_two_at_once_with_one_address_make_one_account(self, db: Transactions, engine: Engine) -> None:
        with ThreadPoolExecutor(2) as both:
            list(both.map(lambda _: registration.register(db, OPEN, asking(), HERE), range(2)))
        assert len(everybody(engine)) == 1

    def test_one_address_registers_only_so_often(self, db: Transactions, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(attempts, "REGISTRATIONS", 2)
        for number in range(2):
            registration.register(db, OPEN, asking(email=f"n{number}@demo.example"), HERE)
        with pytest.raises(TooManyRegistrations):
            registration.register(db, OPEN, asking(email="n3@demo.example"), HERE)
        registration.register(db, OPEN, asking(email="n3@demo.example"), "198.51.100.9")


class TestInvite:
    def test_the_invited_get_the_role_and_venue_of_their_invitation(
        self, db: Transactions, engine: Engine, manager: Any
    ) -> None:
        registration.register(db, INVITE, asking(invite=invited(db, manager, "cashier")), HERE)
        made = next(user for user in everybody(engine) if user.email == "new@demo.example")
        assert (made.role, made.venue_id) == ("cashier", manager.venue_id)
        with engine.begin() as tx:
            rows = tx.execute(sa.select(audit_log).order_by(audit_log.c.id)).all()
        assert [(row.action, row.actor_id) for row in rows] == [
            ("user_invited", manager.id),
            ("user_registered", made.id),
        ]

    @pytest.mark.parametrize("code", ["", "0000000000", "x"])
    def test_without_a_good_code_nobody_registers(
        self, db: Transactions, engine: Engine, manager: Any, code: str
    ) -> None:
        with pytest.raises(InviteInvalid):
            registration.register(db, INVITE, asking(invite=code), HERE)
        assert everybody(engine) == [manager]

    def test_a_code_works_once_even_for_two_at_once(self, db: Transactions, engine: Engine, manager: Any) -> None:
        code = invited(db, manager)

        def register(number: int) -> str:
            try:
                registration.register(db, INVITE, asking(invite=code, email=f"n{number}@demo.example"), HERE)
            except InviteInvalid as refusal:
                return refusal.code
            return "made"

        with ThreadPoolExecutor(2) as both:
            assert sorted(both.map(register, range(2))) == ["invite_invalid", "made"]
        assert len(everybody(engine)) == 2

    def test_a_code_is_used_up_by_an_address_that_is_taken(self, db: Transactions, manager: Any) -> None:
        code = invited(db, manager)
        registration.register(db, INVITE, asking(invite=code, email=manager.email), HERE)
        with pytest.raises(InviteInvalid):
            registration.register(db, INVITE, asking(invite=code), HERE)

    def test_a_code_ends_after_a_week(self, db: Transactions, engine: Engine, manager: Any) -> None:
        code = invited(db, manager)
        with engine.begin() as tx:
            tx.execute(sa.update(invites).values(expires_at=sa.func.now()))
        with pytest.raises(InviteInvalid):
            registration.register(db, INVITE, asking(invite=code), HERE)
        with db.transaction() as tx:
            registration.sweep(tx)
            assert tx.scalar(sa.select(sa.func.count()).select_from(invites)) == 0

    def test_a_manager_invites_up_to_cashier(self, doors: Doors, engine: Engine, manager: Any) -> None:
        headers = bearer(doors.keys, manager)
        answer = doors("POST", "/v1/users/invites", {"role": "cashier"}, headers)
        assert (answer.status, answer.json["role"]) == (201, "cashier")
        assert doors("POST", "/v1/users/invites", {"role": "manager"}, headers).code == "role_not_yours"
        with engine.begin() as tx:
            (kept,) = tx.execute(sa.select(invites)).all()
        assert answer.json["code"] not in str(kept._mapping)
