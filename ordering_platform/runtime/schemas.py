"""What may come in and what goes out, in marshmallow: strict types, bounds on everything, faults with codes.

Every field says its faults as ``code|sentence``; ``load_body`` and ``load_query`` turn them into
``FieldError`` with a JSON pointer. Keep one instance of a schema: building one costs more than using it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from marshmallow import validate

from ordering_platform.runtime import ids, paging
from ordering_platform.runtime.errors import FieldError, InvalidParameter, UnknownParameter, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_INT = 2**53 - 1
_MISSING = "missing|Say a value here."
_NULL = "null|This may not be null."
_TYPE = "wrong_type|"
_CURRENCY = re.compile(r"^[A-Z]{3}$")
# Control characters other than tab and line breaks never belong in a text people wrote.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class RequestSchema(ma.Schema):
    """What a client sends: unknown fields are refused, faults come out as FieldError."""

    error_messages = {
        "unknown": "unknown|This field is not known here; remove it.",
        "type": "wrong_type|Send a JSON object here.",
    }

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    def load_body(self, data: Any) -> dict[str, Any]:
        """Check a parsed JSON body; raises ValidationFailed with a pointer for each fault."""
        try:
            loaded: dict[str, Any] = self.load(data)
        except ma.ValidationError as fault:
            raise ValidationFailed(errors=_listed_faults(fault)) from None
        return loaded

    def load_query(self, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Check query parameters, which are all text; raises UnknownParameter or InvalidParameter."""
        try:
            loaded: dict[str, Any] = self.load(dict(arguments))
        except ma.ValidationError as fault:
            faults = _listed_faults(fault)
            refusal = UnknownParameter if any(one.code == "unknown" for one in faults) else InvalidParameter
            raise refusal(errors=faults) from None
        return loaded


class ResponseSchema(ma.Schema):
    """What a client is sent; described for readers and checked in the tests, not on every answer."""

    class Meta:
        """Clients must ignore fields they do not know."""

        unknown = ma.EXCLUDE


def _listed_faults(fault: ma.ValidationError) -> list[FieldError]:
    # marshmallow finds unknown fields in the order of a set; people and replays want one order.
    return sorted(_faults(fault.messages, ""), key=lambda one: one.pointer)


