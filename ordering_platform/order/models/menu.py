"""The menu: categories, items, option groups and options, with their words in every language."""

from __future__ import annotations

import sqlalchemy as sa

from ordering_platform.order.models.columns import (
    flag,
    json,
    key,
    metadata,
    minor,
    moment,
    number,
    optional,
    same_venue,
    text,
    texts,
    venue,
)

menu_categories = sa.Table(
    "menu_categories",
    metadata,
    key(),
    venue(),
    json("name"),
    number("sort_order", 0),
    json("hours", "[]"),
    sa.Index(None, "venue_id"),
)

menu_items = sa.Table(
    "menu_items",
    metadata,
    key(),
    venue(),
    sa.Column("category_id", sa.Text, sa.ForeignKey("orders.menu_categories.id"), nullable=False, index=True),
    json("name"),
    json("description"),
    minor("price_minor"),
    number("tax_ppm", 0),
    texts("tags"),
    texts("allergens"),
    texts("option_group_ids"),
    optional("image_url"),
    text("station", server_default="kitchen"),
    flag("discountable", "true"),
    json("hours", "[]"),
    flag("sold_out"),
    moment("sold_out_until"),
    number("sort_order", 0),
    sa.CheckConstraint("price_minor >= 0", name="price_minor"),
    sa.CheckConstraint("tax_ppm BETWEEN 0 AND 1000000", name="tax_ppm"),
    sa.Index(None, "venue_id"),
)

option_groups = sa.Table(
    "option_groups",
    metadata,
    key(),
    venue(),
    json("name"),
    number("min", 0),
    number("max", 1),
    sa.CheckConstraint("0 <= min AND min <= max AND max >= 1", name="bounds"),
    sa.Index(None, "venue_id"),
)

menu_options = sa.Table(
    "menu_options",
    metadata,
    key(),
    same_venue(),
    sa.Column("group_id", sa.Text, sa.ForeignKey("orders.option_groups.id", ondelete="CASCADE"), nullable=False),
    json("name"),
    minor("price_minor", 0),
    flag("is_default"),
    flag("sold_out"),
    moment("sold_out_until"),
    number("sort_order", 0),
    sa.Index(None, "group_id"),
    sa.Index(None, "venue_id"),
)
