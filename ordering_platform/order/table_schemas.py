"""What comes in and what goes out at the doors to venue, tables, sessions and calls."""

from __future__ import annotations

from marshmallow import fields

from ordering_platform.runtime.schemas import ResponseSchema


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
