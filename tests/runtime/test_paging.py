"""A list is read page by page without missing or repeating a row."""

from __future__ import annotations

import pytest

from ordering_platform.runtime.errors import InvalidParameter
from ordering_platform.runtime.paging import cursor, link, page, uncursor


def test_pages_follow_one_another() -> None:
    rows = list(range(7))
    seen: list[int] = []
    after = -1
    while True:
        found = page([row for row in rows if row > after][:4], 3, lambda row: [row])
        seen += found["data"]
        assert found["has_more"] is (found["next"] is not None)
        if not found["has_more"]:
            break
        (after,) = uncursor(found["next"], (int,))
    assert seen == rows


@pytest.mark.parametrize(
    "text", ["", "x", "é", "bnVsbA", cursor(["a"]), cursor([1, 2]), "W10", "W1tbW1tbW1tb", "====="]
)
def test_a_made_up_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        uncursor(text, (int,))


@pytest.mark.parametrize(
    ("value", "kind"), [("a\x00", str), ("\ud800", str), ("a\nb", str), (2**63, int), (-(2**63) - 1, int)]
)
def test_a_cursor_holds_only_what_a_database_can_compare(value: str | int, kind: type) -> None:
    with pytest.raises(InvalidParameter):
        uncursor(cursor([value]), (kind,))


def test_the_next_page_is_asked_for_as_this_one_was() -> None:
    named = link("/v1/orders", "status=placed%2Cready&after=old&limit=2", "n+w=")
    assert named == '</v1/orders?status=placed%2Cready&limit=2&after=n%2Bw%3D>; rel="next"'
