"""The boards of the staff on a tablet, and a guest at a table of their own who sends orders to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.support.calls import call

if TYPE_CHECKING:
    from tests.support.browser import Phone, Staff
    from tests.support.platform import Platform


class Board:
    """Somebody on the staff before a board, and a guest at a table."""

    def __init__(self, held: Phone, platform: Platform, table: dict[str, Any], manager: Staff) -> None:
        self.board, self.page, self.platform, self.table, self.manager = held, held.page, platform, table, manager
        self.guest = call(f"{platform.url}/v1/auth/guest", "POST", body={"table_code": table["code"]}).json

    def enter(self, page: str, role: str) -> None:
        """Open a board and sign in."""
        self.page.goto(f"{self.platform.url}/staff/{page}")
        self.page.get_by_label("E-mail").fill(self.platform.email(role))
        self.page.get_by_label("Password", exact=True).fill(self.platform.password(role))
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("main")).to_be_visible()

    def order(self, note: str = "") -> Any:
        """Send an order of two soups from this table."""
        menu = self.ask("GET", "/v1/menu?language=en")
        (soup,) = [one for part in menu["categories"] for one in part["items"] if one["name"] == "Tomato soup"]
        body = {"items": [{"menu_item_id": soup["id"], "quantity": 2}], **({"note": note} if note else {})}
        order = self.ask("POST", "/v1/orders", body, key=f"board-{self.table['name']}-{note}")
        return self.ask("POST", f"/v1/orders/{order['id']}/place", {})

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """Make a request as the guest that must work and give what it answers."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = call(self.platform.url + path, method, body=body, token=self.guest["access_token"], headers=headers)
        assert answer.status < 400, answer
        return answer.json
