"""Furnishes the demo café: one venue, twelve tables, a whole menu. Again and again it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ordering_platform.order import tables
from ordering_platform.order.models import (
    dining_tables,
    menu_categories,
    menu_items,
    menu_options,
    option_groups,
    venues,
)
from ordering_platform.order.seed_menu import CATEGORIES, DRINK, FOOD, GROUPS, HOURS, ITEMS
from ordering_platform.runtime.ids import new_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

VENUE = "ven_demo"
TABLES = 12


def seed_venue(tx: Connection, public_url: str = "") -> dict[str, Any]:
    """Make the demo café unless it is there, and give its id and the links of its tables.

    Ids are fixed, so that a second run finds everything; what staff have changed since stays changed.
    """
    _put(
        tx,
        venues,
        [
            {
                "id": VENUE,
                "name": "Café Lindenhof",
                "currency": "EUR",
                "currency_digits": 2,
                "time_zone": "Europe/Berlin",
                "languages": ["de", "en"],
            }
        ],
    )
    _put(
        tx,
        dining_tables,
        [
            {"id": f"tbl_demo_{place}", "name": f"T{place}", "code": new_code(tables.CODE_BITS), "sort_order": place}
            for place in range(1, TABLES + 1)
        ],
    )
    _put(tx, menu_categories, _categories())
    _put(tx, option_groups, _groups())
    _put(tx, menu_options, _options())
    _put(tx, menu_items, _items())
    seated = sa.select(dining_tables).where(dining_tables.c.venue_id == VENUE).order_by(dining_tables.c.sort_order)
    return {
        "venue_id": VENUE,
        "tables": [
            {"id": row.id, "name": row.name, "code": row.code, "url": tables.link(public_url, row.code)}
            for row in tx.execute(seated)
        ],
    }


def _put(tx: Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    kept = [row if table is venues else {"venue_id": VENUE, **row} for row in rows]
    tx.execute(insert(table).values(kept).on_conflict_do_nothing())


def _categories() -> list[dict[str, Any]]:
    return [
        {"id": f"cat_demo_{key}", "name": {"de": german, "en": english}, "sort_order": place}
        for place, (key, german, english) in enumerate(CATEGORIES)
    ]


def _groups() -> list[dict[str, Any]]:
    return [
        {"id": f"grp_demo_{key}", "name": {"de": german, "en": english}, "min": fewest, "max": most}
        for key, german, english, fewest, most, _ in GROUPS
    ]


def _options() -> list[dict[str, Any]]:
    return [
        {
            "id": f"opt_demo_{group}_{key}",
            "group_id": f"grp_demo_{group}",
            "name": {"de": german, "en": english},
            "price_minor": price,
            "is_default": default,
            "sort_order": place,
        }
        for group, *_, options in GROUPS
        for place, (key, german, english, price, default) in enumerate(options)
    ]


def _items() -> list[dict[str, Any]]:
    return [
        {
            "id": f"itm_demo_{key}",
            "category_id": f"cat_demo_{category}",
            "name": {"de": german, "en": english},
            "description": {"de": about, "en": about_english} if about else {},
            "price_minor": price,
            "tax_ppm": DRINK if "drink" in tags.split() else FOOD,
            "tags": tags.split(),
            "allergens": allergens.split(),
            "option_group_ids": [f"grp_demo_{group}" for group in groups.split()],
            "station": "bar" if "drink" in tags.split() else "kitchen",
            "hours": HOURS.get(key, []),
            "sort_order": place,
        }
        for place, (
            category,
            key,
            german,
            english,
            about,
            about_english,
            price,
            tags,
            allergens,
            groups,
        ) in enumerate(ITEMS)
    ]
