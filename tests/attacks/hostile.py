"""Texts that are code elsewhere, and every place of a document that takes a text."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from ordering_platform.runtime import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    import marshmallow as ma

INJECTIONS = (
    "' OR '1'='1' --",
    "'; DROP TABLE orders.orders CASCADE; --",
    "x') UNION SELECT password_hash FROM auth.users --",
    "%' AND pg_sleep(5) IS NULL AND 'x' LIKE '%",
    "\\'; $$ %s %(id)s {0} {{7*7}} ${jndi:ldap://127.0.0.1:9/x}",
)
CURSORS = ("x", "===", "AAAA", *(base64.urlsafe_b64encode(one.encode()).decode() for one in (
    "[]", "{}", "null", "[null]", "[1]", "[1, 2, 3]", '["x"]', '["x", "y"]', '["2026-99-99T00:00:00Z", "x"]',
    "[1e400]", '["\\u0000"]', '[["x"]]', "[-9223372036854775809]", '["\' OR 1=1 --"]',
)))  # fmt: skip


def texts(schema: ma.Schema, before: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Give the way to every text in a document, through objects and lists."""
    for key, field in schema.load_fields.items():
        name, at, inner = field.data_key or key, before, field
        at = (*at, name)
        while isinstance(inner, schemas.ListOf):
            inner, at = inner.inner, (*at, 0)
        if isinstance(inner, schemas.Text) and not isinstance(inner, (schemas.Choice, schemas.IdField)):
            yield at
        elif isinstance(inner, schemas.Nested):
            yield from texts(inner.schema, at)


def planted(document: Any, at: tuple[str | int, ...], text: str) -> Any:
    """Put a text into a document, with whatever has to be around it."""
    if not at:
        return text
    step, rest = at[0], at[1:]
    if step == 0:
        return [planted(document[0] if document else {}, rest, text)]
    known = document if isinstance(document, dict) else {}
    return {**known, step: planted(known.get(step, {}), rest, text)}
