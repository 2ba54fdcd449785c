"""The numbers people call out are short and never the same twice in a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from ordering_platform.order.placing import NUMBER

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions

_NUMBERS = sa.text(
    f"SELECT {NUMBER} FROM generate_series(CAST(:first AS int), :last) last, (VALUES (:rehearsal)) r (rehearsal)"  # noqa: S608  ours
)


def numbers(db: Transactions, first: int, last: int, *, rehearsal: bool = False) -> list[str]:
    with db.read() as tx:
        return list(tx.scalars(_NUMBERS, {"first": first, "last": last, "rehearsal": rehearsal}))


@pytest.mark.parametrize(
    ("count", "number"),
    [(1, "A101"), (899, "A999"), (900, "B101"), (26 * 899, "Z999"), (26 * 899 + 1, "AA101"), (27 * 899 + 1, "AB101")],
)
def test_numbers_are_short(db: Transactions, count: int, number: str) -> None:
    assert numbers(db, count, count) == [number]


def test_a_rehearsal_has_numbers_of_its_own(db: Transactions) -> None:
    assert numbers(db, 1, 2, rehearsal=True) == ["R-101", "R-102"]


def test_no_two_of_fifty_thousand_orders_share_a_number(db: Transactions) -> None:
    assert len(set(numbers(db, 1, 50_000))) == 50_000
