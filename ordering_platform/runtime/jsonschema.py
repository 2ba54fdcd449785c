"""Describes marshmallow schemas as JSON Schema 2020-12, and gives an example of each.

Hand-written because the ready converters get three things wrong for us: they close answers to fields that
later releases add, they forget the type beside an enumeration, and they know none of our own fields.
A field of another kind describes itself in a method ``json_schema()``.
"""

from __future__ import annotations

from collections import Counter
from functools import singledispatch
from typing import Any

import marshmallow as ma
from marshmallow import validate

from ordering_platform.runtime import schemas

Schema = dict[str, Any]

_REF = "#/components/schemas/"

# What people send under names that mean the same everywhere; a field's own metadata comes first.
_BY_NAME = {
    "email": "ana@example.com",
    "password": "correct horse battery",
    "new_password": "another long phrase",
    "bill_id": "bil_01k9m2x7q4w8z6t1v5b3n0c8d2",
    "menu_item_id": "itm_01k9m2x7q4w8z6t1v5b3n0c8d2",
    "method": "sandbox",
    "token": "tok_approve",
    "name": "Flat white",
    "currency": "EUR",
    "language": "en",
    "nickname": "Ana",
    "note": "No ice, please",
    "reason": "Asked for by the guest",
    "code": "WELCOME10",
    "table_code": "k3v9x2m7q4w8z6t1",
    "time_zone": "Europe/Berlin",
}
_TEXT, _MOMENT = "text", "2026-11-23T19:30:00Z"
_ID_BODY = "01k9m2x7q4w8z6t1v5b3n0c8d2"


