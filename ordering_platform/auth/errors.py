"""Everything the auth service refuses, each with the sentence the reader gets."""

from __future__ import annotations

from ordering_platform.runtime.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthorized


class InvalidCredentials(Unauthorized):
    """The e-mail address or the password is wrong; check both and try again."""


class TooManyLogins(TooManyRequests):
    """There were too many failed logins; wait a while, or log in from another network."""


class WrongPassword(Forbidden):
    """The present password is wrong, so nothing was changed; check it and try again."""


class TooManyRegistrations(TooManyRequests):
    """There were too many registrations from here; wait a while and try again."""


class RefreshInvalid(Unauthorized):
    """This refresh token is unknown, expired or was logged out; log in again."""


class RefreshReused(Unauthorized):
    """This refresh token was used before, so this login was ended everywhere for safety; log in again."""


class RegistrationOff(Forbidden):
    """Registration is switched off here; ask a manager for an account."""


class InviteInvalid(Invalid):
    """This invitation is unknown, used or expired; ask for a new one."""


class EmailTaken(Conflict):
    """There is already an account with this e-mail address; use another one."""


class RoleNotYours(Forbidden):
    """You may not give this role or change somebody who holds it; ask an owner."""


class LastOwner(Conflict):
    """This is the last active owner; make somebody else an owner first."""


class UserNotFound(NotFound):
    """There is no user under this id at your venue."""
