from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.auth import accounts
from ordering_platform.auth.accounts import Person
from ordering_platform.auth.errors import LastOwner, RoleNotYours
from ordering_platform.auth.models import audit_log, users
from tests.auth.people import ABROAD, HOME, PASSWORD, bearer, caller, guest_bearer, person

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from ordering_platform.runtime.database import Transactions
    from tests.auth.running import Doors
    from tests.support.http import Response

NEW = {"email": "new@demo.example", "name": "Nora", "role": "waiter"}


def everybody(engine: Engine) -> list[Any]:
    with engine.begin() as tx:
        return list(tx.execute(sa.select(users).order_by(users.c.id)).all())


def noted(engine: Engine) -> list[tuple[str, str, str, Any]]:
    with engine.begin() as tx:
        rows = tx.execute(sa.select(audit_log).order_by(audit_log.c.id))
        return [(row.actor_id, row.action, row.subject_id, row.details) for row in rows]


def change(doors: Doors, by: Any, user: Any, **wanted: Any) -> Response:
    return doors("PATCH", f"/v1/users/{user.id}", wanted, bearer(doors.keys, by))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/users", None),
        ("POST", "/v1/users", NEW),
        ("POST", "/v1/users/invites", {"role": "kitchen"}),
        ("GET", "/v1/users/usr_1", None),
        ("PATCH", "/v1/users/usr_1", {"name": "Other"}),
    ],
)
class TestWhoMayNotEnter:
    def test_nobody_without_a_token(self, doors: Doors, engine: Engine, method: str, path: str, body: Any) -> None:
        person(engine, id="usr_1")
        before = everybody(engine)
        assert doors(method, path, body).code == "unauthenticated"
        assert everybody(engine) == before

    def test_no_guest(self, doors: Doors, engine: Engine, method: str, path: str, body: Any) -> None:
        person(engine, id="usr_1")
        before = everybody(engine)
        assert doors(method, path, body, guest_bearer(doors.keys)).code == "role_not_allowed"
        assert everybody(engine) == before

    @pytest.mark.parametrize("role", ["kitchen", "waiter", "cashier", "service"])
    def test_nobody_below_a_manager(  # noqa: PLR0917  three come from the table above
        self, doors: Doors, engine: Engine, method: str, path: str, body: Any, role: str
    ) -> None:
        someone = person(engine, role, id="usr_1")
        before = everybody(engine)
        answer = doors(method, path, body, bearer(doors.keys, someone))
        assert (answer.status, answer.code) == (403, "role_not_allowed")
        assert everybody(engine) == before