def _faults(messages: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(messages, dict):
        for key, nested in messages.items():
            step = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from _faults(nested, pointer + step)
        return
    for message in messages if isinstance(messages, list) else [messages]:
        code, _, sentence = str(message).partition("|")
        yield FieldError(pointer, code if sentence else "invalid", sentence or code)


def _listed(validators: Any) -> list[Any]:
    return list(validators) if isinstance(validators, (list, tuple)) else [validators]


class Text(ma.fields.Field[str]):
    """Text of bounded length, without control characters, trimmed and in one Unicode form."""

    default_error_messages = {
        "required": _MISSING,
        "null": _NULL,
        "type": _TYPE + "Send a text here.",
        "control": "control_character|Remove the control characters.",
    }

    def __init__(self, *, max: int, min: int = 1, trim: bool = True, **kwargs: Any) -> None:  # noqa: A002  reads as a bound; marshmallow's options
        """Bound the length, in characters after trimming."""
        self.trim = trim
        bound = validate.Length(min=min, max=max, error=f"length|Send {min} to {max} characters.")
        super().__init__(validate=[bound, *_listed(kwargs.pop("validate", []))], **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("type")
        text = unicodedata.normalize("NFC", value)
        if _CONTROL.search(text) or (not text.isascii() and not _encodable(text)):
            raise self.make_error("control")
        return text.strip() if self.trim else text


def _encodable(text: str) -> bool:
    # A lone surrogate passes json.loads and breaks every later step.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Int(ma.fields.Field[int]):
    """A whole number between bounds; 1.0, "1" and true are not whole numbers here."""

    default_error_messages = {
        "required": _MISSING,
        "null": _NULL,
        "type": _TYPE + "Send a whole number here.",
    }

    def __init__(self, *, min: int = 0, max: int = MAX_INT, in_query: bool = False, **kwargs: Any) -> None:  # noqa: A002  reads as a bound; marshmallow's options
        """Bound the number; ``in_query`` reads it from text."""
        self.in_query = in_query
        bound = validate.Range(min=min, max=max, error=f"range|Send a whole number from {min} to {max}.")
        super().__init__(validate=[bound, *_listed(kwargs.pop("validate", []))], **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if self.in_query and isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,16}", value):
            return int(value)
        if type(value) is not int:
            raise self.make_error("type")
        return value


class Flag(ma.fields.Field[bool]):
    """True or false, as JSON says it."""

    default_error_messages = {
        "required": _MISSING,
        "null": _NULL,
        "type": _TYPE + "Send true or false here.",
    }

    def __init__(self, *, in_query: bool = False, **kwargs: Any) -> None:
        """Read ``true`` and ``false`` from text where it stands in a query."""
        self.in_query = in_query
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if self.in_query and value in {"true", "false"}:
            return bool(value == "true")
        if not isinstance(value, bool):
            raise self.make_error("type")
        return value


class Choice(Text):
    """One of a few words."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        """Allow exactly these."""
        self.choices = tuple(choices)
        allowed = validate.OneOf(self.choices, error=f"choice|Send one of: {', '.join(self.choices)}.")
        super().__init__(max=64, validate=[allowed], **kwargs)


class Choices(ma.fields.Field[list[str]]):
    """Several of a few words, comma-separated in a query: ``status=placed,ready``."""

    default_error_messages = {
        "required": _MISSING,
        "null": _NULL,
        "choice": "choice|Send one or more of: {choices}, separated by commas.",
    }

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        """Allow exactly these."""
        self.choices = tuple(choices)
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[str]:
        words = value.split(",") if isinstance(value, str) else []
        if not words or any(word not in self.choices for word in words):
            raise self.make_error("choice", choices=", ".join(self.choices))
        return words


class IdField(Text):
    """An id of one kind, like ``ord_...``."""

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        """Expect this prefix."""
        self.prefix = prefix
        shape = validate.Regexp(rf"^{prefix}_[0-9a-z_]{{1,40}}$", error=f"id|Send an id that begins with {prefix}_.")
        super().__init__(max=64, validate=[shape], **kwargs)


class Timestamp(ma.fields.Field[datetime]):
    """A moment as RFC 3339 with its offset; a time without one is refused, because it means nothing."""

    default_error_messages = {
        "required": _MISSING,
        "null": _NULL,
        "type": _TYPE + "Send a time like 2026-11-23T19:30:00Z.",
        "zone": "zone|Say the offset from UTC, as in 2026-11-23T19:30:00+01:00.",
    }

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise self.make_error("zone")
            return moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError) as fault:
            if isinstance(fault, ma.ValidationError):
                raise
            raise self.make_error("type") from None


class ListOf(ma.fields.List[Any]):
    """A list with bounds on its length."""

    default_error_messages = {
        "required": _MISSING,
        "null": _NULL,
        "invalid": _TYPE + "Send a list here.",
    }

    def __init__(self, inner: Any, *, max: int = 100, min: int = 0, **kwargs: Any) -> None:  # noqa: A002  reads as a bound; marshmallow's options
        """Bound the number of entries."""
        self._bound = validate.Length(min=min, max=max, error=f"length|Send {min} to {max} entries.")
        super().__init__(inner, validate=[self._bound, *_listed(kwargs.pop("validate", []))], **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            # Before the entries: thousands of bad ones would cost as many faults to find, and to send back.
            self._bound(value)
        return list(super()._deserialize(value, attr, data, **kwargs))


class Nested(ma.fields.Nested):
    """An object inside an object."""

    default_error_messages = {
        "required": _MISSING,
        "null": _NULL,
        "type": _TYPE + "Send a JSON object here.",
    }


class MoneySchema(RequestSchema):
    """An amount in whole minor units with its ISO 4217 currency."""

    amount = Int(min=0, max=10**12, required=True)
    currency = Text(
        max=3,
        min=3,
        required=True,
        validate=[validate.Regexp(_CURRENCY, error="currency|Send an ISO 4217 code such as EUR.")],
    )


class MoneyField(Nested):
    """Money as ``{"amount": 1250, "currency": "EUR"}``."""

    def __init__(self, **kwargs: Any) -> None:
        """Nest the amount and its currency."""
        super().__init__(MoneySchema, **kwargs)


class PageQuery(RequestSchema):
    """The query of every list: how many, and after which."""

    limit = Int(min=1, max=paging.MAX_LIMIT, in_query=True, load_default=paging.DEFAULT_LIMIT)
    after = Text(max=500)


def optional_id(prefix: str) -> IdField:
    """Describe an id that may be left out or null."""
    return IdField(prefix, allow_none=True, load_default=None)


def is_id(text: str) -> bool:
    """Whether a path segment can be an id at all; others are answered 404 without asking the database."""
    return ids.PATTERN.match(text) is not None
