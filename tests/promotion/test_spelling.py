"""One code, however people type it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.promotion.spelling import distinct, is_sound, normalise


@pytest.mark.parametrize(
    "typed",
    [
        " save10 ",
        "SAVE-10",
        "Save10",
        "s a v e 1 0",
        "save\u201110",
        "save\u201310",
        "\uff53\uff41\uff56\uff45\uff11\uff10",
        "sa\u00adve\u200b10",
        "save\u00a010",
    ],
)
def test_all_ways_to_write_a_code_are_one_code(typed: str) -> None:
    assert normalise(typed) == "SAVE10"


def test_a_code_typed_twice_counts_once_and_order_is_kept() -> None:
    assert distinct([" save10 ", "LUNCH5", "SAVE-10", "Save10"]) == ("SAVE10", "LUNCH5")


@pytest.mark.parametrize(
    ("code", "sound"), [("AB1", True), ("AB", False), ("A" * 41, False), ("A_B", False), ("", False)]
)
def test_codes_given_out_are_letters_and_digits_of_bounded_length(code: str, sound: bool) -> None:
    assert is_sound(code) is sound


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(typed: str) -> None:
    assert normalise(normalise(typed)) == normalise(typed)
