"""The doors of the auth service: logins, guest tokens, accounts and the public signing keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ordering_platform.auth import accounts, attempts, errors, guests, keys, logins, refreshes, registration, schemas
from ordering_platform.runtime.database import Database
from ordering_platform.runtime.entrypoints import http, timer
from ordering_platform.runtime.errors import Overloaded
from ordering_platform.runtime.identity import ANYONE, guest_or_staff, staff
from ordering_platform.runtime.peers import Peer
from ordering_platform.runtime.provided import Provided
from ordering_platform.runtime.request import Answer
from ordering_platform.runtime.schemas import PageQuery

if TYPE_CHECKING:
    from ordering_platform.runtime.request import Request

_SECRET = {"Cache-Control": "no-store"}
_PUBLIC = {"Cache-Control": "public, max-age=300"}


class AuthService:
    """Who people are: the only service that holds passwords and private keys."""

    name = "auth"

    db = Database()
    order = Peer("order")
    keys = Provided(keys.key_file)
    settings = Provided(lambda settings: settings)

    @http(
        "POST",
        "/v1/auth/login",
        who=ANYONE,
        body=schemas.Login,
        answers=schemas.Tokens,
        raises=(errors.InvalidCredentials, errors.TooManyLogins, Overloaded),
    )
    def log_in(self, request: Request) -> Answer:
        """Log in as staff."""
        given = logins.log_in(self.db, self.keys, address=request.remote_addr, **request.body)
        return Answer(given, headers=_SECRET)

    @http(
        "POST",
        "/v1/auth/refresh",
        who=ANYONE,
        body=schemas.RefreshToken,
        answers=schemas.Tokens,
        raises=(errors.RefreshInvalid, errors.RefreshReused),
    )
    def refresh(self, request: Request) -> Answer:
        """Exchange a refresh token for newer tokens; each works once."""
        return Answer(logins.refresh(self.db, self.keys, request.body["refresh_token"]), headers=_SECRET)

    @http("POST", "/v1/auth/logout", who=ANYONE, body=schemas.RefreshToken, status=204)
    def log_out(self, request: Request) -> None:
        """End the login a refresh token belongs to."""
        with self.db.transaction() as tx:
            refreshes.end(tx, request.body["refresh_token"])

    @http(
        "POST",
        "/v1/auth/password",
        who=staff("kitchen"),
        body=schemas.NewPassword,
        answers=schemas.Tokens,
        raises=(errors.WrongPassword, errors.TooManyLogins, Overloaded),
    )
    def change_password(self, request: Request) -> Answer:
        """Change one's own password, which ends every login but the one this answers with."""
        given = logins.change_password(self.db, self.keys, request.caller, address=request.remote_addr, **request.body)
        return Answer(given, headers=_SECRET)

    @http(
        "POST",
        "/v1/auth/register",
        who=ANYONE,
        body=schemas.Registration,
        answers=schemas.Accepted,
        status=202,
        raises=(errors.RegistrationOff, errors.InviteInvalid, errors.TooManyRegistrations, Overloaded),
    )
    def register(self, request: Request) -> dict[str, str]:
        """Ask for a staff account; the answer is the same whether the e-mail address was free or not."""
        registration.register(self.db, self.settings, request.body, request.remote_addr)
        return {"status": "accepted"}

    @http(
        "POST",
        "/v1/auth/guest",
        who=ANYONE,
        body=schemas.Seat,
        answers=schemas.GuestToken,
        status=201,
        relays=(
            "table_not_found",
            "table_code_retired",
            "table_closed",
            "table_full",
            "visit_code_required",
            "too_many_wrong_codes",
        ),
    )
    def seat_guest(self, request: Request) -> Answer:
        """Get a guest token with the code on the table."""
        return Answer(guests.seat(self.order, self.keys, request.caller, **request.body), 201, _SECRET)

    @http("GET", "/v1/auth/me", who=guest_or_staff("kitchen"), answers=schemas.Me)
    def me(self, request: Request) -> dict[str, Any]:
        """Say who is asking."""
        if request.caller.is_guest:
            return guests.me(request.caller)
        with self.db.read() as tx:
            return accounts.me(tx, request.caller)

    @http("GET", "/v1/users", who=staff("manager"), query=PageQuery, answers=schemas.Users)
    def list_users(self, request: Request) -> dict[str, Any]:
        """List the accounts of the venue."""
        with self.db.read() as tx:
            return accounts.page(tx, request.caller.venue, **request.query)

    @http(
        "POST",
        "/v1/users",
        who=staff("manager"),
        body=schemas.NewUser,
        answers=schemas.User,
        status=201,
        raises=(errors.RoleNotYours, errors.EmailTaken, Overloaded),
    )
    def create_user(self, request: Request) -> Answer:
        """Make an account; without a password one is made and told once."""
        return Answer(accounts.create(self.db, request.caller, **request.body), 201, _SECRET)

    @http(
        "POST",
        "/v1/users/invites",
        who=staff("manager"),
        body=schemas.NewInvite,
        answers=schemas.Invite,
        status=201,
        raises=(errors.RoleNotYours,),
    )
    def invite_user(self, request: Request) -> Answer:
        """Make an invitation to register, for one person and one week."""
        with self.db.transaction() as tx:
            made = registration.invite(tx, request.caller, request.body["role"])
        return Answer(made, 201, _SECRET)

    @http("GET", "/v1/users/<user_id>", who=staff("manager"), answers=schemas.User, raises=(errors.UserNotFound,))
    def get_user(self, request: Request, user_id: str) -> dict[str, Any]:
        """Show one account of the venue."""
        with self.db.read() as tx:
            return accounts.get(tx, request.caller.venue, user_id)

    @http(
        "PATCH",
        "/v1/users/<user_id>",
        who=staff("manager"),
        body=schemas.UserChange,
        answers=schemas.User,
        raises=(errors.UserNotFound, errors.RoleNotYours, errors.LastOwner),
    )
    def change_user(self, request: Request, user_id: str) -> dict[str, Any]:
        """Change a name or a role, or disable an account, which ends its logins."""
        with self.db.transaction() as tx:
            return accounts.change(tx, request.caller, user_id, request.body)

    @http(
        "POST",
        "/v1/users/<user_id>/password",
        who=staff("manager"),
        answers=schemas.FirstPassword,
        raises=(errors.UserNotFound, errors.RoleNotYours, Overloaded),
    )
    def reset_password(self, request: Request, user_id: str) -> Answer:
        """Make a new password for somebody who lost theirs, which ends their logins."""
        return Answer(accounts.reset_password(self.db, request.caller, user_id), headers=_SECRET)

    @http("GET", "/.well-known/jwks.json", who=ANYONE, answers=schemas.PublicKeys)
    def public_keys(self, _request: Request) -> Answer:
        """Publish the keys with which access tokens are checked."""
        return Answer(self.keys.published(), headers=_PUBLIC)

    @timer(60.0)
    def sweep(self) -> None:
        """Delete what nobody can use any more."""
        with self.db.transaction() as tx:
            attempts.sweep(tx)
            refreshes.sweep(tx)
            registration.sweep(tx)
