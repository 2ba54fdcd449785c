"""The OpenAPI 3.1 document, read off the doors: addresses, who may enter, what comes in, every way it can end."""

from __future__ import annotations

import re
from collections import defaultdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ordering_platform.runtime import errors
from ordering_platform.runtime.database import DatabaseBusy, DatabaseUnavailable
from ordering_platform.runtime.entrypoints import doors
from ordering_platform.runtime.jsonschema import Components, example
from ordering_platform.runtime.replies import PROBLEM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ordering_platform.runtime.doors import Door
    from ordering_platform.runtime.errors import DomainError

_VARIABLE = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

_ALWAYS = (
    errors.MalformedRequest,
    errors.InvalidParameter,
    errors.UnknownParameter,
    errors.RequestTimeout,
    errors.UriTooLong,
    errors.RateLimited,
    errors.HeadersTooLarge,
    errors.InternalError,
    errors.BadGateway,
    errors.ServiceUnavailable,
    errors.Overloaded,
    DatabaseUnavailable,
    DatabaseBusy,
    errors.DeadlineExceeded,
)
_WITH_BODY = (
    errors.MalformedJson,
    errors.LengthRequired,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.ValidationFailed,
)
_WITH_KEY = (
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyInvalid,
    errors.IdempotencyInProgress,
    errors.IdempotencyKeyReused,
)

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal as RFC 9457 describes it; programs compare `code`, people read `detail`.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Where the code is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened and how to mend it."},
        "instance": {"type": "string", "description": "The address that was asked for."},
        "code": {"type": "string", "description": "Stable; see the catalogue of errors."},
        "request_id": {"type": "string", "description": "Name it when you ask for help."},
        "details": {"type": "object", "description": "Values for programs, by code."},
        "errors": {
            "type": "array",
            "description": "Each fault in the input.",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer to the field."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["pointer", "code", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
}


def document(services: Mapping[str, type], *, title: str, version: str) -> dict[str, Any]:
    """Describe the HTTP doors of these services, by service name."""
    components = Components()
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for name, service in services.items():
        for door in doors(service):
            for method in door.method.split(","):
                paths[_VARIABLE.sub(r"{\1}", door.url)][method.lower()] = _operation(name, door, components)
    return components.placed(
        {
            "openapi": "3.1.1",
            "info": {
                "title": title,
                "version": version,
                "description": _WELCOME,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "tags": [{"name": name, "description": _first_line(service)} for name, service in services.items()],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": {"Problem": _PROBLEM},
                "responses": {_response_name(status): _refusal(status, codes) for status, codes in _COMMON.items()},
                "securitySchemes": {
                    "guest": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "JWT",
                        "description": "A guest token from `POST /v1/auth/guest`, bound to one table session.",
                    },
                    "staff": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "JWT",
                        "description": "An access token from `POST /v1/auth/login`, good for 15 minutes.",
                    },
                },
            },
        }
    )


_WELCOME = (
    "Ordering at the table of a restaurant: menu, orders, checkout, payments and promotions. "
    "Money is in whole minor units, times are RFC 3339 in UTC, lists are paged by `limit` and `after`, "
    "and every refusal is a problem document with a stable code."
)


def _operation(service: str, door: Door, components: Components) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{service}_{door.name}",
        "tags": [service],
        "summary": door.summary.removesuffix("."),
        "description": "\n\n".join(part for part in (door.description, _entrance(door)) if part),
        "security": _security(door),
    }
    if parameters := [*_path_parameters(door), *_query_parameters(door, components), *_header_parameters(door)]:
        operation["parameters"] = parameters
    if door.raw:
        operation["requestBody"] = {"content": {"application/json": {"schema": {}}}}
    elif door.body is not None:
        content = {"schema": components.ref(door.body), "example": example(door.body)}
        operation["requestBody"] = {"required": not door.body_optional, "content": {"application/json": content}}
    operation["responses"] = {**_success(door, components), **_refusals(door)}
    return operation


def _entrance(door: Door) -> str:
    who = door.who
    if who.anyone:
        return "Open to anyone."
    guests = ["guests at a table"] if who.guest else []
    employees = [f"staff with the role `{who.staff_role}` or above"] if who.staff_role else []
    return f"For {' and '.join(guests + employees)}."


