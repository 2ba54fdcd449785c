"""A small restaurant for tests: rows with sensible defaults, and people who come through its doors."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.order import bills, carts, moves, placing, sessions, settling
from ordering_platform.order.menu import MenuBook
from ordering_platform.order.models import (
    dining_tables,
    menu_categories,
    menu_items,
    menu_options,
    option_groups,
    venues,
)
from ordering_platform.runtime.identity import Caller
from ordering_platform.runtime.ids import new_code, new_id
from tests.support import tokens

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.database import Transactions

ROLES = ("kitchen", "waiter", "cashier", "manager", "owner")


@dataclass(slots=True)
class Room:
    """One venue with two tables, a short menu and the people in it."""

    venue: str
    table: str
    code: str
    other_table: str
    other_code: str
    soup: str
    coffee: str
    oat: str
    syrup: str


def venue(tx: Connection, **changes: Any) -> Room:
    """Build a venue: a soup at 6.50, a coffee at 3.00 with a choice of one milk and up to two syrups."""
    venue_id = changes.pop("id", None) or new_id("ven")
    values = {"name": "Zur Probe", "currency": "EUR", "currency_digits": 2, "time_zone": "Europe/Berlin"}
    tx.execute(sa.insert(venues).values(id=venue_id, languages=["de", "en"], **{**values, **changes}))
    # Ids made within one millisecond sort by chance, so everything says where it stands.
    tables = [
        _row(tx, dining_tables, "tbl", venue_id=venue_id, name=name, code=new_code(128), sort_order=place)
        for place, name in enumerate(("T1", "T2"))
    ]
    category = _row(tx, menu_categories, "cat", venue_id=venue_id, name={"de": "Alles", "en": "All"})
    milk = _row(tx, option_groups, "grp", venue_id=venue_id, name={"de": "Milch", "en": "Milk"}, min=1, max=1)
    extra = _row(tx, option_groups, "grp", venue_id=venue_id, name={"de": "Sirup"}, min=0, max=2)
    options = [
        _row(tx, menu_options, "opt", venue_id=venue_id, group_id=group, name={"de": name}, price_minor=price, **at)
        for group, name, price, at in (
            (milk, "Hafer", 50, {}),
            (milk, "Kuh", 0, {"sort_order": 1}),
            (extra, "Vanille", 70, {}),
        )
    ]
    dish = {"venue_id": venue_id, "category_id": category, "tax_ppm": 70_000}
    soup = _row(tx, menu_items, "itm", **dish, name={"de": "Suppe", "en": "Soup"}, price_minor=650, tags=["vegan"])
    coffee = _row(
        tx,
        menu_items,
        "itm",
        **dish,
        name={"de": "Kaffee"},
        price_minor=300,
        option_group_ids=[milk, extra],
        sort_order=1,
    )
    codes = dict(tx.execute(sa.select(dining_tables.c.id, dining_tables.c.code)).all())
    return Room(
        venue=venue_id,
        table=tables[0],
        code=codes[tables[0]],
        other_table=tables[1],
        other_code=codes[tables[1]],
        soup=soup,
        coffee=coffee,
        oat=options[0],
        syrup=options[2],
    )


def _row(tx: Connection, table: sa.Table, prefix: str, **values: Any) -> str:
    row_id = new_id(prefix)
    tx.execute(sa.insert(table).values(id=row_id, **values))
    return row_id


def guest(db: Transactions, room: Room, *, code: str | None = None, **scan: Any) -> Caller:
    """Scan a table's code as a new guest."""
    guest_id = new_id("gst")
    opened = sessions.open_by_scan(
        db,
        table_code=code or room.code,
        guest_id=guest_id,
        nickname=scan.get("nickname"),
        visit_code=scan.get("visit_code"),
    )
    return Caller("guest", guest_id, opened["venue_id"], session=opened["session_id"], table=opened["table_id"])


def staff(room: Room, role: str = "waiter") -> Caller:
    """Give somebody who works at the venue."""
    return Caller("staff", new_id("usr"), room.venue, frozenset(ROLES[: ROLES.index(role) + 1]))


def key() -> str:
    """Make an Idempotency-Key."""
    return secrets.token_hex(16)


def ruled(db: Transactions, room: Room, **rules: Any) -> None:
    """Change the venue's rules behind its back."""
    with db.transaction() as tx:
        tx.execute(sa.update(venues).where(venues.c.id == room.venue).values(**rules))


def signed(caller: Caller) -> dict[str, str]:
    """Give the header that proves who somebody is."""
    role = next((one for one in reversed(ROLES) if caller.has(one)), "")
    return tokens.bearer(
        caller.kind, role, sub=caller.id, venue=caller.venue, session=caller.session, table=caller.table
    )


def soup(room: Room, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    """Ask for soup, 6.50 each."""
    return {"menu_item_id": room.soup, "quantity": quantity, **more}


def coffee(room: Room, quantity: int = 1, options: list[str] | None = None) -> dict[str, Any]:
    """Ask for coffee, with oat milk and vanilla unless said otherwise: 4.20 each."""
    return {
        "menu_item_id": room.coffee,
        "quantity": quantity,
        "options": [room.oat, room.syrup] if options is None else options,
    }


def cart(db: Transactions, caller: Caller, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Fill a cart."""
    with db.transaction() as tx:
        return carts.create(tx, MenuBook(), caller, {**({"items": list(items)} if items else {}), **more})


def place(db: Transactions, caller: Caller, order_id: str) -> dict[str, Any]:
    """Send a cart to the kitchen."""
    with db.transaction() as tx:
        return placing.place(tx, MenuBook(), caller, order_id, expected_total=None, match=None)


def sent(db: Transactions, caller: Caller, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Fill a cart and send it to the kitchen."""
    return place(db, caller, cart(db, caller, *items, **more)["id"])


def moved(db: Transactions, caller: Caller, order_id: str, *targets: str) -> dict[str, Any]:
    """Move an order from status to status."""
    order: dict[str, Any] = {}
    for to in targets:
        with db.transaction() as tx:
            order = moves.move(tx, caller, order_id, to, reason="so it is", match=None)
    return order


def held(db: Transactions, bill_id: str, caller: Caller, *order_ids: str) -> dict[str, Any]:
    """Lock orders for a bill as payment does for a guest."""
    with db.transaction() as tx:
        return bills.lock(
            tx,
            MenuBook(),
            bill_id=bill_id,
            venue_id=caller.venue,
            session_id=caller.session or None,
            order_ids=order_ids,
            guest_id=caller.id if caller.is_guest else None,
            expected_versions=None,
        )


def paid(db: Transactions, bill_id: str, payment_id: str = "pay_1", status: str = "paid") -> dict[str, Any]:
    """Note a payment as payment does."""
    return settling.mark_paid(db, bill_id=bill_id, payment_status=status, payment_id=payment_id)


def released(db: Transactions, bill_id: str) -> dict[str, Any]:
    """Give a bill up as payment does."""
    with db.transaction() as tx:
        return bills.unlock(tx, bill_id=bill_id)
