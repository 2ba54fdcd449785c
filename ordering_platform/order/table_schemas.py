"""What comes in and what goes out at the doors to venue, tables, sessions, calls and events."""

from __future__ import annotations

from marshmallow import fields

from ordering_platform.order import statuses
from ordering_platform.order.schemas import NOTE, MoneyOut, TableRef
from ordering_platform.runtime.schemas import (
    Choice,
    Choices,
    Flag,
    IdField,
    Int,
    ListOf,
    MoneyField,
    PageQuery,
    RequestSchema,
    ResponseSchema,
    Text,
    Timestamp,
)

NAME = 60


class VenueChange(RequestSchema):
    """What changes on the venue."""

    name = Text(max=100)
    time_zone = Text(max=60)
    languages = ListOf(Text(min=2, max=12), min=1, max=20)
    policy = Choice(statuses.POLICIES)
    tax_included = Flag()
    tax_rounding = Choice(("per_rate", "per_line"))
    service_charge_bps = Int(max=10_000)
    max_quantity = Int(min=1, max=1000)
    max_items = Int(min=1, max=10_000)
    max_unpaid_orders = Int(min=1, max=1000)
    order_cap = MoneyField()
    paused = Flag()
    paused_until = Timestamp(allow_none=True)
    pause_message = Text(min=0, max=300)
    business_day_close = Int(max=23)
    idle_close_minutes = Int(min=5, max=1440)
    session_closing = Choice(statuses.SESSION_CLOSINGS)
    cash_step_minor = Int(min=1, max=100_000)
    address = Text(min=0, max=300)
    tax_number = Text(min=0, max=60)


class Venue(ResponseSchema):
    """The venue and its rules."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    currency = fields.String(required=True)
    currency_digits = fields.Integer(required=True)
    time_zone = fields.String(required=True)
    languages = fields.List(fields.String(), required=True)
    policy = fields.String(required=True)
    tax_included = fields.Boolean(required=True)
    tax_rounding = fields.String(required=True)
    service_charge_bps = fields.Integer(required=True)
    paused = fields.Boolean(required=True)
    paused_until = fields.DateTime(required=True, allow_none=True)
    pause_message = fields.String(required=True)
    max_quantity = fields.Integer(required=True)
    max_items = fields.Integer(required=True)
    max_unpaid_orders = fields.Integer(required=True)
    order_cap = fields.Nested(MoneyOut, required=True)
    business_day_close = fields.Integer(required=True)
    idle_close_minutes = fields.Integer(required=True)
    session_closing = fields.String(required=True)
    cash_step_minor = fields.Integer(required=True)
    address = fields.String(required=True)
    tax_number = fields.String(required=True)
    menu_version = fields.Integer(required=True)
    version = fields.Integer(required=True)


class NewTable(RequestSchema):
    """A table as people call it."""

    name = Text(max=NAME, required=True)
    sort_order = Int(max=100_000)


class TableChange(RequestSchema):
    """What changes on a table."""

    name = Text(max=NAME)
    sort_order = Int(max=100_000)


class Table(ResponseSchema):
    """A table, its printed link and who sits there."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    code = fields.String(required=True)
    url = fields.String(required=True)
    sort_order = fields.Integer(required=True)
    session_id = fields.String(required=True, allow_none=True)


class TablePage(ResponseSchema):
    """The tables of the venue."""

    data = fields.List(fields.Nested(Table), required=True)
    next = fields.String(required=True, allow_none=True)
    has_more = fields.Boolean(required=True)


class LinkVenue(ResponseSchema):
    """The venue behind a link."""

    name = fields.String(required=True)
    languages = fields.List(fields.String(), required=True)


class LinkTable(ResponseSchema):
    """The table behind a link."""

    name = fields.String(required=True)


class TableLink(ResponseSchema):
    """What a printed link belongs to."""

    venue = fields.Nested(LinkVenue, required=True)
    table = fields.Nested(LinkTable, required=True)


class NewSession(RequestSchema):
    """The table a party sits down at."""

    table_id = IdField("tbl", required=True)


class Closing(RequestSchema):
    """Why a visit ends, and whether it ends although something is not paid."""

    force = Flag()
    reason = Text(max=NOTE)


class SessionQuery(PageQuery):
    """Which sessions to list."""

    status = Choice(("open", "closed"))


class SessionGuest(ResponseSchema):
    """Somebody who has joined a table."""

    id = fields.String(required=True)
    nickname = fields.String(required=True, allow_none=True)


class TableSession(ResponseSchema):
    """A party at a table."""

    id = fields.String(required=True)
    table = fields.Nested(TableRef, required=True)
    status = fields.String(required=True)
    confirmed = fields.Boolean(required=True)
    visit_code = fields.String(required=True, allow_none=True)
    guests = fields.List(fields.Nested(SessionGuest), required=True)
    opened_at = fields.DateTime(required=True)
    closed_at = fields.DateTime(required=True, allow_none=True)
    close_reason = fields.String(required=True, allow_none=True)


class TableSessionPage(ResponseSchema):
    """A page of table sessions."""

    data = fields.List(fields.Nested(TableSession), required=True)
    next = fields.String(required=True, allow_none=True)
    has_more = fields.Boolean(required=True)


class NewStaffCall(RequestSchema):
    """What a guest needs."""

    kind = Choice(statuses.CALL_KINDS, required=True)
    note = Text(min=0, max=200)


class StaffCallQuery(PageQuery):
    """Which calls to list; those that wait unless asked otherwise."""

    status = Choices(statuses.CALL_STATUSES)


class StaffCall(ResponseSchema):
    """A call from a table."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    note = fields.String(required=True)
    status = fields.String(required=True)
    session_id = fields.String(required=True)
    table = fields.Nested(TableRef, required=True)
    guest_id = fields.String(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)
    acknowledged_at = fields.DateTime(required=True, allow_none=True)
    resolved_at = fields.DateTime(required=True, allow_none=True)


class StaffCallPage(ResponseSchema):
    """A page of calls."""

    data = fields.List(fields.Nested(StaffCall), required=True)
    next = fields.String(required=True, allow_none=True)
    has_more = fields.Boolean(required=True)


class EventActor(ResponseSchema):
    """Who did it; guests are not told which member of staff."""

    kind = fields.String(required=True)
    id = fields.String(required=True, allow_none=True)


class Event(ResponseSchema):
    """Something that happened."""

    id = fields.String(required=True)
    at = fields.DateTime(required=True)
    kind = fields.String(required=True)
    actor = fields.Nested(EventActor, required=True)
    start = fields.String(required=True, allow_none=True, data_key="from")
    to = fields.String(required=True, allow_none=True)
    order_id = fields.String(required=True, allow_none=True)
    session_id = fields.String(required=True, allow_none=True)
    subject_id = fields.String(required=True, allow_none=True)
    details = fields.Dict(required=True)


class EventPage(ResponseSchema):
    """A page of events."""

    data = fields.List(fields.Nested(Event), required=True)
    next = fields.String(required=True, allow_none=True)
    has_more = fields.Boolean(required=True)
