"""A party that has just sat down at a table of its own, and what it asks for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.attacks import refusals
from tests.attacks.world import line

if TYPE_CHECKING:
    from tests.attacks.knocking import Knocker
    from tests.attacks.world import Restaurant
    from tests.support.http import Response


@dataclass(frozen=True, slots=True)
class Party:
    """A guest, their table and session, and the restaurant they sit in."""

    knocker: Knocker
    house: Restaurant
    token: str
    table: dict[str, Any]
    session: str

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Response:
        """Ask as the guest; with a key of its own where none is given."""
        headers = {"Idempotency-Key": secrets.token_hex(8)} | more.pop("headers", {})
        return self.knocker.ask(method, path, body, token=self.token, headers=headers, **more)

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something that is given."""
        answer = self.ask(method, path, body)
        assert answer.status < 300, answer.body
        return answer.json

    def refused(
        self, method: str, path: str, body: Any, status: int, code: str, *, raw: bytes | None = None
    ) -> list[tuple[str, str]]:
        """Ask for something that is refused; gives the faults by pointer and code."""
        headers = {"Content-Type": "application/json"} if raw is not None else {}
        answer = self.ask(method, path, body, raw=raw, headers=headers)
        document = refusals.check(answer, path, status, code)
        return [(fault["pointer"], fault["code"]) for fault in document.get("errors", [])]

    def dish(self, **given: Any) -> dict[str, Any]:
        """Want the one dish of the house."""
        return line(self.house.things, **given)

    def cart(self) -> dict[str, Any]:
        """Begin an order of one soup."""
        made: dict[str, Any] = self.done("POST", "/v1/orders", {"items": [self.dish()]})
        return made

    def sent(self) -> dict[str, Any]:
        """Send an order of one soup."""
        order: dict[str, Any] = self.done("POST", f"/v1/orders/{self.cart()['id']}/place", {})
        return order


def sit_down(knocker: Knocker, house: Restaurant) -> Party:
    """Put up a table and seat a guest there."""
    table = house.owner.post("/v1/tables", {"name": f"Table {secrets.token_hex(4)}"})
    seated = knocker.ask("POST", "/v1/auth/guest", {"table_code": table["code"]}).json
    return Party(knocker, house, seated["access_token"], table, seated["session"]["id"])
