"""Doors to what happens: events as a list and as a live stream, and calls for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.order import calls, errors, events, table_schemas
from ordering_platform.runtime.entrypoints import http
from ordering_platform.runtime.identity import GUEST, guest_or_staff, staff
from ordering_platform.runtime.request import EventStream
from ordering_platform.runtime.schemas import PageQuery

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.notifications import Notifications
    from ordering_platform.runtime.request import Request

_STREAM = "text/event-stream"


class EventDoors:
    """Events and staff calls."""

    db: Transactions
    news: Notifications

    @http(
        "GET",
        "/v1/orders/<order_id>/events",
        who=guest_or_staff("kitchen"),
        answers=table_schemas.EventPage,
        raises=(errors.OrderNotFound, errors.SessionClosed),
    )
    def list_order_events(self, request: Request, order_id: str) -> dict[str, Any]:
        """List everything that happened to an order."""
        with self.db.read() as tx:
            return events.of_order(tx, request.caller, order_id)

    @http(
        "GET",
        "/v1/events",
        who=guest_or_staff("kitchen"),
        query=PageQuery,
        answers=table_schemas.EventPage,
        produces=(_STREAM,),
        raises=(errors.SessionClosed,),
    )
    def list_events(self, request: Request) -> dict[str, Any] | EventStream:
        """List what happened, or follow it live as server-sent events.

        ``after`` (or Last-Event-ID) is the id of the last event seen; without it a list begins with the
        latest events and a stream with the next one.
        """
        after = request.query.get("after")
        if _STREAM in request.headers.get("Accept", ""):
            after = request.headers.get("Last-Event-ID") or after
            return EventStream(events.stream(self.db, self.news, request.caller, after))
        with self.db.read() as tx:
            return events.listed(tx, request.caller, after, request.query["limit"])

    @http(
        "POST",
        "/v1/staff-calls",
        who=GUEST,
        body=table_schemas.NewStaffCall,
        answers=table_schemas.StaffCall,
        status=201,
        raises=(errors.SessionClosed,),
    )
    def call_staff(self, request: Request) -> dict[str, Any]:
        """Call staff to the table; a call of this kind that waits already is given back."""
        with self.db.transaction() as tx:
            return calls.call(tx, request.caller, request.body["kind"], request.body.get("note", ""))

    @http(
        "GET",
        "/v1/staff-calls",
        who=staff("waiter"),
        query=table_schemas.StaffCallQuery,
        answers=table_schemas.StaffCallPage,
    )
    def list_staff_calls(self, request: Request) -> dict[str, Any]:
        """List the calls that wait, or those of any status."""
        with self.db.read() as tx:
            return calls.listed(tx, request.caller, request.query)

    @http(
        "POST",
        "/v1/staff-calls/<call_id>/acknowledge",
        who=staff("waiter"),
        answers=table_schemas.StaffCall,
        raises=(errors.StaffCallNotFound,),
    )
    def acknowledge_call(self, request: Request, call_id: str) -> dict[str, Any]:
        """Say that somebody is on the way."""
        with self.db.transaction() as tx:
            return calls.answer(tx, request.caller, call_id, "acknowledged")

    @http(
        "POST",
        "/v1/staff-calls/<call_id>/resolve",
        who=staff("waiter"),
        answers=table_schemas.StaffCall,
        raises=(errors.StaffCallNotFound,),
    )
    def resolve_call(self, request: Request, call_id: str) -> dict[str, Any]:
        """Say that it has been done."""
        with self.db.transaction() as tx:
            return calls.answer(tx, request.caller, call_id, "resolved")
