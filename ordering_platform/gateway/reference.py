"""The reference of the platform, made from the code: the OpenAPI document and the catalogue of errors.

Both are committed under ``docs/reference`` and read from there by the gateway, which therefore need not
import the services. A test says when they are out of date; ``ordering-platform openapi --write`` mends that.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections import defaultdict
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ordering_platform
from ordering_platform.catalogue import BEHIND_GATEWAY
from ordering_platform.runtime import openapi
from ordering_platform.runtime.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE = "Ordering platform"
# Rooms whose errors people at a keyboard read, not clients of the API.
_AT_THE_KEYBOARD = frozenset({"cli", "embedded", "client", "config", "migrations"})


def document() -> dict[str, Any]:
    """Make the OpenAPI document of all services, with the catalogue of errors under ``x-errors``."""
    services = {service.name: service.load() for service in BEHIND_GATEWAY}
    made = openapi.document(services, title=TITLE, version=ordering_platform.__version__)
    return {**made, "x-errors": catalogue()}


def catalogue() -> list[dict[str, Any]]:
    """List every error a client of the API may read: code, status, meaning and who answers it."""
    _import_all()
    found = [
        {
            "code": error.code,
            "status": int(error.status),
            "meaning": " ".join((error.__doc__ or "").split()),
            "service": room,
        }
        for error in _descendants(DomainError)
        if error.__name__ not in DomainError.families and (room := _room(error)) is not None
    ]
    return sorted(found, key=lambda one: (one["status"], one["code"], one["service"]))


def openapi_text() -> str:
    """Write the OpenAPI document as it is committed."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def errors_text() -> str:
    """Write the catalogue of errors as a page for people."""
    by_status: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for error in catalogue():
        by_status[error["status"]].append(error)
    lines = [
        "# Errors",
        "",
        "Every refusal is a problem document (RFC 9457, `application/problem+json`). Programs compare `code`, which is",
        "stable; people read `detail`. Faults in single fields stand under `errors`, each with a JSON Pointer.",
        "",
        "This page is made from the code by `ordering-platform openapi --write`; do not edit it by hand.",
    ]
    for status, errors in sorted(by_status.items()):
        lines += ["", f"## {status} {_phrase(status)}", "", "| code | meaning | answered by |", "| --- | --- | --- |"]
        lines += [f"| `{one['code']}` | {one['meaning']} | {one['service']} |" for one in errors]
    return "\n".join(lines) + "\n"


def folder() -> Path:
    """Where the reference is: inside an installed package, or with the other documents in a checkout."""
    package = Path(str(files("ordering_platform")))
    inside = package / "reference"
    return inside if inside.is_dir() else package.parent / "docs" / "reference"


def write() -> None:
    """Bring the committed reference up to date."""
    (folder() / "openapi.json").write_text(openapi_text())
    (folder() / "errors.md").write_text(errors_text())


@cache
def published() -> bytes:
    """Give the OpenAPI document as it was committed."""
    return (folder() / "openapi.json").read_bytes()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _descendants(error: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in error.__subclasses__():
        yield child
        yield from _descendants(child)


def _room(error: type[DomainError]) -> str | None:
    package, _, path = error.__module__.partition(".")
    room, _, module = path.partition(".")
    if package != "ordering_platform" or _AT_THE_KEYBOARD & {room, module}:
        return None
    return "every service" if room == "runtime" else room


def _import_all() -> None:
    """Import what may declare an error; a class nobody has imported is not in the list."""
    for service in ("runtime", "gateway", *(one.name for one in BEHIND_GATEWAY)):
        package = importlib.import_module(f"ordering_platform.{service}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