class TestCreate:
    def test_a_manager_employs_a_waiter(self, doors: Doors, engine: Engine) -> None:
        boss = person(engine, "manager")
        answer = doors("POST", "/v1/users", NEW | {"password": PASSWORD}, bearer(doors.keys, boss))
        assert answer.status == 201
        made = answer.json
        assert {name: made[name] for name in NEW} == NEW
        assert (made["venue_id"], made["disabled"]) == (HOME, False)
        assert not {"password", "password_hash", "first_password"} & set(made)
        assert noted(engine) == [(boss.id, "user_created", made["id"], {"role": "waiter"})]
        login = doors("POST", "/v1/auth/login", {"email": NEW["email"], "password": PASSWORD})
        assert login.json["user"]["id"] == made["id"]

    def test_a_password_made_by_us_is_told_once(self, doors: Doors, engine: Engine) -> None:
        boss = person(engine, "manager")
        made = doors("POST", "/v1/users", NEW, bearer(doors.keys, boss)).json
        password = made["first_password"]
        assert len(password) == 19
        assert doors("POST", "/v1/auth/login", {"email": NEW["email"], "password": password}).status == 200
        shown = doors("GET", f"/v1/users/{made['id']}", headers=bearer(doors.keys, boss)).json
        assert "first_password" not in shown
        assert password not in str(noted(engine))

    def test_two_at_once_with_one_address_make_one_account(self, doors: Doors, engine: Engine) -> None:
        boss = person(engine, "manager")
        headers = bearer(doors.keys, boss)
        with ThreadPoolExecutor(2) as both:
            answers = list(both.map(lambda _: doors("POST", "/v1/users", NEW, headers), range(2)))
        assert sorted(answer.status for answer in answers) == [201, 409]
        assert next(answer for answer in answers if answer.status == 409).code == "email_taken"
        assert len(everybody(engine)) == 2

    def test_an_address_is_taken_on_the_whole_platform(self, doors: Doors, engine: Engine) -> None:
        boss = person(engine, "owner")
        person(engine, venue_id=ABROAD, email=NEW["email"])
        answer = doors("POST", "/v1/users", NEW | {"email": "NEW@demo.example"}, bearer(doors.keys, boss))
        assert (answer.status, answer.code) == (409, "email_taken")

    @pytest.mark.parametrize("role", ["manager", "owner", "service"])
    def test_a_manager_gives_no_role_from_their_own_upwards(self, doors: Doors, engine: Engine, role: str) -> None:
        boss = person(engine, "manager")
        answer = doors("POST", "/v1/users", NEW | {"role": role}, bearer(doors.keys, boss))
        assert (answer.status, answer.code) == (403, "role_not_yours")
        assert everybody(engine) == [boss]

    @pytest.mark.parametrize("role", ["kitchen", "manager", "owner", "service"])
    def test_an_owner_gives_every_role(self, doors: Doors, engine: Engine, role: str) -> None:
        owner = person(engine, "owner")
        answer = doors("POST", "/v1/users", NEW | {"role": role, "password": PASSWORD}, bearer(doors.keys, owner))
        assert (answer.status, answer.json["role"]) == (201, role)

    def test_what_a_manager_was_is_no_right(self, doors: Doors, engine: Engine) -> None:
        former = person(engine, "manager")
        headers = bearer(doors.keys, former)
        with engine.begin() as tx:
            tx.execute(sa.update(users).values(role="waiter"))
        assert doors("POST", "/v1/users", NEW, headers).code == "role_not_yours"
        assert doors("POST", "/v1/users/invites", {"role": "kitchen"}, headers).code == "role_not_yours"

    @pytest.mark.parametrize(
        ("changes", "pointer", "code"),
        [
            ({"id": "usr_mine"}, "/id", "unknown"),
            ({"venue_id": ABROAD}, "/venue_id", "unknown"),
            ({"disabled": False}, "/disabled", "unknown"),
            ({"password_hash": "x"}, "/password_hash", "unknown"),
            ({"role": "admin"}, "/role", "choice"),
            ({"role": ["owner"]}, "/role", "wrong_type"),
            ({"role": None}, "/role", "null"),
            ({"password": "short"}, "/password", "length"),
            ({"password": "p" * 129}, "/password", "length"),
            ({"email": "a@b"}, "/email", "email"),
            ({"email": "a b@c.example"}, "/email", "email"),
            ({"email": "a@c.example\nBcc: d@e.example"}, "/email", "email"),
            ({"email": "a" * 250 + "@c.example"}, "/email", "length"),
            ({"name": ""}, "/name", "length"),
            ({"name": "n" * 81}, "/name", "length"),
        ],
    )
    def test_what_does_not_fit_makes_nobody(
        self, doors: Doors, engine: Engine, changes: dict[str, Any], pointer: str, code: str
    ) -> None:
        owner = person(engine, "owner")
        answer = doors("POST", "/v1/users", NEW | changes, bearer(doors.keys, owner))
        assert answer.status == 422
        assert (pointer, code) in [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]]
        assert everybody(engine) == [owner]


