"""Doors to the venue, its tables, their printed links and the parties that sit there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.order import closing, errors, sessions, table_schemas, tables, venues
from ordering_platform.order.orders import etag
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.errors import PreconditionFailed
from ordering_platform.runtime.identity import ANYONE, guest_or_staff, staff
from ordering_platform.runtime.request import Answer

if TYPE_CHECKING:
    from ordering_platform.runtime.config import Settings
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.request import Request


class TableDoors:
    """The venue, its tables and table sessions."""

    db: Transactions
    settings: Settings

    @http(
        "GET",
        "/v1/venue",
        who=guest_or_staff("kitchen"),
        answers=table_schemas.Venue,
        raises=(errors.VenueNotFound, errors.SessionClosed),
    )
    def view_venue(self, request: Request) -> Answer:
        """Show the venue and its rules."""
        with self.db.read() as tx:
            venue = venues.view(tx, request.caller)
        return Answer(venue, headers={"ETag": etag(venue["version"])})

    @http(
        "PATCH",
        "/v1/venue",
        who=staff("manager"),
        body=table_schemas.VenueChange,
        answers=table_schemas.Venue,
        raises=(errors.VenueNotFound, PreconditionFailed),
    )
    def change_venue(self, request: Request) -> Answer:
        """Change the rules of the venue, pause ordering or take it up again."""
        with self.db.transaction() as tx:
            venue = venues.change(tx, request.caller, request.body, match=request.headers.get("If-Match"))
        return Answer(venue, headers={"ETag": etag(venue["version"])})

    @http(
        "GET",
        "/v1/table-links/<code>",
        who=ANYONE,
        answers=table_schemas.TableLink,
        raises=(errors.TableNotFound, errors.TableCodeRetired),
    )
    def read_link(self, request: Request, code: str) -> dict[str, Any]:  # noqa: ARG002  the code says all
        """Say which venue and table a printed link belongs to."""
        with self.db.read() as tx:
            return tables.behind(tx, code)

    @http("GET", "/v1/tables", who=staff("waiter"), answers=table_schemas.TablePage)
    def list_tables(self, request: Request) -> dict[str, Any]:
        """List the tables with their links and who sits there."""
        with self.db.read() as tx:
            return tables.listed(tx, request.caller, self.settings.public_url)

    @http(
        "POST",
        "/v1/tables",
        who=staff("manager"),
        body=table_schemas.NewTable,
        answers=table_schemas.Table,
        status=201,
        raises=(errors.TableNameTaken,),
    )
    def add_table(self, request: Request) -> dict[str, Any]:
        """Put up a table; it gets a link of its own."""
        with self.db.transaction() as tx:
            table_id = tables.add(tx, request.caller.venue, **request.body)
            return tables.view(tx, request.caller, table_id, self.settings.public_url)

    @http(
        "PATCH",
        "/v1/tables/<table_id>",
        who=staff("manager"),
        body=table_schemas.TableChange,
        answers=table_schemas.Table,
        raises=(errors.TableNotFound, errors.TableNameTaken),
    )
    def change_table(self, request: Request, table_id: str) -> dict[str, Any]:
        """Rename a table or move it in the list; its printed link stays."""
        with self.db.transaction() as tx:
            tables.change(tx, request.caller, table_id, request.body)
            return tables.view(tx, request.caller, table_id, self.settings.public_url)

    @http(
        "DELETE",
        "/v1/tables/<table_id>",
        who=staff("manager"),
        status=204,
        raises=(errors.TableNotFound, errors.TableOccupied),
    )
    def retire_table(self, request: Request, table_id: str) -> None:
        """Take a table out of the house; its link says so from then on."""
        with self.db.transaction() as tx:
            tables.retire(tx, request.caller, table_id)

    @http(
        "POST",
        "/v1/tables/<table_id>/rotate",
        who=staff("manager"),
        answers=table_schemas.Table,
        raises=(errors.TableNotFound,),
    )
    def rotate_table(self, request: Request, table_id: str) -> dict[str, Any]:
        """Give one table a new link; the old print stops working, all others go on."""
        with self.db.transaction() as tx:
            tables.rotate(tx, request.caller, table_id)
            return tables.view(tx, request.caller, table_id, self.settings.public_url)

    @http(
        "GET",
        "/v1/tables/<table_id>/qr.svg",
        who=staff("waiter"),
        produces=("image/svg+xml",),
        raises=(errors.TableNotFound,),
    )
    def draw_table(self, request: Request, table_id: str) -> Answer:
        """Draw the link of a table as a QR code in SVG."""
        with self.db.read() as tx:
            table = tables.view(tx, request.caller, table_id, self.settings.public_url)
        return Answer(tables.qr(table["url"]), headers={"Content-Type": "image/svg+xml", "Cache-Control": "no-store"})

    @http(
        "GET",
        "/v1/table-sessions",
        who=staff("waiter"),
        query=table_schemas.SessionQuery,
        answers=table_schemas.TableSessionPage,
    )
    def list_sessions(self, request: Request) -> dict[str, Any]:
        """List the parties of the venue, newest first."""
        with self.db.read() as tx:
            return sessions.listed(tx, request.caller, request.query)

    @http(
        "POST",
        "/v1/table-sessions",
        who=staff("waiter"),
        body=table_schemas.NewSession,
        answers=table_schemas.TableSession,
        status=201,
        raises=(errors.TableNotFound,),
    )
    def open_session(self, request: Request) -> dict[str, Any]:
        """Open a table for a party, or confirm the party that sits there."""
        with self.db.transaction() as tx:
            return sessions.open_by_staff(tx, request.caller, request.body["table_id"])

    @http(
        "GET",
        "/v1/table-sessions/<session_id>",
        who=staff("waiter"),
        answers=table_schemas.TableSession,
        raises=(errors.SessionNotFound,),
    )
    def view_session(self, request: Request, session_id: str) -> dict[str, Any]:
        """Show a party: who joined and the visit code."""
        with self.db.read() as tx:
            return sessions.view(tx, request.caller, session_id)

    @http(
        "POST",
        "/v1/table-sessions/<session_id>/visit-code",
        who=staff("waiter"),
        answers=table_schemas.TableSession,
        raises=(errors.SessionNotFound, errors.SessionClosed),
    )
    def renew_visit_code(self, request: Request, session_id: str) -> dict[str, Any]:
        """Give a party a new visit code; wrong tries are forgotten."""
        with self.db.transaction() as tx:
            return sessions.renew_code(tx, request.caller, session_id)

    @http(
        "POST",
        "/v1/table-sessions/<session_id>/close",
        who=staff("waiter"),
        body=table_schemas.Closing,
        answers=table_schemas.TableSession,
        raises=(errors.SessionNotFound, errors.UnpaidOrders, errors.ReasonRequired),
    )
    def close_session(self, request: Request, session_id: str) -> dict[str, Any]:
        """End a visit; closed before, it is given back as it is."""
        forced, reason = request.body.get("force", False), request.body.get("reason")
        with self.db.transaction() as tx:
            return closing.close(tx, request.caller, session_id, forced=forced, reason=reason)
