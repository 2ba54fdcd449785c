"""While the next release is rolled out, this one works on with a database that has moved ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from ordering_platform.order.models import metadata
from ordering_platform.runtime.database import Transactions, make_engine
from tests.order import rooms

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions as Db


def evening(db: Transactions, room: rooms.Room, bill: str) -> None:
    """Walk through every statement a connection keeps a plan for."""
    anna, waiter = rooms.guest(db, room), rooms.staff(room)
    order = rooms.sent(db, anna, rooms.soup(room), rooms.coffee(room))
    rooms.held(db, bill, anna, order["id"])
    rooms.released(db, bill)
    rooms.held(db, f"{bill}_2", anna)
    rooms.paid(db, f"{bill}_2")
    rooms.moved(db, waiter, order["id"], "accepted", "preparing")


def test_new_columns_do_not_disturb_open_connections(database_url: str, db: Db, room: rooms.Room) -> None:
    engine = make_engine(database_url, pool_size=1, overflow=0)
    service = Transactions(engine)
    tables = [table.fullname for table in metadata.sorted_tables]
    try:
        evening(service, room, "bil_before")
        with db.transaction() as tx:
            for table in tables:
                tx.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN of_the_next_release text"))
        evening(service, room, "bil_after")
    finally:
        engine.dispose()
        with db.transaction() as tx:
            for table in tables:
                tx.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN IF EXISTS of_the_next_release"))