class Components:
    """The schemas of one document, each described once and referred to."""

    def __init__(self) -> None:
        """Begin with nothing described."""
        self._described: dict[type[ma.Schema], Schema] = {}

    def ref(self, schema: ma.Schema | type[ma.Schema]) -> Schema:
        """Refer to a schema, describing it first if that is new."""
        instance = schema() if isinstance(schema, type) else schema
        cls = type(instance)
        if cls not in self._described:
            self._described[cls] = {}
            self._described[cls] = self._object(instance)
        ref = {"$ref": _REF + _path(cls)}
        return {"type": "array", "items": ref} if instance.many else ref

    def placed(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put the schemas into a document under short names; two of one name get their room in front."""
        shorts = Counter(_short(cls) for cls in self._described)
        names = {
            _path(cls): _short(cls) if shorts[_short(cls)] == 1 else _room(cls) + _short(cls) for cls in self._described
        }
        document["components"]["schemas"] |= {names[_path(cls)]: one for cls, one in self._described.items()}
        document["components"]["schemas"] = dict(sorted(document["components"]["schemas"].items()))
        renamed: dict[str, Any] = _renamed(document, {_REF + path: _REF + name for path, name in names.items()})
        return renamed

    def field(self, field: Any) -> Schema:
        """Describe one field."""
        described = self._plain(field)
        if field.allow_none:
            described = _or_null(described)
        if words := field.metadata.get("description"):
            described = {**described, "description": words}
        if isinstance(field.load_default, (str, int, bool)) and field.load_default != "":
            described = {**described, "default": field.load_default}
        return described

    def _plain(self, field: Any) -> Schema:
        if describe := getattr(field, "json_schema", None):
            return dict(describe())
        if isinstance(field, ma.fields.Nested):
            return self.ref(_inner(field))
        if isinstance(field, ma.fields.List):
            return {"type": "array", "items": self.field(field.inner), **_bounds(field, "Items")}
        if isinstance(field, ma.fields.Dict):
            values = self.field(field.value_field) if field.value_field else {}
            return {"type": "object", "additionalProperties": values}
        return _described(field)

    def _object(self, schema: ma.Schema) -> Schema:
        asks = isinstance(schema, schemas.RequestSchema)
        described: Schema = {"type": "object"}
        if words := " ".join((type(schema).__doc__ or "").split()):
            described["description"] = words
        described["properties"] = {field.data_key or name: self.field(field) for name, field in _said(schema, asks)}
        if required := [field.data_key or name for name, field in _said(schema, asks) if field.required]:
            described["required"] = required
        if asks:
            described["additionalProperties"] = False
        return described


def _path(cls: type[ma.Schema]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _short(cls: type[ma.Schema]) -> str:
    return cls.__name__.removesuffix("Schema")


def _room(cls: type[ma.Schema]) -> str:
    return cls.__module__.split(".")[1].title()


def _renamed(value: Any, refs: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: refs.get(one, one) if key == "$ref" else _renamed(one, refs) for key, one in value.items()}
    return [_renamed(one, refs) for one in value] if isinstance(value, list) else value


def _said(schema: ma.Schema, asks: bool) -> list[tuple[str, Any]]:
    fields = schema.load_fields if asks else schema.dump_fields
    return list(fields.items())


def _inner(field: ma.fields.Nested) -> ma.Schema:
    inner = field.schema
    inner.many = bool(field.many)
    return inner


def _or_null(described: Schema) -> Schema:
    if "$ref" in described:
        return {"anyOf": [described, {"type": "null"}]}
    if not isinstance(described.get("type"), str):
        return described
    nullable = {**described, "type": [described["type"], "null"]}
    if "enum" in described:
        nullable["enum"] = [*described["enum"], None]
    return nullable


@singledispatch
def _described(field: Any) -> Schema:
    if type(field) is ma.fields.Field:
        return {}
    raise TypeError(f"nobody has said how {type(field).__name__} looks in JSON Schema")


@_described.register
def _(field: schemas.Text) -> Schema:
    return {"type": "string", **_bounds(field, "Length"), **_pattern(field)}


@_described.register
def _(field: schemas.IdField) -> Schema:
    return {"type": "string", **_pattern(field)}


@_described.register
def _(field: schemas.Choice) -> Schema:
    return {"type": "string", "enum": list(field.choices)}


@_described.register
def _(field: schemas.Choices) -> Schema:
    return {"type": "array", "items": {"type": "string", "enum": list(field.choices)}, "minItems": 1}


@_described.register
def _(field: schemas.Int) -> Schema:
    return {"type": "integer", **_bounds(field, "imum")}


@_described.register(schemas.Flag)
@_described.register(ma.fields.Boolean)
def _(_field: Any) -> Schema:
    return {"type": "boolean"}


@_described.register(schemas.Timestamp)
@_described.register(ma.fields.DateTime)
def _(_field: Any) -> Schema:
    return {"type": "string", "format": "date-time"}


@_described.register(ma.fields.String)
def _(field: Any) -> Schema:
    return {"type": "string", **_bounds(field, "Length"), **_pattern(field)}


@_described.register(ma.fields.Integer)
def _(field: Any) -> Schema:
    return {"type": "integer", **_bounds(field, "imum")}


@_described.register(ma.fields.Raw)
def _(_field: Any) -> Schema:
    return {}


def _bounds(field: Any, word: str) -> Schema:
    bounds: Schema = {}
    for validator in field.validators:
        if isinstance(validator, (validate.Length, validate.Range)):
            bounds |= {"min" + word: validator.min, "max" + word: validator.max}
    return {name: value for name, value in bounds.items() if value is not None}


def _pattern(field: Any) -> Schema:
    for validator in field.validators:
        if isinstance(validator, validate.Regexp):
            # JSON Schema speaks ECMA-262, which has no \Z; a pattern that begins with match() is anchored there.
            pattern = str(validator.regex.pattern).replace(r"\Z", "$")
            return {"pattern": pattern if pattern.startswith("^") else f"^{pattern}"}
    return {}


def example(schema: Any) -> Any:
    """Give a document that the schema accepts: what is required, and what has an example of its own."""
    instance = schema() if isinstance(schema, type) else schema
    document = {
        field.data_key or name: _example(name, field)
        for name, field in instance.load_fields.items()
        if field.required or "example" in field.metadata
    }
    return [document] if instance.many else document


def _example(name: str, field: Any) -> Any:  # noqa: PLR0911  one line for each kind of field
    if "example" in field.metadata:
        return field.metadata["example"]
    if isinstance(field, ma.fields.Nested):
        return example(_inner(field))
    if isinstance(field, ma.fields.List):
        return [_example(name.removesuffix("s"), field.inner)]
    if isinstance(field, schemas.IdField):
        return f"{field.prefix}_{_ID_BODY}"
    if isinstance(field, (schemas.Choice, schemas.Choices)):
        return field.choices[0] if isinstance(field, schemas.Choice) else list(field.choices[:1])
    if isinstance(field, (schemas.Int, ma.fields.Integer)):
        return max(1, _bounds(field, "imum").get("minimum", 1))
    if isinstance(field, (schemas.Flag, ma.fields.Boolean)):
        return True
    if isinstance(field, schemas.Timestamp):
        return _MOMENT
    if isinstance(field, ma.fields.Dict):
        return {}
    return _BY_NAME.get(name, _TEXT)
