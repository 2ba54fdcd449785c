"""The promotions of the demo restaurant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.promotion import offers, promotions
from ordering_platform.promotion.models import promotion_versions
from ordering_platform.promotion.schemas import NewPromotion
from ordering_platform.promotion.seed import seed_promotions
from tests.promotion.samples import asked

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions

IN_HAPPY_HOUR = "2026-11-23T16:30:00+01:00"
AT_NOON = "2026-11-23T12:00:00+01:00"


def seeded(db: Transactions) -> None:
    with db.transaction() as tx:
        seed_promotions(tx, venue_id="ven_test", drinks=["cat_food"])


def test_the_demo_has_its_four_promotions_however_often_it_is_put_in(db: Transactions) -> None:
    seeded(db)
    with db.transaction() as tx:
        promotions.change(tx, "ven_test", "prm_lunch5", "usr_1", {"name": "Ours"})
    seeded(db)
    with db.read() as tx:
        names = [one["name"] for one in promotions.listed(tx, "ven_test", 50, None, None)["data"]]
    assert len(names) == 4
    assert "Ours" in names


def test_their_documents_are_what_the_api_would_accept(db: Transactions) -> None:
    seeded(db)
    with db.read() as tx:
        for document in tx.scalars(sa.select(promotion_versions.c.document)):
            assert NewPromotion().load_body(document) == document


def test_they_do_what_they_say(db: Transactions) -> None:
    seeded(db)
    assert offers.evaluate(db, asked(2500, codes=["welcome10"], now=AT_NOON))["discount_minor"] == 250
    assert offers.evaluate(db, asked(2500, codes=["LUNCH5"], now=AT_NOON))["discount_minor"] == 500
    assert offers.evaluate(db, asked(2499, codes=["LUNCH5"], now=AT_NOON))["discount_minor"] == 0
    assert offers.evaluate(db, asked(2500, codes=["FIRST50"], now=AT_NOON))["discount_minor"] == 300
    assert offers.evaluate(db, asked(2500, now=IN_HAPPY_HOUR))["discount_minor"] == 500
    assert offers.evaluate(db, asked(2500, codes=["WELCOME10"], now=IN_HAPPY_HOUR))["discount_minor"] == 700
