"""Documents that a schema has to refuse, worked out from the schema: each spoils one field in one way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import marshmallow as ma
from marshmallow import validate

from ordering_platform.payment.refund_schemas import TipBack
from ordering_platform.runtime import schemas
from ordering_platform.runtime.jsonschema import example

HUGE = 10**80


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A document with one fault; without ``code`` the field's own rules choose one."""

    pointer: str
    code: str
    document: Any

    def inside(self, document: dict[str, Any], name: str) -> Spoiled:
        """Put it into a field of another document."""
        return Spoiled(f"/{name}{self.pointer}", self.code, {**document, name: self.document})

    def first(self) -> Spoiled:
        """Make it the only entry of a list."""
        return Spoiled(f"/0{self.pointer}", self.code, [self.document])


def documents(schema: ma.Schema) -> Iterator[Spoiled]:
    """Give bad documents for a schema: unknown, missing and null fields, and bad values for each."""
    good = example(schema)
    yield Spoiled("/surprise", "unknown", {**good, "surprise": 1})
    yield Spoiled("/a~1b~0", "unknown", {**good, "a/b~": 1})
    for key, field in schema.load_fields.items():
        name = field.data_key or key
        if field.required:
            yield Spoiled(f"/{name}", "missing", {one: value for one, value in good.items() if one != name})
        if not field.allow_none:
            yield Spoiled("", "null", None).inside(good, name)
        for bad in values(field):
            yield bad.inside(good, name)


def query_values(schema: ma.Schema) -> Iterator[tuple[str, str]]:
    """Give each parameter with texts it cannot mean."""
    for key, field in schema.load_fields.items():
        for text in _texts(field):
            yield field.data_key or key, text


def _all(bad: Iterable[Any], code: str = "wrong_type") -> Iterator[Spoiled]:
    for value in bad:
        yield Spoiled("", code, value)


@singledispatch
def values(field: Any) -> Iterator[Spoiled]:
    """Give values that a field has to refuse; one we know nothing of takes no number where an object belongs."""
    assert getattr(field, "json_schema", None), f"nobody has said how to spoil a {type(field).__name__}"
    yield from _all([7, "x", [], True])
    yield Spoiled("", "", {"\u0000": object.__name__})


@values.register
def _(_field: TipBack) -> Iterator[Spoiled]:
    yield from _all([7, "all", []])
    yield from documents(schemas.MoneySchema())


@values.register
def _(field: schemas.Text) -> Iterator[Spoiled]:
    yield from _all([7, 1.5, True, [], ["x"], {}])
    yield from _all(["a\x00b", "\ud800", "\x1b[31m"], "control_character")
    bounds = next(one for one in field.validators if isinstance(one, validate.Length))
    assert bounds.max
    yield Spoiled("", "length", "x" * (bounds.max + 1))
    yield Spoiled("", "length", "x" * 20_000)
    if bounds.min:
        yield Spoiled("", "length", "")
    if bounds.min and field.trim:
        yield Spoiled("", "length", " \t\n ")
    if len(field.validators) > 1:
        yield Spoiled("", "", "% nonsense\u202e %")
    yield from _of_kind(field)


def _of_kind(field: schemas.Text) -> Iterator[Spoiled]:
    if isinstance(field, schemas.Choice):
        yield from _all(["nonsense", field.choices[0].upper() + "x"], "choice")
    if isinstance(field, schemas.IdField):
        yield from _all(["abc", "1", f"{field.prefix}_", f"x{field.prefix}_1", f"{field.prefix}_'--"], "id")


@values.register
def _(field: schemas.Int) -> Iterator[Spoiled]:
    yield from _all(["2", "", 1.5, 1.0, True, [], {}])
    bounds = next(one for one in field.validators if isinstance(one, validate.Range))
    yield from _all([bounds.min - 1, bounds.max + 1, -HUGE, HUGE], "range")


@values.register
def _(_field: schemas.Flag) -> Iterator[Spoiled]:
    yield from _all(["true", "", 0, 1, [], {}])


@values.register
def _(_field: schemas.Timestamp) -> Iterator[Spoiled]:
    yield from _all([1, True, "", "yesterday", "2026-13-01T00:00:00Z", "2026-11-23T19:30:00+99:00", [], {}])
    yield from _all(["2026-11-23T19:30:00", "2026-11-23"], "zone")


@values.register
def _(field: schemas.ListOf) -> Iterator[Spoiled]:
    yield from _all([7, "x", True, {}])
    bounds = field._bound
    assert bounds.max, "a list has an end"
    yield Spoiled("", "length", _entries(field.inner, bounds.max + 1))
    if bounds.min:
        yield Spoiled("", "length", [])
    yield Spoiled("/0", "null", [None])
    for bad in values(field.inner):
        yield bad.first()


def _entries(inner: Any, number: int) -> list[Any]:
    holder = ma.Schema.from_dict({"one": inner}, name="Holder")()
    holder.load_fields["one"].required = True
    return [example(holder)["one"]] * number


@values.register
def _(field: ma.fields.Nested) -> Iterator[Spoiled]:
    yield from _all([7, "x", True, []])
    yield from documents(field.schema)


@singledispatch
def _texts(_field: Any) -> tuple[str, ...]:
    return ()


@_texts.register
def _(field: schemas.Text) -> tuple[str, ...]:
    longest = next(one.max for one in field.validators if isinstance(one, validate.Length))
    assert longest
    choice = isinstance(field, (schemas.Choice, schemas.IdField))
    return ("x" * (longest + 1), "", "%00", "%ff", *(("nonsense", "%27--") if choice else ()))


@_texts.register
def _(field: schemas.Int) -> tuple[str, ...]:
    bounds = next(one for one in field.validators if isinstance(one, validate.Range))
    return ("", "x", "1.5", "1e3", "+1", "%D9%A3", str(bounds.min - 1), str(bounds.max + 1), str(HUGE))


@_texts.register
def _(_field: schemas.Flag) -> tuple[str, ...]:
    return ("", "yes", "1", "True")


@_texts.register
def _(_field: schemas.Timestamp) -> tuple[str, ...]:
    return ("", "x", "2026-11-23", "2026-11-23T19:30:00")


@_texts.register
def _(_field: schemas.Choices) -> tuple[str, ...]:
    return ("", "nonsense", ",", "%27--")
