"""Changes the menu; every change gives it a new version in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc

from ordering_platform.order import errors
from ordering_platform.order.models import menu_categories, menu_items, menu_options, option_groups, venues
from ordering_platform.order.venues import announce, in_currency
from ordering_platform.runtime.errors import FieldError, ValidationFailed
from ordering_platform.runtime.ids import new_id
from ordering_platform.runtime.money import money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

_PREFIX = {menu_categories: "cat", menu_items: "itm", option_groups: "grp", menu_options: "opt"}


def source(tx: Connection, caller: Caller) -> dict[str, Any]:
    """Give the whole menu as it is written, with every language, for editing."""
    currency = _currency(tx, caller)
    options: dict[str, list[Any]] = {}
    for row in _all(tx, caller, menu_options):
        options.setdefault(row.group_id, []).append(row)
    return {
        "categories": [_category(row) for row in _all(tx, caller, menu_categories)],
        "items": [_item(row, currency) for row in _all(tx, caller, menu_items)],
        "option_groups": [_group(row, options.get(row.id, []), currency) for row in _all(tx, caller, option_groups)],
    }


def _all(tx: Connection, caller: Caller, table: sa.Table) -> Sequence[Any]:
    order = [table.c.sort_order, table.c.id] if "sort_order" in table.c else [table.c.id]
    return tx.execute(sa.select(table).where(table.c.venue_id == caller.venue).order_by(*order)).all()


def put_category(tx: Connection, caller: Caller, category_id: str | None, wish: dict[str, Any]) -> dict[str, Any]:
    """Make a category, or change the one with this id; raises MenuEntryNotFound."""
    return _category(_put(tx, caller, menu_categories, category_id, wish))


def drop_category(tx: Connection, caller: Caller, category_id: str) -> None:
    """Delete a category that has no items; raises MenuEntryNotFound and CategoryNotEmpty."""
    try:
        _drop(tx, caller, menu_categories, category_id)
    except exc.IntegrityError as fault:
        raise errors.CategoryNotEmpty from fault


def put_item(tx: Connection, caller: Caller, item_id: str | None, wish: dict[str, Any]) -> dict[str, Any]:
    """Make an item, or change the one with this id; raises MenuEntryNotFound and ValidationFailed."""
    currency = _currency(tx, caller)
    values = {name: value for name, value in wish.items() if name != "price"}
    if "price" in wish:
        values["price_minor"] = in_currency(wish["price"], currency, "/price")
    _check_here(tx, caller, menu_categories, [wish["category_id"]] if "category_id" in wish else [], "/category_id")
    _check_here(tx, caller, option_groups, wish.get("option_group_ids", []), "/option_group_ids")
    try:
        return _item(_put(tx, caller, menu_items, item_id, values), currency)
    except exc.IntegrityError as fault:
        # The category was deleted between the look and the write.
        raise errors.MenuEntryNotFound from fault


def drop_item(tx: Connection, caller: Caller, item_id: str) -> None:
    """Take an item off the menu; orders keep what they noted of it. Raises MenuEntryNotFound."""
    _drop(tx, caller, menu_items, item_id)


def put_group(tx: Connection, caller: Caller, group_id: str | None, wish: dict[str, Any]) -> dict[str, Any]:
    """Make an option group with its options, or change the one with this id.

    ``options`` is the whole list: those with an id are changed, those without are made, the others go.
    Raises MenuEntryNotFound and ValidationFailed.
    """
    currency = _currency(tx, caller)
    values = {name: value for name, value in wish.items() if name != "options"}
    _check_bounds(tx, caller, group_id, values)
    group = _put(tx, caller, option_groups, group_id, values)
    if "options" in wish:
        _write_options(tx, caller, group.id, wish["options"], currency)
    options = sa.select(menu_options).where(menu_options.c.group_id == group.id)
    return _group(group, tx.execute(options.order_by(menu_options.c.sort_order, menu_options.c.id)).all(), currency)


def _check_bounds(tx: Connection, caller: Caller, group_id: str | None, values: dict[str, Any]) -> None:
    fewest, most = values.get("min"), values.get("max")
    if group_id is not None and (fewest is None) != (most is None):
        present = tx.execute(sa.select(option_groups).where(_mine(option_groups, caller, group_id))).one_or_none()
        if present is not None:
            fewest, most = (present.min if fewest is None else fewest), (present.max if most is None else most)
    if fewest is not None and most is not None and fewest > most:
        raise ValidationFailed(errors=[FieldError("/min", "range", "The fewest may not be more than the most.")])


def _write_options(
    tx: Connection, caller: Caller, group_id: str, wishes: Sequence[dict[str, Any]], currency: str
) -> None:
    present = set(tx.execute(sa.select(menu_options.c.id).where(menu_options.c.group_id == group_id)).scalars())
    rows = [_option_row(caller, group_id, place, wish, currency) for place, wish in enumerate(wishes)]
    named = [wish["id"] for wish in wishes if "id" in wish]
    if not set(named) <= present or len(set(named)) < len(named):
        raise ValidationFailed(errors=[FieldError("/options", "unknown_option", "Name options of this group once.")])
    tx.execute(sa.delete(menu_options).where(menu_options.c.group_id == group_id, menu_options.c.id.not_in(named)))
    for row in rows:
        if row["id"] in present:
            tx.execute(sa.update(menu_options).where(menu_options.c.id == row["id"]).values(row))
    if made := [row for row in rows if row["id"] not in present]:
        tx.execute(sa.insert(menu_options).values(made))


def _option_row(caller: Caller, group_id: str, place: int, wish: dict[str, Any], currency: str) -> dict[str, Any]:
    pointer = f"/options/{place}/price"
    return {
        "id": wish.get("id") or new_id("opt"),
        "venue_id": caller.venue,
        "group_id": group_id,
        "name": wish["name"],
        "price_minor": in_currency(wish["price"], currency, pointer) if "price" in wish else 0,
        "is_default": wish.get("default", False),
        "sort_order": place,
    }


def drop_group(tx: Connection, caller: Caller, group_id: str) -> None:
    """Delete an option group with its options, on every item that offered it; raises MenuEntryNotFound."""
    offered = menu_items.c.option_group_ids
    tx.execute(
        sa.update(menu_items)
        .where(menu_items.c.venue_id == caller.venue, sa.literal(group_id) == sa.any_(offered))
        .values(option_group_ids=sa.func.array_remove(offered, group_id))
    )
    _drop(tx, caller, option_groups, group_id)


def sell_out(tx: Connection, caller: Caller, table: sa.Table, entry_id: str, wish: dict[str, Any]) -> dict[str, Any]:
    """Say that an item or option is sold out, for good or until a time, or back; raises MenuEntryNotFound."""
    until = wish.get("until") if wish["sold_out"] else None
    row = _put(tx, caller, table, entry_id, {"sold_out": wish["sold_out"], "sold_out_until": until})
    return {"id": row.id, "sold_out": row.sold_out, "until": row.sold_out_until}


def _put(tx: Connection, caller: Caller, table: sa.Table, entry_id: str | None, values: dict[str, Any]) -> Any:
    row: Any
    if entry_id is None:
        made = {"id": new_id(_PREFIX[table]), "venue_id": caller.venue, **values}
        row = tx.execute(sa.insert(table).values(made).returning(table)).one()
    elif values:
        change = sa.update(table).where(_mine(table, caller, entry_id)).values(values).returning(table)
        row = tx.execute(change).one_or_none()
    else:
        row = tx.execute(sa.select(table).where(_mine(table, caller, entry_id))).one_or_none()
    if row is None:
        raise errors.MenuEntryNotFound
    announce(tx, caller, "menu.changed", row.id, sorted(values))
    return row


def _drop(tx: Connection, caller: Caller, table: sa.Table, entry_id: str) -> None:
    if tx.execute(sa.delete(table).where(_mine(table, caller, entry_id))).rowcount == 0:
        raise errors.MenuEntryNotFound
    announce(tx, caller, "menu.changed", entry_id, ["deleted"])


def _mine(table: sa.Table, caller: Caller, entry_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.id == entry_id, table.c.venue_id == caller.venue)


def _check_here(tx: Connection, caller: Caller, table: sa.Table, ids: Sequence[str], pointer: str) -> None:
    here = sa.select(sa.func.count()).where(table.c.id.in_(ids), table.c.venue_id == caller.venue)
    if ids and tx.execute(here).scalar_one() < len(set(ids)):
        raise ValidationFailed(errors=[FieldError(pointer, "unknown_id", "This is not on the menu of this venue.")])


def _currency(tx: Connection, caller: Caller) -> str:
    currency: str | None = tx.execute(sa.select(venues.c.currency).where(venues.c.id == caller.venue)).scalar()
    if currency is None:
        raise errors.VenueNotFound
    return currency


def _category(row: Any) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "sort_order": row.sort_order, "hours": row.hours}


def _item(row: Any, currency: str) -> dict[str, Any]:
    kept = ("id", "category_id", "name", "description", "tax_ppm", "tags", "allergens", "option_group_ids")
    more = ("image_url", "station", "discountable", "hours", "sold_out", "sold_out_until", "sort_order")
    return {"price": money(row.price_minor, currency), **{name: getattr(row, name) for name in kept + more}}


def _group(row: Any, options: Sequence[Any], currency: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "min": row.min,
        "max": row.max,
        "options": [
            {
                "id": one.id,
                "name": one.name,
                "price": money(one.price_minor, currency),
                "default": one.is_default,
                "sold_out": one.sold_out,
                "sold_out_until": one.sold_out_until,
            }
            for one in options
        ],
    }
