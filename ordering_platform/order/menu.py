"""Reads the menu: parsed once a version for pricing, written once a version and language for guests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from ordering_platform.order.card import Card, Category, Group, Item, Option, printed, true_until
from ordering_platform.order.errors import SessionClosed, TableNotFound, VenueNotFound
from ordering_platform.order.hours import windows
from ordering_platform.order.models import menu_categories, menu_items, menu_options, option_groups, venues
from ordering_platform.runtime.clock import now
from ordering_platform.runtime.prepared import prepared
from ordering_platform.runtime.request import Answer

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller


@dataclass(frozen=True, slots=True)
class Page:
    """A printed menu: bytes that are sent as they are while version and moment fit."""

    version: int
    true_until: datetime | None
    etag: str
    body: bytes


class MenuBook:
    """The menus this process has read; each is replaced when its version or its moment has passed."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._cards: dict[str, Card] = {}
        self._pages: dict[tuple[str, str], Page] = {}

    def card(self, tx: Connection, venue_id: str, version: int) -> Card:
        """Give the menu of a venue at a version; costs statements only when the version is new here."""
        card = self._cards.get(venue_id)
        if card is None or card.version != version:
            card = self._cards[venue_id] = load(tx, venue_id, version)
        return card

    def page(self, tx: Connection, venue_id: str, version: int, wanted: str | None) -> Page:
        """Give the menu as guests read it now, in the wanted language or the venue's first."""
        card = self.card(tx, venue_id, version)
        language = card.language(wanted)
        page = self._pages.get((venue_id, language))
        moment = now()
        if page is None or page.version != version or (page.true_until is not None and page.true_until <= moment):
            body = orjson.dumps(printed(card, language, moment))
            etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
            page = self._pages[venue_id, language] = Page(version, true_until(card, moment), etag, body)
        return page


_STANDING = prepared("""
    SELECT v.menu_version, s.status AS session_status
    FROM orders.venues v
    LEFT JOIN orders.table_sessions s ON s.id = :session_id AND s.venue_id = v.id
    WHERE v.id = :venue_id
""")


def read(tx: Connection, book: MenuBook, caller: Caller, language: str | None, known: str | None) -> Answer:
    """Answer with the menu, or with 304 when the caller's ETag ``known`` still fits."""
    standing = tx.execute(_STANDING, {"venue_id": caller.venue, "session_id": caller.session}).one_or_none()
    if standing is None:
        raise VenueNotFound
    if caller.is_guest and standing.session_status != "open":
        raise SessionClosed
    page = book.page(tx, caller.venue, standing.menu_version, language)
    headers = {"ETag": page.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Language"}
    if known is not None and page.etag in known:
        return Answer(None, 304, headers)
    return Answer(page.body, 200, {**headers, "Content-Type": "application/json"})


_BEHIND = prepared("""
    SELECT v.id, v.menu_version
    FROM orders.dining_tables t JOIN orders.venues v ON v.id = t.venue_id
    WHERE t.code = :code AND t.retired_at IS NULL
""")


def behind(tx: Connection, book: MenuBook, code: str, language: str | None) -> Answer:
    """Answer with the menu of the venue whose table has this code; raises TableNotFound."""
    venue = tx.execute(_BEHIND, {"code": code}).one_or_none()
    if venue is None:
        raise TableNotFound
    page = book.page(tx, venue.id, venue.menu_version, language)
    headers = {"ETag": page.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Language"}
    return Answer(page.body, 200, {**headers, "Content-Type": "application/json"})


def spoken(header: str | None) -> str | None:
    """Give the first language of an Accept-Language header, without its region."""
    return header.split(",")[0].split(";")[0].split("-")[0].strip().lower() if header else None


def load(tx: Connection, venue_id: str, version: int) -> Card:
    """Read a whole menu: five statements, however long it is.

    Rows may be newer than ``version``, never older: then the next reader finds a newer version and reads again.
    """
    venue = tx.execute(sa.select(venues).where(venues.c.id == venue_id)).one()
    options: dict[str, list[Option]] = {}
    for row in _rows(tx, menu_options, venue_id):
        options.setdefault(row.group_id, []).append(_option(row))
    groups = {row.id: _group(row, options.get(row.id, [])) for row in _rows(tx, option_groups, venue_id)}
    categories = _rows(tx, menu_categories, venue_id)
    hours = {row.id: windows(row.hours) for row in categories}
    items: dict[str, list[Item]] = {}
    for row in _rows(tx, menu_items, venue_id):
        items.setdefault(row.category_id, []).append(_item(row, groups, hours[row.category_id]))
    return Card(
        venue_id=venue_id,
        version=version,
        currency=venue.currency,
        currency_digits=venue.currency_digits,
        time_zone=venue.time_zone,
        languages=venue.languages,
        categories=tuple(Category(id=row.id, name=row.name, items=tuple(items.get(row.id, ()))) for row in categories),
        items={item.id: item for dishes in items.values() for item in dishes},
    )


def _rows(tx: Connection, table: sa.Table, venue_id: str) -> list[Any]:
    order = [table.c.sort_order, table.c.id] if "sort_order" in table.c else [table.c.id]
    return list(tx.execute(sa.select(table).where(table.c.venue_id == venue_id).order_by(*order)))


def _option(row: Any) -> Option:
    return Option(
        id=row.id,
        name=row.name,
        price_minor=row.price_minor,
        is_default=row.is_default,
        sold_out=row.sold_out,
        sold_out_until=row.sold_out_until,
    )


def _group(row: Any, options: list[Option]) -> Group:
    return Group(id=row.id, name=row.name, min=row.min, max=row.max, options=tuple(options))


def _item(row: Any, groups: dict[str, Group], category_hours: Any) -> Item:
    return Item(
        id=row.id,
        category_id=row.category_id,
        name=row.name,
        description=row.description,
        price_minor=row.price_minor,
        tax_ppm=row.tax_ppm,
        tags=row.tags,
        allergens=row.allergens,
        image_url=row.image_url,
        station=row.station,
        discountable=row.discountable,
        hours=windows(row.hours),
        category_hours=category_hours,
        sold_out=row.sold_out,
        sold_out_until=row.sold_out_until,
        groups=tuple(groups[one] for one in row.option_group_ids if one in groups),
    )
