"""A shift: log in, see that rehearsals do not disturb, bring an order to the table, log out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.cli.smoke.walk import Unexpected, Walk, expect

if TYPE_CHECKING:
    from ordering_platform.cli.smoke.guest import Visit
    from ordering_platform.client import Client

VISIT_CODE = "visit_code"

_MOVES = ("accepted", "preparing", "ready", "served")


def log_in(walk: Walk, platform: Client, email: str, password: str) -> dict[str, Any]:
    """Log in and give the answer with its tokens."""
    login: dict[str, Any] = walk.step(
        "Staff log in", platform.post, "/v1/auth/login", {"email": email, "password": password}
    )
    return login


def find_table(walk: Walk, staff: Client) -> str:
    """Give the code of the first table."""
    return walk.step("Staff see the tables", _first_code, staff)


def receive(walk: Walk, staff: Client, table_code: str) -> str:
    """Open the table where guests need the code of a visit to sit down, and give that code."""
    if walk.step("Staff see the house rules", staff.get, "/v1/venue")["policy"] != VISIT_CODE:
        return ""
    return walk.step("Staff open the table", _open_table, staff, table_code)


def shift(visit: Visit, staff: Client) -> None:
    """Bring the order of the visit to its table."""
    step = visit.walk.step
    step("Staff are known", _check_me, staff)
    step("The rehearsal is not among the orders", _check_unseen, visit, staff)
    for status in _MOVES:
        step(f"The order is {status}", _move, visit, staff, status)
    step("Its moves were written down", _check_moves, visit)
    step("The table's QR code", _check_code, visit, staff)


def log_out(visit: Visit, staff: Client, login: dict[str, Any]) -> None:
    """Change the refresh token for a new one, then end the login."""
    step = visit.walk.step
    fresh = step("Fresh tokens", staff.post, "/v1/auth/refresh", {"refresh_token": login["refresh_token"]})
    last = {"refresh_token": fresh["refresh_token"]}
    step("Staff log out", staff.post, "/v1/auth/logout", last)
    step("The login has ended", _check_ended, staff, last)


def _first_code(staff: Client) -> str:
    for table in staff.pages("/v1/tables"):
        return str(table["code"])
    raise Unexpected("the house has no table")


def _open_table(staff: Client, table_code: str) -> str:
    for table in staff.pages("/v1/tables"):
        if table["code"] == table_code:
            return str(staff.post("/v1/table-sessions", {"table_id": table["id"]})["visit_code"])
    raise Unexpected("no table of this house has the code")


def _check_me(staff: Client) -> None:
    expect(staff.get("/v1/auth/me").get("kind") == "staff", "the token does not belong to staff")


def _check_unseen(visit: Visit, staff: Client) -> None:
    newest = staff.get("/v1/orders", limit=100)["data"]
    expect(all(order["id"] != visit.order["id"] for order in newest), "staff see the rehearsal among real orders")


def _move(visit: Visit, staff: Client, status: str) -> None:
    order = staff.post(f"/v1/orders/{visit.order['id']}/status", {"to": status})
    expect(order["status"] == status, f"it is {order['status']}")


def _check_moves(visit: Visit) -> None:
    events = visit.guest.get(f"/v1/orders/{visit.order['id']}/events")["data"]
    moves = [event["to"] for event in events if event.get("to") in _MOVES]
    expect(moves == list(_MOVES), f"the moves are {moves}")


def _check_code(visit: Visit, staff: Client) -> None:
    table = visit.order["table"]["id"]
    answer = staff.ask("GET", f"/v1/tables/{table}/qr.svg", headers={"Accept": "image/svg+xml"}).checked()
    expect(b"<svg" in answer.body, "it is not an SVG")


def _check_ended(staff: Client, last: dict[str, Any]) -> None:
    answer = staff.ask("POST", "/v1/auth/refresh", body=last)
    expect(answer.status == 401, f"the refresh token still answers {answer.status}")  # noqa: PLR2004  Unauthorized
