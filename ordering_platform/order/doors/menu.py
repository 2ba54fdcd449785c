"""Doors to the menu: reading it as a guest, writing it as a manager, selling out as the kitchen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.order import errors, menu, menu_editing, menu_schemas
from ordering_platform.order.models import menu_items, menu_options
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import ANYONE, guest_or_staff, staff

if TYPE_CHECKING:
    from ordering_platform.order.menu import MenuBook
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Answer, Request

_MISSING = (errors.MenuEntryNotFound,)


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

    @http(
        "GET",
        "/v1/table-links/<code>/menu",
        who=ANYONE,
        query=menu_schemas.MenuQuery,
        answers=menu_schemas.Menu,
        raises=(errors.TableNotFound,),
    )
    def read_menu_behind(self, request: Request, code: str) -> Answer:
        """Read the menu behind a printed link, before anybody sits down."""
        language = request.query.get("language") or menu.spoken(request.headers.get("Accept-Language"))
        with self.db.read() as tx:
            return menu.behind(tx, self.book, code, language)

    @http("GET", "/v1/menu/source", who=staff("manager"), answers=menu_schemas.MenuSource)
    def read_menu_source(self, request: Request) -> dict[str, Any]:
        """Read the menu as it is written, in every language, for editing."""
        with self.db.read() as tx:
            return menu_editing.source(tx, request.caller)

    @http(
        "POST",
        "/v1/menu/categories",
        who=staff("manager"),
        body=menu_schemas.NewCategory,
        answers=menu_schemas.Category,
        status=201,
    )
    def add_category(self, request: Request) -> dict[str, Any]:
        """Add a category."""
        with self.db.transaction() as tx:
            return menu_editing.put_category(tx, request.caller, None, request.body)

    @http(
        "PATCH",
        "/v1/menu/categories/<category_id>",
        who=staff("manager"),
        body=menu_schemas.CategoryChange,
        answers=menu_schemas.Category,
        raises=_MISSING,
    )
    def change_category(self, request: Request, category_id: str) -> dict[str, Any]:
        """Change a category; what is not named stays."""
        with self.db.transaction() as tx:
            return menu_editing.put_category(tx, request.caller, category_id, request.body)

    @http(
        "DELETE",
        "/v1/menu/categories/<category_id>",
        who=staff("manager"),
        status=204,
        raises=(*_MISSING, errors.CategoryNotEmpty),
    )
    def remove_category(self, request: Request, category_id: str) -> None:
        """Delete a category that has no items."""
        with self.db.transaction() as tx:
            menu_editing.drop_category(tx, request.caller, category_id)

    @http(
        "POST",
        "/v1/menu/items",
        who=staff("manager"),
        body=menu_schemas.NewMenuItem,
        answers=menu_schemas.EditedItem,
        status=201,
        raises=_MISSING,
    )
    def add_menu_item(self, request: Request) -> dict[str, Any]:
        """Add a dish or a drink."""
        with self.db.transaction() as tx:
            return menu_editing.put_item(tx, request.caller, None, request.body)

    @http(
        "PATCH",
        "/v1/menu/items/<item_id>",
        who=staff("manager"),
        body=menu_schemas.MenuItemChange,
        answers=menu_schemas.EditedItem,
        raises=_MISSING,
    )
    def change_menu_item(self, request: Request, item_id: str) -> dict[str, Any]:
        """Change a dish or a drink; what is not named stays."""
        with self.db.transaction() as tx:
            return menu_editing.put_item(tx, request.caller, item_id, request.body)

    @http("DELETE", "/v1/menu/items/<item_id>", who=staff("manager"), status=204, raises=_MISSING)
    def remove_menu_item(self, request: Request, item_id: str) -> None:
        """Take a dish or a drink off the menu; past orders keep what they noted of it."""
        with self.db.transaction() as tx:
            menu_editing.drop_item(tx, request.caller, item_id)

    @http(
        "POST",
        "/v1/menu/items/<item_id>/sold-out",
        who=staff("kitchen"),
        body=menu_schemas.SellingOut,
        answers=menu_schemas.SoldOut,
        raises=_MISSING,
    )
    def sell_item_out(self, request: Request, item_id: str) -> dict[str, Any]:
        """Say that an item is sold out, for good or until a time, or that it is back."""
        with self.db.transaction() as tx:
            return menu_editing.sell_out(tx, request.caller, menu_items, item_id, request.body)

    @http(
        "POST",
        "/v1/menu/options/<option_id>/sold-out",
        who=staff("kitchen"),
        body=menu_schemas.SellingOut,
        answers=menu_schemas.SoldOut,
        raises=_MISSING,
    )
    def sell_option_out(self, request: Request, option_id: str) -> dict[str, Any]:
        """Say that an option is sold out, for good or until a time, or that it is back."""
        with self.db.transaction() as tx:
            return menu_editing.sell_out(tx, request.caller, menu_options, option_id, request.body)

    @http(
        "POST",
        "/v1/menu/option-groups",
        who=staff("manager"),
        body=menu_schemas.NewOptionGroup,
        answers=menu_schemas.OptionGroup,
        status=201,
    )
    def add_option_group(self, request: Request) -> dict[str, Any]:
        """Add an option group with its options."""
        with self.db.transaction() as tx:
            return menu_editing.put_group(tx, request.caller, None, request.body)

    @http(
        "PATCH",
        "/v1/menu/option-groups/<group_id>",
        who=staff("manager"),
        body=menu_schemas.OptionGroupChange,
        answers=menu_schemas.OptionGroup,
        raises=_MISSING,
    )
    def change_option_group(self, request: Request, group_id: str) -> dict[str, Any]:
        """Change an option group; a list of options replaces the one it has."""
        with self.db.transaction() as tx:
            return menu_editing.put_group(tx, request.caller, group_id, request.body)

    @http("DELETE", "/v1/menu/option-groups/<group_id>", who=staff("manager"), status=204, raises=_MISSING)
    def remove_option_group(self, request: Request, group_id: str) -> None:
        """Delete an option group, on every item that offers it."""
        with self.db.transaction() as tx:
            menu_editing.drop_group(tx, request.caller, group_id)
