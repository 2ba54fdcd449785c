"""Holds every answer of a service to the schema its door promises; what a client was told stays true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow as ma
from werkzeug.routing import Map, Rule

from ordering_platform.runtime import openapi
from ordering_platform.runtime.entrypoints import doors

if TYPE_CHECKING:
    from ordering_platform.runtime.doors import Door
    from tests.support.http import Response


# What is refused before a door is known.
_FROM_THE_FRONT = {"malformed_request"}


class Promises:
    """The doors of a service by address, to look up what one of them promised."""

    def __init__(self, service: type) -> None:
        rules = [Rule(door.url, methods=door.method.split(","), endpoint=door) for door in doors(service)]
        self._routes = Map(rules).bind("")

    def check(self, method: str, path: str, response: Response) -> None:
        """Fail when an answer has another shape, or a refusal another code, than its door says."""
        door: Door = self._routes.match(path.partition("?")[0], method)[0]
        if response.status < 300:
            assert response.status == door.status, f"{method} {path} promises {door.status}"
            if door.answers is not None:
                _check_shape(_instance(door.answers), response.json, path)
        elif response.status >= 400:
            promised = {error.code for error in openapi.refusals(door)} | _FROM_THE_FRONT
            assert response.code in promised, f"{method} {path} does not promise {response.code}"


def _instance(schema: Any) -> ma.Schema:
    found: ma.Schema = schema() if isinstance(schema, type) else schema
    return found


def _check_shape(schema: ma.Schema, told: Any, where: str) -> None:
    fields = {field.data_key or name: field for name, field in schema.fields.items()}
    assert set(told) <= set(fields), f"{where} tells more than its schema: {set(told) - set(fields)}"
    assert not (faults := schema.validate(told)), f"{where}: {faults}"
    for name, field in fields.items():
        inner = field.inner if isinstance(field, ma.fields.List) else field
        if isinstance(inner, ma.fields.Nested) and told.get(name) is not None:
            for one in told[name] if inner is not field else [told[name]]:
                _check_shape(inner.schema, one, f"{where}/{name}")
