"""Checks what came in, in a fixed order and before any worker is taken: Accept, type, JSON, schema, key."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from ordering_platform.runtime.errors import (
    FieldError,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    InvalidParameter,
    MalformedJson,
    NotAcceptable,
    UnknownParameter,
    UnsupportedMediaType,
    ValidationFailed,
)

if TYPE_CHECKING:
    from ordering_platform.runtime.doors import Door

MAX_DEPTH = 100
MAX_DIGITS = 100
MAX_PARAMETERS = 100

_KEY = re.compile(r"[\x20-\x7e]{8,255}")
_JSON_TYPE = re.compile(r'application/json\s*(?:;\s*charset="?utf-8"?\s*)?', re.IGNORECASE)
_QUALITY_ZERO = re.compile(r";\s*q=0(?:\.0{0,3})?\s*(?:;|$)", re.IGNORECASE)
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKETS = re.compile(rb"[\[\]{}]")
_SHALLOW = 64
_MOST_WISHES = 20


def accepts(header: str | None, media_types: tuple[str, ...]) -> None:
    """Let an Accept header pass that admits one of the types; raises NotAcceptable."""
    if not header or not media_types or header == "*/*":
        return
    admitted: set[str] = set()
    refused: set[str] = set()
    for part in header.split(","):
        name = part.partition(";")[0].strip().lower()
        (refused if _QUALITY_ZERO.search(part) else admitted).add(name)
    for media_type in media_types:
        ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
        # The most specific range decides: "application/json;q=0, */*" excludes JSON.
        decisive = next((one for one in ranges if one in admitted or one in refused), None)
        if decisive in admitted and decisive not in refused:
            return
    raise NotAcceptable


def preferred(header: str | None, media_types: tuple[str, ...]) -> str:
    """Give the one of the types an Accept header wants most; the first of them where it has no wish."""
    wishes: dict[str, float] = {}
    for part in (header or "").split(",")[:_MOST_WISHES]:
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        wishes[name] = next((_number(one[2:]) for one in parameters if one.startswith("q=")), 1.0)

    def wish(media_type: str) -> float:
        ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
        return next((wishes[one] for one in ranges if one in wishes), 0.0)

    # The first of equals, because max keeps it.
    return max(media_types, key=wish)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def query_of(door: Door, text: str) -> dict[str, Any]:
    """Read the query string by the door's schema; raises UnknownParameter or InvalidParameter."""
    if not text and door.query is None:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise InvalidParameter from None
    arguments = dict(pairs)
    if len(arguments) != len(pairs) or any("\x00" in value for value in arguments.values()):
        raise InvalidParameter
    if door.query is None:
        raise UnknownParameter(errors=[FieldError(f"/{name}", "unknown", "Remove it.") for name in arguments])
    loaded: dict[str, Any] = door.query.load_query(arguments)
    return loaded


def body_of(door: Door, content_type: str | None, raw: bytes) -> Any:
    """Read the body by the door's schema; raises UnsupportedMediaType, MalformedJson or ValidationFailed."""
    if door.raw or door.body is None:
        return None
    if raw or content_type is not None:
        _check_type(content_type)
    elif door.body_optional:
        return door.body.load_body({})
    document = parse(raw)
    if not isinstance(document, dict):
        raise ValidationFailed(errors=[FieldError("", "wrong_type", "Send a JSON object here.")])
    return door.body.load_body(document)


def _check_type(content_type: str | None) -> None:
    if content_type != "application/json" and not _JSON_TYPE.fullmatch(content_type or ""):
        raise UnsupportedMediaType


def parse(raw: bytes) -> Any:
    """Parse one JSON document; raises MalformedJson, also for NaN, deep nesting, BOM and broken UTF-8."""
    if raw.count(b"[") + raw.count(b"{") > _SHALLOW and _depth(raw) > MAX_DEPTH:
        raise MalformedJson
    try:
        return _decoder.decode(raw.decode())
    except (ValueError, RecursionError):
        raise MalformedJson from None


def _depth(raw: bytes) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", raw)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise MalformedJson
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise MalformedJson
    return number


def _refuse(_constant: str) -> NoReturn:
    raise MalformedJson


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two readers of a repeated name may each believe another value.
        raise MalformedJson
    return found


_decoder = json.JSONDecoder(parse_constant=_refuse, parse_int=_int, parse_float=_float, object_pairs_hook=_object)


def idempotency_key(door: Door, header: str | None) -> str | None:
    """Give the key of a door that demands one; raises IdempotencyKeyMissing or IdempotencyKeyInvalid.

    The draft of the header makes it a quoted string; most clients send it bare. Both name the same key.
    """
    if header is None:
        if door.idempotent:
            raise IdempotencyKeyMissing
        return None
    key = header[1:-1] if len(header) > 1 and header[0] == header[-1] == '"' else header
    if not _KEY.fullmatch(key):
        if door.idempotent:
            raise IdempotencyKeyInvalid
        return None
    return key
