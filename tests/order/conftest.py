"""What the tests of the order service share: a venue on a real database and a menu book of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ordering_platform.order.menu import MenuBook
from tests.order import rooms

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions


@pytest.fixture
def room(db: Transactions) -> rooms.Room:
    with db.transaction() as tx:
        return rooms.venue(tx)


@pytest.fixture
def book() -> MenuBook:
    return MenuBook()