class TestRead:
    def test_a_manager_sees_the_people_of_their_venue_page_by_page(self, doors: Doors, engine: Engine) -> None:
        boss = person(engine, "manager")
        others = [person(engine).id for _ in range(4)]
        person(engine, venue_id=ABROAD)
        headers = bearer(doors.keys, boss)
        first = doors("GET", "/v1/users?limit=3", headers=headers).json
        assert first["has_more"]
        rest = doors("GET", f"/v1/users?limit=3&after={first['next']}", headers=headers).json
        assert (rest["has_more"], rest["next"]) == (False, None)
        shown = [user["id"] for user in first["data"] + rest["data"]]
        assert shown == sorted([boss.id, *others])
        assert not any("password" in key for user in first["data"] for key in user)

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "after=nonsense", "page=2", "after="])
    def test_a_query_of_another_shape_is_refused(self, doors: Doors, engine: Engine, query: str) -> None:
        boss = person(engine, "manager")
        assert doors("GET", f"/v1/users?{query}", headers=bearer(doors.keys, boss)).status == 400

    @pytest.mark.parametrize("user_id", ["usr_unknown", "abc", "usr_abroad", "%00", "usr_'--"])
    def test_who_is_not_here_is_not_found(self, doors: Doors, engine: Engine, user_id: str) -> None:
        owner = person(engine, "owner")
        foreign = person(engine, id="usr_abroad", venue_id=ABROAD)
        headers = bearer(doors.keys, owner)
        assert doors("GET", f"/v1/users/{user_id}", headers=headers).status in {400, 404}
        assert doors("PATCH", f"/v1/users/{user_id}", {"name": "Mine"}, headers).status in {400, 404}
        assert foreign in everybody(engine)


