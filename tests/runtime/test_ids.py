"""Ids name their kind, sort by time and cannot be guessed."""

from __future__ import annotations

import time

import pytest

from ordering_platform.runtime.ids import PATTERN, made_at, new_code, new_id


def test_ids_are_different_and_well_formed() -> None:
    made = [new_id("ord") for _ in range(1000)]
    assert len(set(made)) == 1000
    assert all(PATTERN.match(one) and one.startswith("ord_") and len(one) == 30 for one in made)


def test_ids_sort_by_time() -> None:
    made = [new_id("ord")[:14] for _ in range(100)]
    assert made == sorted(made)


def test_a_code_has_the_bits_that_were_asked_for() -> None:
    assert len(new_code(bits=64)) == 13
    assert len({new_code() for _ in range(1000)}) == 1000


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time()
    assert before - 0.001 <= made_at(new_id("pay")) <= time.time()


@pytest.mark.parametrize("foreign", ["", "pay_", "pay_unknown", "pi_3NabcDEF", "pay_" + "é" * 26, "pay_" + "u" * 26])
def test_an_id_of_somebody_else_tells_nothing(foreign: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        made_at(foreign)
