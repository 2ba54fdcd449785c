"""The demo café."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordering_platform.order import menu, seed
from ordering_platform.order.card import ALLERGENS

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions


def test_seeding_twice_changes_nothing(db: Transactions) -> None:
    with db.transaction() as tx:
        first = seed.seed_venue(tx)
    with db.transaction() as tx:
        assert seed.seed_venue(tx) == first
    assert [table["name"] for table in first["tables"]] == [f"T{place}" for place in range(1, 13)]
    assert len({table["code"] for table in first["tables"]}) == 12


def test_the_demo_menu_speaks_two_languages_and_names_only_known_allergens(db: Transactions) -> None:
    with db.transaction() as tx:
        seed.seed_venue(tx)
        card = menu.load(tx, seed.VENUE, 1)
    assert len(card.items) == 42
    for item in card.items.values():
        assert set(item.name) == {"de", "en"}
        assert set(item.allergens) <= set(ALLERGENS)
    assert {item.tax_ppm for item in card.items.values()} == {70_000, 190_000}
