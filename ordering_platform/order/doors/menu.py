"""Doors to the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.order import errors, menu, menu_schemas
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import guest_or_staff

if TYPE_CHECKING:
    from ordering_platform.order.menu import MenuBook
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Answer, Request


class MenuDoors:
    """Reading the menu, and writing it."""

    db: Transactions
    book: MenuBook

    @http(
        "GET",
        "/v1/menu",
        who=guest_or_staff("kitchen"),
        query=menu_schemas.MenuQuery,
        answers=menu_schemas.Menu,
        raises=(errors.SessionClosed, errors.VenueNotFound),
    )
    def read_menu(self, request: Request) -> Answer:
        """Read the menu in one language, with what can be had right now."""
        language = request.query.get("language") or menu.spoken(request.headers.get("Accept-Language"))
        with self.db.read() as tx:
            return menu.read(tx, self.book, request.caller, language, request.headers.get("If-None-Match"))
