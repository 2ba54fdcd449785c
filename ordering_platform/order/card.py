"""PURE: the menu as data: what there is, what it costs and what can be had at a given moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ordering_platform.order.hours import Window, served_now, wall_time

Words = dict[str, str]

# Annex II of Regulation (EU) No 1169/2011.
ALLERGENS = (
    "celery",
    "crustaceans",
    "eggs",
    "fish",
    "gluten",
    "lupin",
    "milk",
    "molluscs",
    "mustard",
    "nuts",
    "peanuts",
    "sesame",
    "soybeans",
    "sulphites",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a group, with the difference it makes to the price."""

    id: str
    name: Words
    price_minor: int
    is_default: bool
    sold_out: bool
    sold_out_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A set of options of which at least ``min`` and at most ``max`` are chosen."""

    id: str
    name: Words
    min: int
    max: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A dish or a drink."""

    id: str
    category_id: str
    name: Words
    description: Words
    price_minor: int
    tax_ppm: int
    tags: list[str]
    allergens: list[str]
    image_url: str | None
    station: str
    discountable: bool
    hours: tuple[Window, ...]
    category_hours: tuple[Window, ...]
    sold_out: bool
    sold_out_until: datetime | None
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A heading of the menu with its items in order."""

    id: str
    name: Words
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The whole menu of a venue at one version."""

    venue_id: str
    version: int
    currency: str
    currency_digits: int
    time_zone: str
    languages: list[str]
    categories: tuple[Category, ...]
    items: dict[str, Item] = field(default_factory=dict)

    def language(self, wanted: str | None) -> str:
        """Give the wanted language where the venue speaks it, else its first."""
        return wanted if wanted in self.languages else self.languages[0]

    def words(self, texts: Words, language: str | None = None) -> str:
        """Give a text in a language, else in the venue's first, else in any there is."""
        for one in (language, self.languages[0]):
            if one is not None and texts.get(one):
                return texts[one]
        return next(iter(texts.values()), "")


def is_sold_out(thing: Item | Option, now: datetime) -> bool:
    """Whether an item or option is off; "until" a time means that it is back by then."""
    return thing.sold_out and (thing.sold_out_until is None or now < thing.sold_out_until)


def is_served(card: Card, item: Item, now: datetime) -> bool:
    """Whether the hours of the item and of its category allow it now."""
    if not item.hours and not item.category_hours:
        return True
    wall = wall_time(now, card.time_zone)
    return served_now(item.hours, wall) and served_now(item.category_hours, wall)


def true_until(card: Card, now: datetime) -> datetime | None:
    """Say how long what is on offer now stays so without anybody changing the menu; None means for good."""
    moments = []
    timed = False
    for item in card.items.values():
        timed = timed or bool(item.hours or item.category_hours)
        things: list[Item | Option] = [item, *(option for group in item.groups for option in group.options)]
        moments += [thing.sold_out_until for thing in things if thing.sold_out and thing.sold_out_until]
    if timed:
        # Hours are told to the minute.
        moments.append(now.replace(second=0, microsecond=0) + timedelta(minutes=1))
    return min((moment for moment in moments if moment > now), default=None)


def printed(card: Card, language: str, now: datetime) -> dict[str, Any]:
    """Write the card in one language, as guests read it at a moment."""

    def money(amount: int) -> dict[str, Any]:
        return {"amount": amount, "currency": card.currency}

    def option(one: Option) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": card.words(one.name, language),
            "price": money(one.price_minor),
            "default": one.is_default,
            "sold_out": is_sold_out(one, now),
        }

    def group(one: Group) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": card.words(one.name, language),
            "min": one.min,
            "max": one.max,
            "options": [option(choice) for choice in one.options],
        }

    def item(one: Item) -> dict[str, Any]:
        sold_out = is_sold_out(one, now)
        return {
            "id": one.id,
            "name": card.words(one.name, language),
            "description": card.words(one.description, language),
            "price": money(one.price_minor),
            "image_url": one.image_url,
            "tags": one.tags,
            "allergens": one.allergens,
            "sold_out": sold_out,
            "available": not sold_out and is_served(card, one, now),
            "option_groups": [group(choices) for choices in one.groups],
        }

    return {
        "version": card.version,
        "currency": card.currency,
        "currency_digits": card.currency_digits,
        "language": language,
        "languages": card.languages,
        "categories": [
            {"id": one.id, "name": card.words(one.name, language), "items": [item(dish) for dish in one.items]}
            for one in card.categories
        ],
    }
