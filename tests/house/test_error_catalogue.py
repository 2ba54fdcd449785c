"""Every error a client may read stands in the catalogue, once for each service that answers it."""

from __future__ import annotations

from collections import Counter, defaultdict

from ordering_platform.catalogue import BEHIND_GATEWAY
from ordering_platform.gateway import reference
from ordering_platform.runtime.entrypoints import doors
from ordering_platform.runtime.openapi import refusals

CATALOGUE = reference.catalogue()


def test_the_committed_page_is_the_one_of_the_code() -> None:
    committed = (reference.folder() / "errors.md").read_text()
    assert committed == reference.errors_text(), "run: ordering-platform openapi --write"


def test_a_service_uses_each_code_for_one_thing() -> None:
    counted = Counter((one["service"], one["code"]) for one in CATALOGUE)
    assert [pair for pair, times in counted.items() if times > 1] == []


def test_a_code_has_the_same_status_whoever_answers_it() -> None:
    statuses = defaultdict(set)
    for one in CATALOGUE:
        statuses[one["code"]].add(one["status"])
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def test_every_meaning_is_a_whole_sentence_for_people() -> None:
    assert [one["code"] for one in CATALOGUE if not one["meaning"].endswith(".") or len(one["meaning"]) < 20] == []


def test_every_error_a_door_names_is_in_the_catalogue() -> None:
    known = {one["code"] for one in CATALOGUE}
    named = {error.code for service in BEHIND_GATEWAY for door in doors(service.load()) for error in refusals(door)}
    assert named - known == set()


def test_no_status_is_outside_what_the_api_promises() -> None:
    promised = {400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 422, 428, 429, 431}
    promised |= {500, 501, 502, 503, 504, 505}
    assert {one["status"] for one in CATALOGUE} - promised == set()
