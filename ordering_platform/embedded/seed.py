"""The demo restaurant: its venue, tables, menu, promotions and staff, put in by one transaction and only once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.auth import accounts
from ordering_platform.auth.models import users
from ordering_platform.order.models import venues
from ordering_platform.order.seed import VENUE, seed_venue
from ordering_platform.promotion.seed import seed_promotions

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions

PEOPLE = tuple(
    accounts.Person(email=f"{role}@demo.example", name=name, role=role)
    for role, name in (
        ("owner", "Olivia"),
        ("manager", "Malik"),
        ("cashier", "Carla"),
        ("waiter", "Wanda"),
        ("kitchen", "Kenji"),
    )
)


@dataclass(frozen=True, slots=True)
class Login:
    """The first login of somebody who works here; the password is known only now."""

    role: str
    email: str
    password: str


def is_empty(db: Transactions) -> bool:
    """Whether there is neither a venue nor a user in the database yet."""
    with db.read() as tx:
        return not tx.scalar(sa.select(sa.exists(sa.select(venues)) | sa.exists(sa.select(users))))


def seed(db: Transactions) -> list[Login]:
    """Put in what is missing and leave the rest as it is; gives the logins that were made."""
    with db.transaction() as tx:
        seed_venue(tx)
        seed_promotions(tx, venue_id=VENUE)
        passwords = accounts.seed_users(tx, VENUE, PEOPLE)
    return [Login(one.role, one.email, passwords[one.email]) for one in PEOPLE if one.email in passwords]
