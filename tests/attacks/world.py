"""Two restaurants on one platform, each with people of every role, two tables and one of everything there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ordering_platform.auth import passwords
from ordering_platform.auth.models import users
from ordering_platform.auth.roles import ROLES
from ordering_platform.client import Client
from ordering_platform.order.models import venues
from ordering_platform.runtime.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

    from ordering_platform.runtime.doors import Door

PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Seat:
    """A guest at a table with a cart, an order that was sent, a bill, a payment and a call; ids by address."""

    guest: Client
    table_code: str
    sent: str
    things: dict[str, str]


@dataclass(frozen=True, slots=True)
class Restaurant:
    """Staff clients by role, what belongs to the house by address, and two parties that do not know each other."""

    staff: dict[str, Client]
    things: dict[str, str]
    seats: tuple[Seat, Seat]

    @property
    def owner(self) -> Client:
        return self.staff["owner"]

    def thing(self, place: str, seat: int = 0) -> str:
        """Give the id of the real thing under an address; a new kind of thing is made in this module."""
        return {**self.things, **self.seats[seat].things}[place]


def places(door: Door) -> Iterator[tuple[str, str]]:
    """Give each variable of an address with what stands before it, which says the kind of thing."""
    for variable in door.variables:
        yield variable, door.url.partition(f"<{variable}>")[0].rstrip("/")


def restaurant(engine: Engine, url: str, name: str) -> Restaurant:
    """Open a restaurant with everything in it."""
    with engine.begin() as tx:
        emails = _employ(tx, name)
    staff = {role: Client(url).as_staff(email, PASSWORD) for role, email in emails.items()}
    owner = staff["owner"]
    things = {**_menu(owner), **_promotion(owner, name), "/v1/webhooks": "sandbox"}
    things["/v1/users"] = owner.post(
        "/v1/users", {"email": f"extra@{name}.example", "name": "Extra", "role": "waiter", "password": PASSWORD}
    )["id"]
    seats = (_seat(owner, things, "one"), _seat(owner, things, "two"))
    return Restaurant(staff, things, seats)


def line(things: dict[str, str], **given: Any) -> dict[str, Any]:
    """Ask for the one dish with its required option."""
    return {
        "menu_item_id": things["/v1/menu/items"],
        "quantity": 1,
        "options": [things["/v1/menu/options"]],
        **given,
    }


def _employ(tx: Connection, name: str) -> dict[str, str]:
    venue = new_id("ven")
    common = {"currency": "EUR", "currency_digits": 2, "time_zone": "Europe/Berlin", "languages": ["en"]}
    tx.execute(sa.insert(venues).values(id=venue, name=name, max_unpaid_orders=1000, **common))
    people = [
        {
            "id": new_id("usr"),
            "venue_id": venue,
            "email": f"{role}@{name}.example",
            "name": role.title(),
            "role": role,
            "password_hash": passwords.hashed_here(PASSWORD),
        }
        for role in ROLES
    ]
    tx.execute(sa.insert(users), people)
    return {person["role"]: person["email"] for person in people}


def _menu(owner: Client) -> dict[str, str]:
    category = owner.post("/v1/menu/categories", {"name": {"en": "Soups"}})
    group = owner.post(
        "/v1/menu/option-groups",
        {"name": {"en": "Size"}, "min": 1, "max": 1, "options": [{"name": {"en": "Small"}}, {"name": {"en": "Large"}}]},
    )
    item = owner.post(
        "/v1/menu/items",
        {
            "category_id": category["id"],
            "name": {"en": "Tomato soup"},
            "price": {"amount": 650, "currency": "EUR"},
            "tax_ppm": 70_000,
            "option_group_ids": [group["id"]],
        },
    )
    return {
        "/v1/menu/categories": category["id"],
        "/v1/menu/option-groups": group["id"],
        "/v1/menu/options": group["options"][0]["id"],
        "/v1/menu/items": item["id"],
    }


def _promotion(owner: Client, name: str) -> dict[str, str]:
    code = f"SOUP{name.upper()}"
    made = owner.post(
        "/v1/promotions",
        {
            "name": "Soup day",
            "trigger": "code",
            "reward": {"percent_bps": 1000, "on": "order"},
            "codes": [code],
        },
    )
    batch = owner.post(f"/v1/promotions/{made['id']}/codes/batches", {"count": 3})
    return {
        "/v1/promotions": made["id"],
        "/v1/promotions/<promotion_id>/codes": code,
        "/v1/promotions/<promotion_id>/codes/batches": batch["id"],
    }


def _seat(owner: Client, things: dict[str, str], name: str) -> Seat:
    table = owner.post("/v1/tables", {"name": f"Table {name}"})
    session = owner.post("/v1/table-sessions", {"table_id": table["id"]})
    guest = owner.as_guest(table["code"])
    cart = guest.post("/v1/orders", {"items": [line(things)]})
    paying, sent = (place(guest, things) for _ in range(2))
    bill = guest.post("/v1/bills", {"order_ids": [paying]})
    payment = guest.post(f"/v1/bills/{bill['id']}/payments", {"method": "cash"})
    call = guest.post("/v1/staff-calls", {"kind": "help"})
    own = {
        "/v1/tables": table["id"],
        "/v1/table-links": table["code"],
        "/v1/table-sessions": session["id"],
        "/v1/orders": cart["id"],
        "/v1/orders/<order_id>/items": cart["items"][0]["id"],
        "/v1/bills": bill["id"],
        "/v1/payments": payment["id"],
        **_given_back(owner, guest, things),
        "/v1/staff-calls": call["id"],
    }
    return Seat(guest, table["code"], sent, own)


def _given_back(owner: Client, guest: Client, things: dict[str, str]) -> dict[str, str]:
    card = {"method": "sandbox", "card": {"token": "tok_approve"}}
    paid = guest.post("/v1/checkout", {"order_ids": [place(guest, things)], **card})
    cent = {"reason": "for the next test", "amount": {"amount": 1, "currency": "EUR"}}
    refund = owner.post(f"/v1/payments/{paid['payment']['id']}/refunds", cent)
    # Whoever looks at the receipt has everything printed that is due, so that nothing is written later.
    link = str(paid["bill"]["receipt_url"])
    guest.get(link)
    return {"/v1/refunds": str(refund["id"]), "/v1/receipts": link.rpartition("/")[2]}


def place(guest: Client, things: dict[str, str]) -> str:
    """Send an order of one soup to the kitchen and give its id."""
    order = guest.post("/v1/orders", {"items": [line(things)]})
    return str(guest.post(f"/v1/orders/{order['id']}/place")["id"])
