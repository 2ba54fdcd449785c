"""What the doors of the auth service read and answer."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from ordering_platform.auth import emails, passwords, roles
from ordering_platform.runtime.schemas import (
    Choice,
    Flag,
    IdField,
    Int,
    ListOf,
    Nested,
    RequestSchema,
    ResponseSchema,
    Text,
    Timestamp,
)


class Email(Text):
    """An e-mail address in the one form in which it is kept and compared."""

    def __init__(self, **kwargs: Any) -> None:
        """Bound the length as RFC 5321 does."""
        super().__init__(max=emails.MAX_LENGTH, validate=[_is_address], **kwargs)

    def json_schema(self) -> dict[str, Any]:
        """Describe itself to readers of the OpenAPI document."""
        return {"type": "string", "format": "email", "maxLength": emails.MAX_LENGTH}

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        return emails.normal(super()._deserialize(value, attr, data, **kwargs))


def _is_address(text: str) -> None:
    if not emails.is_address(text):
        raise ma.ValidationError("email|Send an address like name@example.com.")


def _new_password(**kwargs: Any) -> Text:
    # Not trimmed: a blank somebody chose belongs to the password.
    return Text(min=passwords.MIN_LENGTH, max=passwords.MAX_LENGTH, trim=False, **kwargs)


class Login(RequestSchema):
    """Who logs in."""

    email = Email(required=True)
    password = Text(max=passwords.MAX_LENGTH, trim=False, required=True)


class NewPassword(RequestSchema):
    """The present password and the one that takes its place."""

    password = Text(max=passwords.MAX_LENGTH, trim=False, required=True)
    new_password = _new_password(required=True)


class RefreshToken(RequestSchema):
    """The newest refresh token of a login."""

    refresh_token = Text(max=200, required=True)


class Registration(RequestSchema):
    """Who wants an account."""

    email = Email(required=True)
    password = _new_password(required=True)
    name = Text(max=80, required=True)
    invite = Text(max=64)


class Seat(RequestSchema):
    """The table a guest sits at."""

    table_code = Text(max=64, required=True)
    nickname = Text(max=40)
    visit_code = Text(max=16)


class NewUser(RequestSchema):
    """Somebody who starts to work here."""

    email = Email(required=True)
    name = Text(max=80, required=True)
    role = Choice(roles.ROLES, required=True)
    password = _new_password()


class UserChange(RequestSchema):
    """What changes about a user; what is left out stays."""

    name = Text(max=80)
    role = Choice(roles.ROLES)
    disabled = Flag()


class NewInvite(RequestSchema):
    """What an invited person will be."""

    role = Choice(roles.ROLES, required=True)


class LoggedInUser(ResponseSchema):
    """Whom the tokens belong to."""

    id = IdField("usr")
    email = Email()
    name = Text(max=80)
    role = Choice(roles.ROLES)
    venue_id = IdField("ven")


class Tokens(ResponseSchema):
    """An access token for 15 minutes and a refresh token for the next one."""

    access_token = Text(max=4096)
    token_type = Choice(["Bearer"])
    expires_in = Int()
    refresh_token = Text(max=200)
    user = Nested(LoggedInUser)


class Accepted(ResponseSchema):
    """The request was taken; whether the e-mail address was free is not told."""

    status = Choice(["accepted"])


class GuestName(ResponseSchema):
    """A guest as the table knows them."""

    id = IdField("gst")
    nickname = Text(max=40, allow_none=True)


class SessionName(ResponseSchema):
    """A table session."""

    id = IdField("ses")
    status = Text(max=20)


class TableName(ResponseSchema):
    """A table."""

    id = IdField("tbl")
    name = Text(max=40)


class GuestToken(ResponseSchema):
    """An access token for one guest at one table session."""

    access_token = Text(max=4096)
    token_type = Choice(["Bearer"])
    expires_in = Int()
    guest = Nested(GuestName)
    session = Nested(SessionName)
    table = Nested(TableName)
    venue_id = IdField("ven")


class _Account(ResponseSchema):
    email = Email()
    name = Text(max=80)
    role = Choice(roles.ROLES)
    venue_id = IdField("ven")
    disabled = Flag()
    created_at = Timestamp()
    updated_at = Timestamp()


class User(_Account):
    """An account; ``first_password`` is told once, where the platform made it."""

    id = IdField("usr")
    first_password = Text(max=passwords.MAX_LENGTH)


class FirstPassword(ResponseSchema):
    """A password the platform made, which is told once."""

    first_password = Text(max=passwords.MAX_LENGTH)


class Users(ResponseSchema):
    """A page of accounts."""

    data = ListOf(Nested(User))
    next = Text(max=500, allow_none=True)
    has_more = Flag()


class Me(_Account):
    """Who is asking: staff with their account, guests with their table session."""

    kind = Choice(["staff", "guest"])
    id = Text(max=64)
    session_id = IdField("ses")
    table_id = IdField("tbl")


class Invite(ResponseSchema):
    """An invitation with its code, which is told once."""

    id = IdField("inv")
    role = Choice(roles.ROLES)
    code = Text(max=64)
    expires_at = Timestamp()


class PublicKey(ResponseSchema):
    """The public part of a signing key (RFC 7517)."""

    kty = Choice(["EC"])
    crv = Choice(["P-256"])
    x = Text(max=64)
    y = Text(max=64)
    kid = Text(max=64)
    use = Choice(["sig"])
    alg = Choice(["ES256"])


class PublicKeys(ResponseSchema):
    """The keys with which access tokens are checked."""

    keys = ma.fields.List(Nested(PublicKey))
