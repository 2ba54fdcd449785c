"""What a platform must refuse, each with its exact status and code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.cli.smoke.walk import expect

if TYPE_CHECKING:
    from ordering_platform.cli.smoke.guest import Visit
    from ordering_platform.client import Client

FORGED = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3Jfb3duZXIifQ."
NOBODYS = "ord_00000000000000000000000000"
_JSON = {"Content-Type": "application/json"}


def refusals(visit: Visit) -> None:
    """Knock at doors the wrong way."""
    step = visit.walk.step
    forged = visit.platform.as_caller(FORGED)
    order = f"/v1/orders/{visit.order['id']}"
    step("Without a token: 401", _refused, visit.platform, "GET", order, 401, "unauthenticated")
    step("With a forged token: 401", _refused, forged, "GET", order, 401, "invalid_token")
    step("A guest at a door for staff: 403", _refused, visit.guest, "GET", "/v1/tables", 403, "role_not_allowed")
    step("An unknown order: 404", _refused, visit.guest, "GET", f"/v1/orders/{NOBODYS}", 404, "order_not_found")
    step("An unknown address: 404", _refused, visit.guest, "GET", "/v1/nothing-here", 404, "not_found")
    step("A wrong method: 405", _refused, visit.guest, "PUT", order, 405, "method_not_allowed", body={})
    step("Changing a paid order: 409", _paid_order_is_closed, visit)
    step("A key used for something else: 422", _key_is_taken, visit)
    step("Fields that do not exist: 422", _refused, visit.guest, "POST", "/v1/orders", 422, None, body={"dishes": []})
    step("Broken JSON: 400", _broken_json, visit)


def _refused(client: Client, method: str, path: str, status: int, code: str | None, **sent: Any) -> None:
    answer = client.ask(method, path, **sent)
    found = (answer.json() or {}).get("code")
    expect(answer.status == status, f"answered {answer.status} {found}, not {status}")
    expect(code in {None, found}, f"answered {found}, not {code}")


def _paid_order_is_closed(visit: Visit) -> None:
    path = f"/v1/orders/{visit.order['id']}/items"
    _refused(visit.guest, "POST", path, 409, None, body={"items": [visit.dishes[0].as_item()]})


def _key_is_taken(visit: Visit) -> None:
    answer = visit.guest.ask("POST", "/v1/orders", body={"rehearsal": True, "note": "x"}, key=visit.order_key)
    expect(answer.status == 422, f"answered {answer.status}, not 422")  # noqa: PLR2004  as the step says


def _broken_json(visit: Visit) -> None:
    answer = visit.guest.ask("POST", "/v1/orders", content=b'{"items": [', headers=_JSON)
    expect(answer.status == 400, f"answered {answer.status}, not 400")  # noqa: PLR2004  as the step says