class TestChange:
    def test_a_manager_promotes_a_waiter(self, doors: Doors, engine: Engine) -> None:
        boss, waiter = person(engine, "manager"), person(engine, "waiter")
        answer = change(doors, boss, waiter, role="cashier", name="Wim")
        assert (answer.status, answer.json["role"], answer.json["name"]) == (200, "cashier", "Wim")
        assert answer.json["updated_at"] > answer.json["created_at"]
        moves = {"role": ["waiter", "cashier"], "name": ["Waiter", "Wim"]}
        assert noted(engine) == [(boss.id, "user_changed", waiter.id, moves)]

    def test_nothing_changed_is_nothing_noted(self, doors: Doors, engine: Engine) -> None:
        boss, waiter = person(engine, "manager"), person(engine, "waiter")
        assert change(doors, boss, waiter, role="waiter").status == 200
        assert change(doors, boss, waiter).status == 200
        assert noted(engine) == []

    def test_a_disabled_user_is_out(self, doors: Doors, engine: Engine) -> None:
        boss, waiter = person(engine, "manager"), person(engine, "waiter")
        login = doors("POST", "/v1/auth/login", {"email": waiter.email, "password": PASSWORD}).json
        assert change(doors, boss, waiter, disabled=True).json["disabled"] is True
        assert doors("POST", "/v1/auth/refresh", {"refresh_token": login["refresh_token"]}).status == 401
        change(doors, boss, waiter, disabled=False)
        assert doors("POST", "/v1/auth/refresh", {"refresh_token": login["refresh_token"]}).status == 401
        assert doors("POST", "/v1/auth/login", {"email": waiter.email, "password": PASSWORD}).status == 200

    @pytest.mark.parametrize(
        ("target", "wanted"),
        [
            ("waiter", {"role": "manager"}),
            ("waiter", {"role": "owner"}),
            ("waiter", {"role": "service"}),
            ("manager", {"role": "waiter"}),
            ("manager", {"name": "Other"}),
            ("owner", {"disabled": True}),
            ("service", {"disabled": True}),
        ],
    )
    def test_a_manager_changes_nobody_at_or_above_their_own_role(
        self, doors: Doors, engine: Engine, target: str, wanted: dict[str, Any]
    ) -> None:
        boss, user = person(engine, "manager"), person(engine, target)
        before = everybody(engine)
        assert change(doors, boss, user, **wanted).code == "role_not_yours"
        assert everybody(engine) == before

    def test_everybody_may_mend_their_own_name_and_nothing_else(self, doors: Doors, engine: Engine) -> None:
        boss = person(engine, "manager")
        assert change(doors, boss, boss, name="Mina").json["name"] == "Mina"
        assert change(doors, boss, boss, role="owner").code == "role_not_yours"
        assert change(doors, boss, boss, disabled=True).code == "role_not_yours"

    @pytest.mark.parametrize("field", ["id", "email", "venue_id", "password_hash", "created_at"])
    def test_only_name_role_and_disabled_change(self, doors: Doors, engine: Engine, field: str) -> None:
        owner, waiter = person(engine, "owner"), person(engine, "waiter")
        answer = change(doors, owner, waiter, **{field: "usr_x"})
        assert (answer.status, answer.json["errors"][0]["code"]) == (422, "unknown")

    @pytest.mark.parametrize("wanted", [{"role": "manager"}, {"disabled": True}])
    def test_the_last_active_owner_stays(self, doors: Doors, engine: Engine, wanted: dict[str, Any]) -> None:
        owner = person(engine, "owner")
        person(engine, "owner", disabled=True)
        person(engine, "owner", venue_id=ABROAD)
        answer = change(doors, owner, owner, **wanted)
        assert (answer.status, answer.code) == (409, "last_owner")
        person(engine, "owner")
        assert change(doors, owner, owner, **wanted).status == 200

    @pytest.mark.parametrize("wanted", [{"role": "waiter"}, {"disabled": True}])
    def test_two_owners_cannot_dismiss_each_other(
        self, db: Transactions, engine: Engine, wanted: dict[str, Any]
    ) -> None:
        one, other = person(engine, "owner"), person(engine, "owner")

        def dismiss(by: Any, user: Any) -> str:
            try:
                with db.transaction() as tx:
                    accounts.change(tx, caller(by), user.id, wanted)
            except (RoleNotYours, LastOwner) as refusal:
                return refusal.code
            return "done"

        with ThreadPoolExecutor(2) as both:
            ends = [both.submit(dismiss, one, other), both.submit(dismiss, other, one)]
        assert sorted(end.result() for end in ends) == ["done", "role_not_yours"]
        active = [user for user in everybody(engine) if user.role == "owner" and not user.disabled]
        assert len(active) == 1


class TestSeed:
    PEOPLE = (
        Person(id="usr_demo_owner", email="owner@demo.example", name="Olga", role="owner"),
        Person(email="Waiter@demo.example", name="Wim", role="waiter"),
    )

    def test_it_gives_the_first_password_of_each_account_it_made(self, db: Transactions, doors: Doors) -> None:
        with db.transaction() as tx:
            made = accounts.seed_users(tx, HOME, self.PEOPLE)
        assert set(made) == {"owner@demo.example", "Waiter@demo.example"}
        for email, password in made.items():
            assert doors("POST", "/v1/auth/login", {"email": email, "password": password}).status == 200

    def test_a_second_time_it_makes_nobody(self, db: Transactions, engine: Engine) -> None:
        with db.transaction() as tx:
            accounts.seed_users(tx, HOME, self.PEOPLE)
        before = everybody(engine)
        with db.transaction() as tx:
            assert accounts.seed_users(tx, HOME, self.PEOPLE) == {}
        assert everybody(engine) == before


def test_the_audit_log_only_grows(doors: Doors, engine: Engine) -> None:
    boss = person(engine, "manager")
    doors("POST", "/v1/users", NEW, bearer(doors.keys, boss))
    for statement in (sa.update(audit_log).values(actor_id="usr_other"), sa.delete(audit_log)):
        with pytest.raises(sa.exc.ProgrammingError, match="only ever added"), engine.begin() as tx:
            tx.execute(statement)
    assert len(noted(engine)) == 1
