"""Input is refused with the exact field, a stable code and a sentence, and never half accepted."""

from __future__ import annotations

from typing import Any

import pytest

from ordering_platform.runtime import schemas
from ordering_platform.runtime.errors import InvalidParameter, UnknownParameter, ValidationFailed


class Dish(schemas.RequestSchema):
    name = schemas.Text(max=10, required=True)
    quantity = schemas.Int(min=1, max=20)
    spicy = schemas.Flag()
    course = schemas.Choice(["starter", "main"])
    price = schemas.MoneyField()
    since = schemas.Timestamp()
    order_id = schemas.IdField("ord")
    notes = schemas.ListOf(schemas.Text(max=3), max=2)


class Search(schemas.PageQuery):
    status = schemas.Choices(["placed", "ready"])
    mine = schemas.Flag(in_query=True)


DISH, SEARCH = Dish(), Search()


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        ({}, [("/name", "missing")]),
        ([], [("", "wrong_type")]),
        (None, [("", "wrong_type")]),
        ("soup", [("", "wrong_type")]),
        ({"name": None}, [("/name", "null")]),
        ({"name": 5}, [("/name", "wrong_type")]),
        ({"name": "   "}, [("/name", "length")]),
        ({"name": "x" * 11}, [("/name", "length")]),
        ({"name": "a\x00b"}, [("/name", "control_character")]),
        ({"name": "\ud800"}, [("/name", "control_character")]),
        ({"name": "a", "price": 12}, [("/price", "wrong_type")]),
        ({"name": "a", "price": {"amount": 12.0, "currency": "EUR"}}, [("/price/amount", "wrong_type")]),
        ({"name": "a", "price": {"amount": -1, "currency": "EUR"}}, [("/price/amount", "range")]),
        ({"name": "a", "price": {"amount": 2**63, "currency": "EUR"}}, [("/price/amount", "range")]),
        ({"name": "a", "price": {"amount": 1, "currency": "eur"}}, [("/price/currency", "currency")]),
        ({"name": "a", "price": {"amount": 1}}, [("/price/currency", "missing")]),
        ({"name": "a", "since": "2026-11-23T10:00:00"}, [("/since", "zone")]),
        ({"name": "a", "since": "tomorrow"}, [("/since", "wrong_type")]),
        ({"name": "a", "since": 1}, [("/since", "wrong_type")]),
        ({"name": "a", "spicy": 1}, [("/spicy", "wrong_type")]),
        ({"name": "a", "course": "cheese"}, [("/course", "choice")]),
        ({"name": "a", "order_id": "bil_1"}, [("/order_id", "id")]),
        ({"name": "a", "notes": ["b", "long"]}, [("/notes/1", "length")]),
        ({"name": "a", "notes": ["b"] * 3}, [("/notes", "length")]),
        ({"name": "a", "notes": [7] * 3}, [("/notes", "length")]),
        ({"name": "a", "notes": "b"}, [("/notes", "wrong_type")]),
        ({"name": "a", "total": 1, "a/b~": 1}, [("/a~1b~0", "unknown"), ("/total", "unknown")]),
    ],
)
def test_a_bad_body_is_told_field_by_field(data: Any, faults: list[tuple[str, str]]) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        DISH.load_body(data)
    assert [(fault.pointer, fault.code) for fault in refusal.value.errors] == faults
    assert all(fault.message for fault in refusal.value.errors)


@pytest.mark.parametrize("quantity", [0, -1, 21, 1.5, 1.0, "2", True, 1e3, None])
def test_a_quantity_is_a_whole_number_between_its_bounds(quantity: Any) -> None:
    with pytest.raises(ValidationFailed):
        DISH.load_body({"name": "a", "quantity": quantity})


def test_text_is_trimmed_and_brought_into_one_form() -> None:
    assert DISH.load_body({"name": " Cafe\u0301 "}) == {"name": "Café"}


def test_a_moment_is_kept_in_utc() -> None:
    since = DISH.load_body({"name": "a", "since": "2026-11-23T19:30:00+01:00"})["since"]
    assert since.isoformat() == "2026-11-23T18:30:00+00:00"


def test_a_query_is_read_from_text() -> None:
    assert SEARCH.load_query({"limit": "7", "status": "placed,ready", "mine": "true"}) == {
        "limit": 7,
        "status": ["placed", "ready"],
        "mine": True,
    }


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"limit": "0"}, InvalidParameter),
        ({"limit": "101"}, InvalidParameter),
        ({"limit": "1.0"}, InvalidParameter),
        ({"limit": "9" * 5000}, InvalidParameter),
        ({"status": "eaten"}, InvalidParameter),
        ({"status": ""}, InvalidParameter),
        ({"offset": "3"}, UnknownParameter),
    ],
)
def test_a_bad_query_is_refused(query: dict[str, str], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        SEARCH.load_query(query)
