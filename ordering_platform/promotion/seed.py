"""The promotions of the demo restaurant, put in once under fixed ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.promotion import codes, promotions
from ordering_platform.promotion.models import promotions as table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]


def _documents(currency: str, drinks: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {
        "prm_welcome10": {
            "name": "Welcome: 10 % off",
            "trigger": "code",
            "reward": {"percent_bps": 1000, "on": "order"},
        },
        "prm_lunch5": {
            "name": "Lunch: 5.00 off from 25.00",
            "trigger": "code",
            "if": {"min_spend": {currency: 2500}},
            "reward": {"amount": {currency: 500}, "on": "order"},
        },
        "prm_first50": {
            "name": "For the first fifty: 3.00 off",
            "trigger": "code",
            "reward": {"amount": {currency: 300}, "on": "order"},
            "limits": {"total": 50},
        },
        "prm_happyhour": {
            "name": "Happy hour: 20 % off drinks",
            "trigger": "auto",
            "when": {"weekly": [{"days": WORKDAYS, "from": "16:00", "to": "18:00"}]},
            "reward": {"percent_bps": 2000, "on": {"categories": list(drinks)}},
        },
    }


_CODES = {"prm_welcome10": "WELCOME10", "prm_lunch5": "LUNCH5", "prm_first50": "FIRST50"}


def seed_promotions(
    tx: Connection,
    *,
    venue_id: str = "ven_demo",
    currency: str = "EUR",
    drinks: Sequence[str] = ("cat_demo_hot_drinks", "cat_demo_cold_drinks", "cat_demo_beer_wine"),
    actor: str = "system",
) -> None:
    """Put in the promotions that are missing and leave the rest as it is; ``drinks`` are ids of categories."""
    documents = _documents(currency, drinks)
    present = set(tx.scalars(sa.select(table.c.id).where(table.c.id.in_(documents))))
    for promotion_id, document in documents.items():
        if promotion_id not in present:
            promotions.insert(tx, promotion_id, venue_id, actor, document)
            if code := _CODES.get(promotion_id):
                codes.add(tx, venue_id, promotion_id, [code])
