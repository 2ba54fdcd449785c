"""PURE: from what a guest asks for to a priced line, and from a line back to what it would cost today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ordering_platform.order.card import is_served, is_sold_out
from ordering_platform.order.errors import ItemUnavailable
from ordering_platform.runtime.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ordering_platform.order.card import Card, Item, Option


@dataclass(frozen=True, slots=True)
class Line:
    """What is kept of an ordered item, whatever happens to the menu later; amounts in minor units."""

    menu_item_id: str
    category_id: str
    name: str
    quantity: int
    unit_minor: int
    options: list[dict[str, Any]]
    tax_ppm: int
    tags: list[str]
    station: str
    discountable: bool
    note: str

    @property
    def total_minor(self) -> int:
        """The price of the whole line."""
        return self.unit_minor * self.quantity


def price(
    card: Card, wishes: Sequence[dict[str, Any]], now: datetime, max_quantity: int, *, alone: bool = False
) -> list[Line]:
    """Price what a guest asks for by the card alone; a wish that comes ``alone`` is the whole body it came in.

    Raises ItemUnavailable or ValidationFailed with a pointer for each fault; nothing is priced then.
    """
    unavailable: list[FieldError] = []
    invalid: list[FieldError] = []
    lines = []
    for place, wish in enumerate(wishes):
        pointer = "" if alone else f"/items/{place}"
        if wish["quantity"] > max_quantity:
            message = f"Send a whole number from 1 to {max_quantity}."
            invalid.append(FieldError(f"{pointer}/quantity", "range", message))
        item = card.items.get(wish["menu_item_id"])
        faults = why_not(card, item, now)
        chosen: list[Option] = []
        if item is not None:
            chosen, wrong, gone = _choose(item, wish.get("options", []), now)
            invalid += [FieldError(f"{pointer}/options", code, message) for code, message in wrong]
            faults += gone
        unavailable += [FieldError(f"{pointer}/menu_item_id", code, message) for code, message in faults]
        if item is not None:
            lines.append(_line(card, item, chosen, wish))
    if unavailable:
        raise ItemUnavailable(errors=[*unavailable, *invalid])
    if invalid:
        raise ValidationFailed(errors=invalid)
    return lines


def why_not(card: Card, item: Item | None, now: datetime) -> list[tuple[str, str]]:
    """Say why an item cannot be had now, as code and sentence; nothing when it can."""
    if item is None:
        return [("unknown_item", "This is not on the menu.")]
    if is_sold_out(item, now):
        return [("sold_out", "This is sold out.")]
    if not is_served(card, item, now):
        return [("not_served_now", "This is not served at this hour.")]
    return []


def _choose(
    item: Item, wanted: Sequence[str], now: datetime
) -> tuple[list[Option], list[tuple[str, str]], list[tuple[str, str]]]:
    """Find the wanted options; give them with what is wrong about the choice and what is sold out."""
    wrong = []
    if len(set(wanted)) != len(wanted):
        wrong.append(("duplicate_option", "Choose an option once only."))
    known = {option.id for group in item.groups for option in group.options}
    if set(wanted) - known:
        wrong.append(("unknown_option", "This option does not belong to this dish."))
    chosen = []
    for group in item.groups:
        mine = [option for option in group.options if option.id in wanted]
        if not group.min <= len(mine) <= group.max:
            wrong.append(("option_count", f"Choose {group.min} to {group.max} options of the group {group.id}."))
        chosen += mine
    gone = [("option_sold_out", f"The option {one.id} is sold out.") for one in chosen if is_sold_out(one, now)]
    return chosen, wrong, gone


def _line(card: Card, item: Item, chosen: Sequence[Option], wish: dict[str, Any]) -> Line:
    return Line(
        menu_item_id=item.id,
        category_id=item.category_id,
        name=card.words(item.name),
        quantity=wish["quantity"],
        # An option may make a dish cheaper, never cheaper than nothing.
        unit_minor=max(0, item.price_minor + sum(option.price_minor for option in chosen)),
        options=[
            {"id": option.id, "name": card.words(option.name), "price_minor": option.price_minor} for option in chosen
        ],
        tax_ppm=item.tax_ppm,
        tags=item.tags,
        station=item.station,
        discountable=item.discountable,
        note=wish.get("note", ""),
    )


@dataclass(frozen=True, slots=True)
class Recheck:
    """What has become of the lines of a cart: those that cannot be served and those that cost something else."""

    unavailable: list[dict[str, Any]]
    repriced: list[dict[str, Any]]
    total_minor: int


def recheck(card: Card, kept: Sequence[Any], now: datetime) -> Recheck:
    """Hold the lines of a cart against the card of this moment; ``kept`` are rows of order items as mappings."""
    unavailable = []
    repriced = []
    total = 0
    for line in kept:
        item = card.items.get(line["menu_item_id"])
        reasons = why_not(card, item, now)
        unit = line["unit_minor"]
        if item is not None:
            chosen, wrong, gone = _choose(item, [option["id"] for option in line["options"]], now)
            reasons += wrong + gone
            today = _line(card, item, chosen, line)
            unit = today.unit_minor
        seen = {"item_id": line["id"], "menu_item_id": line["menu_item_id"], "name": line["name"]}
        if reasons:
            unavailable.append({**seen, "reasons": [code for code, _ in reasons]})
        elif unit != line["unit_minor"]:
            options = today.options
            repriced.append({**seen, "old_unit_minor": line["unit_minor"], "unit_minor": unit, "options": options})
        total += unit * line["quantity"]
    return Recheck(unavailable, repriced, total)
