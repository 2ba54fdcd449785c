from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest

from tests.auth.people import bearer, guest_bearer, person
from tests.auth.running import serving

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Engine

    from tests.auth.running import Doors


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_the_code_on_the_table_gives_a_token_for_its_session(doors: Doors, seated: list[dict[str, Any]]) -> None:
    answer = doors("POST", "/v1/auth/guest", {"table_code": "one", "nickname": "Ada", "visit_code": "1234"})
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json
    guest_id = told["guest"]["id"]
    assert told["guest"] == {"id": guest_id, "nickname": "Ada"}
    assert told["session"] == {"id": "ses_one", "status": "open"}
    assert told["table"] == {"id": "tbl_one", "name": "Table one"}
    assert (told["venue_id"], told["token_type"], told["expires_in"]) == ("ven_home", "Bearer", 4 * 3600)
    assert seated == [{"guest_id": guest_id, "nickname": "Ada", "visit_code": "1234"}]
    found = claims(told["access_token"])
    assert found["exp"] - found["iat"] == 4 * 3600
    assert {name: found[name] for name in ("aud", "sub", "venue", "session", "table")} == {
        "aud": "guest",
        "sub": guest_id,
        "venue": "ven_home",
        "session": "ses_one",
        "table": "tbl_one",
    }
    assert "roles" not in found


def test_a_guest_is_who_the_token_says(doors: Doors) -> None:
    token = doors("POST", "/v1/auth/guest", {"table_code": "one"}).json["access_token"]
    me = doors("GET", "/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json == {
        "kind": "guest",
        "id": claims(token)["sub"],
        "venue_id": "ven_home",
        "session_id": "ses_one",
        "table_id": "tbl_one",
    }


def test_a_second_scan_of_the_same_table_is_the_same_guest(doors: Doors) -> None:
    again = doors("POST", "/v1/auth/guest", {"table_code": "one"}, guest_bearer(doors.keys))
    assert again.json["guest"]["id"] == "gst_one"


def test_another_table_makes_another_guest(doors: Doors, seated: list[dict[str, Any]]) -> None:
    other = doors("POST", "/v1/auth/guest", {"table_code": "two"}, guest_bearer(doors.keys))
    assert other.json["guest"]["id"] not in {"", "gst_one"}
    assert seated[-1]["guest_id"] == other.json["guest"]["id"]
    assert claims(other.json["access_token"])["session"] == "ses_two"


def test_staff_who_scan_a_table_sit_there_as_a_guest(doors: Doors, engine: Engine) -> None:
    waiter = person(engine)
    answer = doors("POST", "/v1/auth/guest", {"table_code": "one"}, bearer(doors.keys, waiter))
    assert answer.json["guest"]["id"].startswith("gst_")
    assert claims(answer.json["access_token"])["aud"] == "guest"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic YTpi", "Bearer "])
def test_a_token_that_is_no_use_keeps_nobody_from_the_table(doors: Doors, header: str) -> None:
    answer = doors("POST", "/v1/auth/guest", {"table_code": "one"}, {"Authorization": header})
    assert answer.status == 201


def test_what_the_order_service_refuses_is_told_as_it_is(doors: Doors) -> None:
    answer = doors("POST", "/v1/auth/guest", {"table_code": "three"})
    assert (answer.status, answer.code) == (404, "table_not_found")


@pytest.mark.parametrize("field", ["guest_id", "venue_id", "role", "session_id"])
def test_a_guest_chooses_nothing_but_a_name(doors: Doors, seated: list[dict[str, Any]], field: str) -> None:
    answer = doors("POST", "/v1/auth/guest", {"table_code": "one", field: "x"})
    assert answer.status == 422
    assert answer.json["errors"][0]["code"] == "unknown"
    assert seated == []


def test_while_the_order_service_is_away_guests_wait_and_staff_work(
    database_url: str, key_path: Path, engine: Engine
) -> None:
    waiter = person(engine)
    with serving(database_url, key_path, ()) as doors:
        refused = doors("POST", "/v1/auth/guest", {"table_code": "one"})
        assert (refused.status, refused.code) == (503, "service_unavailable")
        assert "retry-after" in refused.headers
        assert doors("GET", "/v1/auth/me", headers=bearer(doors.keys, waiter)).status == 200
