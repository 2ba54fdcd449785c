"""Lists in pages by key, never by offset: a page says after which row the next one begins."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from ordering_platform.runtime.errors import FieldError, InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEFAULT_LIMIT = 50
MAX_LIMIT = 100


def cursor(values: Sequence[str | int]) -> str:
    """Write the sort key of the last row as an opaque text."""
    return base64.urlsafe_b64encode(json.dumps(list(values)).encode()).decode().rstrip("=")


def uncursor(text: str, types: tuple[type, ...]) -> list[Any]:
    """Read a cursor back; raises InvalidParameter unless it holds exactly these types."""
    try:
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, UnicodeError, RecursionError):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(types) or not _comparable(values):
        fault = FieldError("/after", "invalid_cursor", "Use the cursor of an earlier answer as it is.")
        raise InvalidParameter(errors=[fault])
    return values


def _comparable(values: list[Any]) -> bool:
    # A made-up cursor may hold what PostgreSQL has no value for.
    return all(-(2**63) <= value < 2**63 if isinstance(value, int) else value.isprintable() for value in values)


def page(rows: Sequence[Any], limit: int, key: Callable[[Any], Sequence[str | int]]) -> dict[str, Any]:
    """Make the answer of a list from up to ``limit + 1`` rows; ``key`` gives the sort key of a row."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return {"data": shown, "next": cursor(key(shown[-1])) if more else None, "has_more": more}


def link(path: str, query: str, after: str) -> str:
    """Write the Link header (RFC 8288) that names the next page of a list that was asked for by ``query``."""
    wishes = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "after"]
    return f'<{quote(path)}?{urlencode([*wishes, ("after", after)])}>; rel="next"'
