"""The reference is valid, complete and as the code is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from ordering_platform.catalogue import BEHIND_GATEWAY
from ordering_platform.gateway import reference
from ordering_platform.gateway.routes import service_for
from ordering_platform.runtime.entrypoints import doors
from ordering_platform.runtime.jsonschema import example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ordering_platform.runtime.doors import Door

DOORS = [(service, door) for service in BEHIND_GATEWAY for door in doors(service.load())]
WITH_BODY = [door for _, door in DOORS if door.body is not None]


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads(reference.openapi_text())


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def title(door: Door) -> str:
    return f"{door.method} {door.url}"


def test_the_committed_document_is_the_one_of_the_code() -> None:
    committed = (reference.folder() / "openapi.json").read_text()
    assert committed == reference.openapi_text(), "run: ordering-platform openapi --write"


def test_it_is_valid_openapi(document: Any) -> None:
    validate(document)


def test_every_door_is_in_it_and_reached_through_the_gateway() -> None:
    document = json.loads(reference.openapi_text())
    for service, door in DOORS:
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", door.url)
        assert door.method.lower() in document["paths"][path], title(door)
        found = service_for(path)
        assert found is not None, f"{title(door)} has no prefix in the catalogue"
        assert found.name == service.name, title(door)


def test_every_operation_says_what_it_does_who_may_and_how_it_can_end(document: Any) -> None:
    ids = []
    for path, method, operation in operations(document):
        ids.append(operation["operationId"])
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        assert "security" in operation, (method, path)
        assert {"400", "429", "500", "502", "503", "504"} <= set(operation["responses"]), (method, path)
        assert any(status.startswith("2") for status in operation["responses"]), (method, path)
        if operation["security"]:
            assert {"401", "403"} <= set(operation["responses"]), (method, path)
    assert len(ids) == len(set(ids))


def test_requests_are_closed_and_answers_are_open_to_new_fields(document: Any) -> None:
    asked = {
        content["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations(document)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in content["schema"]
    }
    schemas = document["components"]["schemas"]
    assert asked
    assert all(schemas[name]["additionalProperties"] is False for name in asked)
    assert "additionalProperties" not in schemas["Order"]
    assert "additionalProperties" not in schemas["Bill"]


@pytest.mark.parametrize("door", WITH_BODY, ids=title)
def test_the_example_of_a_request_is_one_its_door_accepts(door: Door) -> None:
    door.body.load_body(example(door.body))


@pytest.mark.parametrize(("service", "door"), DOORS, ids=[title(door) for _, door in DOORS])
def test_every_door_can_be_described_to_people(service: Any, door: Door) -> None:
    assert door.summary.endswith("."), f"{service.name}: the docstring of {door.name} is one sentence"
