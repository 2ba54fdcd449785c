"""One family of errors: what a service raises is what the guest reads and what a peer catches.

A concrete error is three lines: a base that gives the HTTP status, a name that gives the stable
code (``PromotionExpired`` becomes ``promotion_expired``) and a docstring that tells the reader
what happened and how to mend it. Errors cross from service to service as plain data
(``to_wire`` / ``from_wire``), so that a caller needs no import from the callee and compares codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Self

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in the input: a JSON pointer to the field, a stable code and a sentence."""

    pointer: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Give the three fields as a JSON object."""
        return {"pointer": self.pointer, "code": self.code, "message": self.message}


class DomainError(Exception):
    """Something a service refuses, with a stable code that programs may rely on.

    ``message`` defaults to the docstring of the class; ``details`` are JSON values for programs.
    """

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    code: str = "domain_error"
    retry_after: int | None = None
    families: ClassVar[set[str]] = set()

    def __init_subclass__(cls, *, family: bool = False) -> None:
        """Derive the code from the name; a ``family`` only lends its status to its children."""
        super().__init_subclass__()
        cls.code = _WORD_STARTS.sub("_", cls.__name__).lower()
        if family:
            cls.families.add(cls.__name__)

    def __init__(
        self,
        message: str | None = None,
        *,
        errors: tuple[FieldError, ...] | list[FieldError] = (),
        retry_after: int | None = None,
        **details: Any,
    ) -> None:
        """Keep the sentence, the faults by field and the details."""
        self.message = message or " ".join((type(self).__doc__ or self.code).split())
        self.errors = tuple(errors)
        self.details = details
        if retry_after is not None:
            self.retry_after = retry_after
        super().__init__(self.message)

    def to_wire(self) -> dict[str, Any]:
        """Give the error as plain JSON data, to cross from service to service."""
        return {
            "code": self.code,
            "status": int(self.status),
            "message": self.message,
            "details": self.details,
            "errors": [fault.as_dict() for fault in self.errors],
            "retry_after": self.retry_after,
        }

    @classmethod
    def from_wire(cls, data: dict[str, Any]) -> Self:
        """Rebuild an error another service raised; equality of ``code`` is the contract."""
        error = cls(
            str(data["message"]),
            errors=[FieldError(**fault) for fault in data.get("errors", ())],
            retry_after=data.get("retry_after"),
            **data.get("details", {}),
        )
        error.code = str(data["code"])
        error.status = int(data["status"])
        return error


class BadRequest(DomainError, family=True):
    """The request could not be read; it is malformed."""

    status = HTTPStatus.BAD_REQUEST


class Unauthorized(DomainError, family=True):
    """The caller did not prove who they are."""

    status = HTTPStatus.UNAUTHORIZED


class PaymentRequired(DomainError, family=True):
    """The payment was not accepted."""

    status = HTTPStatus.PAYMENT_REQUIRED


class Forbidden(DomainError, family=True):
    """The caller is known and may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(DomainError):
    """There is nothing here under this id, or it is not yours to see."""

    status = HTTPStatus.NOT_FOUND


class Conflict(DomainError, family=True):
    """The request does not fit the present state of things."""

    status = HTTPStatus.CONFLICT


class Gone(DomainError, family=True):
    """What was here has ended and will not come back."""

    status = HTTPStatus.GONE


class PreconditionFailed(DomainError):
    """The thing has changed since you read it; read it again and decide anew."""

    status = HTTPStatus.PRECONDITION_FAILED


class Invalid(DomainError, family=True):
    """The request was read, but its content is not acceptable."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooManyRequests(DomainError, family=True):
    """There were too many attempts in a short time; wait and try again."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    retry_after = 30


class Unavailable(DomainError, family=True):
    """The service cannot answer just now; the same request may be sent again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after = 2


class MalformedJson(BadRequest):
    """The body is not one JSON document in UTF-8; check quotes, commas and encoding."""


class MalformedRequest(BadRequest):
    """The request is not well-formed HTTP; check its line, its headers and its length."""


class UnknownParameter(BadRequest):
    """The address carries a query parameter that this door does not know."""


class InvalidParameter(BadRequest):
    """A query parameter has a value that this door cannot use."""


class IdempotencyKeyMissing(BadRequest):
    """Send an Idempotency-Key header, so that a repeated request is carried out only once."""


class IdempotencyKeyInvalid(BadRequest):
    """The Idempotency-Key must be 8 to 255 printable ASCII characters."""


class Unauthenticated(Unauthorized):
    """Send a bearer token: scan the table's code as a guest, or log in as staff."""


class InvalidToken(Unauthorized):
    """The token is forged, expired or made for another door; get a new one."""


class RoleNotAllowed(Forbidden):
    """Your role may not do this; ask somebody who may."""


class MethodNotAllowed(DomainError):
    """This address does not know that HTTP method; see the Allow header."""

    status = HTTPStatus.METHOD_NOT_ALLOWED


class NotAcceptable(DomainError):
    """This address answers in JSON only; accept application/json."""

    status = HTTPStatus.NOT_ACCEPTABLE


class RequestTimeout(DomainError):
    """The request did not arrive in time; send it again."""

    status = HTTPStatus.REQUEST_TIMEOUT


class LengthRequired(DomainError):
    """Send the body with a Content-Length; chunked bodies are not accepted."""

    status = HTTPStatus.LENGTH_REQUIRED


class PayloadTooLarge(DomainError):
    """The body is larger than this platform accepts."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UriTooLong(DomainError):
    """The address is longer than this platform accepts."""

    status = HTTPStatus.REQUEST_URI_TOO_LONG


class UnsupportedMediaType(DomainError):
    """Send the body as application/json."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class PreconditionRequired(DomainError):
    """Send If-Match with the ETag you read, so that nobody's change is overwritten."""

    status = HTTPStatus.PRECONDITION_REQUIRED


class HeadersTooLarge(DomainError):
    """The request carries more or longer headers than this platform accepts."""

    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class ValidationFailed(Invalid):
    """Some fields are not acceptable; each is listed under errors."""


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was used for a different request; use a fresh key."""


class IdempotencyInProgress(Conflict):
    """The first request with this Idempotency-Key is still running; ask again shortly."""

    retry_after = 1


class RateLimited(TooManyRequests):
    """There were too many requests in a short time; wait and try again."""


class InternalError(DomainError):
    """Something broke on our side; it was logged under the request id."""


class NotImplementedHere(DomainError):
    """This server does not speak that form of HTTP."""

    status = HTTPStatus.NOT_IMPLEMENTED


class BadGateway(DomainError):
    """A service behind the gateway gave an answer that could not be read."""

    status = HTTPStatus.BAD_GATEWAY
    retry_after = 2


class ServiceUnavailable(Unavailable):
    """A service this needs is away just now; the same request may be sent again."""


class Overloaded(Unavailable):
    """The kitchen of this platform is full just now; the same request may be sent again."""


class DeadlineExceeded(DomainError):
    """The answer did not come in time; ask again with the same Idempotency-Key."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    retry_after = 2