def _security(door: Door) -> list[dict[str, list[str]]]:
    if door.who.anyone:
        return []
    allowed = {"guest": door.who.guest, "staff": bool(door.who.staff_role)}
    return [{scheme: []} for scheme, is_allowed in allowed.items() if is_allowed]


def _path_parameters(door: Door) -> list[dict[str, Any]]:
    schema = {"type": "string", "minLength": 1, "maxLength": 64}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in _VARIABLE.findall(door.url)]


def _query_parameters(door: Door, components: Components) -> list[dict[str, Any]]:
    if door.query is None:
        return []
    parameters = []
    for name, field in door.query.load_fields.items():
        schema = components.field(field)
        parameter: dict[str, Any] = {"name": field.data_key or name, "in": "query", "schema": schema}
        if field.required:
            parameter["required"] = True
        if schema.get("type") == "array":
            parameter["explode"] = False
        parameters.append(parameter)
    return parameters


def _header_parameters(door: Door) -> list[dict[str, Any]]:
    parameters = []
    if door.idempotent:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "A fresh one for each new request, the same one for each repeat of it.",
                "schema": {"type": "string", "minLength": 8, "maxLength": 255, "pattern": r"^[\x21-\x7e]{8,255}$"},
                "example": "4f1c2b9e-7a53-4c0d-9a51-1d2f3b4c5d6e",
            }
        )
    if errors.PreconditionFailed in door.raises:
        parameters.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": errors.PreconditionRequired in door.raises,
                "description": "The ETag that was read.",
                "schema": {"type": "string"},
                "example": '"3"',
            }
        )
    return parameters


def _success(door: Door, components: Components) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(door.status).phrase}
    content: dict[str, Any] = {media_type: {"schema": {"type": "string"}} for media_type in door.produces}
    if door.answers is not None:
        content["application/json"] = {"schema": components.ref(door.answers)}
    if content:
        answer["content"] = content
    return {str(door.status): answer}


def refusals(door: Door) -> set[type[DomainError]]:
    """Give every error a door may end with."""
    possible: set[type[DomainError]] = {*_ALWAYS, *door.raises}
    possible.update(_of_a_peer(code) for code in door.relays)
    if not door.who.anyone:
        possible |= {errors.Unauthenticated, errors.InvalidToken, errors.RoleNotAllowed}
    if "<" in door.url:
        possible.add(errors.NotFound)
    if door.media_types:
        possible.add(errors.NotAcceptable)
    if door.body is not None:
        possible.update(_WITH_BODY)
    if door.raw:
        possible.add(errors.PayloadTooLarge)
    if door.idempotent:
        possible.update(_WITH_KEY)
    return possible


def _of_a_peer(code: str) -> type[DomainError]:
    """Find a refusal by its code; whoever documents a door has imported the services it asks."""
    kinds: list[type[DomainError]] = [errors.DomainError]
    for kind in kinds:
        if kind.code == code:
            return kind
        kinds.extend(kind.__subclasses__())
    raise LookupError(f"no service that was imported refuses with {code}")


def _by_status(possible: Iterable[type[DomainError]]) -> dict[int, list[str]]:
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for error in possible:
        codes[int(error.status)].append(error.code)
    return {status: sorted(codes[status]) for status in sorted(codes)}


def _refusals(door: Door) -> dict[str, Any]:
    return {
        str(status): _ref(status) if codes == _COMMON.get(status) else _refusal(status, codes)
        for status, codes in _by_status(refusals(door)).items()
    }


def _ref(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{_response_name(status)}"}


def _response_name(status: int) -> str:
    return re.sub(r"\W", "", HTTPStatus(status).phrase)


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
    return {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "content": {
            PROBLEM: {
                "schema": {
                    "$ref": "#/components/schemas/Problem",
                    "properties": {"code": {"enum": codes}},
                }
            }
        },
    }


# The same for nearly every door, therefore said once.
_COMMON = _by_status(
    {*_ALWAYS, *_WITH_BODY, errors.Unauthenticated, errors.InvalidToken, errors.RoleNotAllowed, errors.NotFound}
    | {errors.NotAcceptable}
)


def _first_line(service: type) -> str:
    return (service.__doc__ or "").strip().partition("\n")[0]
