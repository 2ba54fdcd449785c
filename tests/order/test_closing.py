"""The end of a visit by itself: when everything is paid, later when it is also quiet, or never."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from ordering_platform.order import carts, closing, errors, settling
from ordering_platform.order.models import order_events, order_items, orders, table_sessions
from tests.order import rooms
from tests.support.crowds import at_once
from tests.support.statements import watched

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.identity import Caller
    from tests.order.conftest import Doors


@pytest.fixture
def room(room: rooms.Room, db: Transactions) -> rooms.Room:
    """Give a venue whose visits end as soon as everything is paid."""
    rooms.ruled(db, room, session_closing="paid")
    return room


def visit(db: Transactions, guest: Caller) -> tuple[str, str | None]:
    with db.read() as tx:
        columns = sa.select(table_sessions.c.status, table_sessions.c.close_reason)
        return tuple(tx.execute(columns.where(table_sessions.c.id == guest.session)).one())


def endings(db: Transactions, guest: Caller) -> int:
    ended = sa.select(sa.func.count()).where(
        order_events.c.kind == "session.closed", order_events.c.session_id == guest.session
    )
    with db.read() as tx:
        return int(tx.execute(ended).scalar_one())


def tidy(db: Transactions) -> int:
    with db.transaction() as tx:
        return closing.close_settled(tx)


OPEN, PAID = ("open", None), ("closed", "paid")


def test_the_payment_that_leaves_nothing_ends_the_visit(db: Transactions, room: rooms.Room, doors: Doors) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    for place, who in enumerate((anna, ben)):
        rooms.held(db, f"bil_{place}", who, rooms.sent(db, who, rooms.soup(room))["id"])
    rooms.paid(db, "bil_0")
    assert visit(db, anna) == OPEN
    rooms.paid(db, "bil_1", "pay_2")
    assert visit(db, anna) == PAID
    answer = doors(anna, "POST", "/v1/orders", {"items": [rooms.soup(room)]}, {"Idempotency-Key": rooms.key()})
    assert (answer.status, answer.code) == (410, "session_closed")
    assert rooms.guest(db, room).session != anna.session


@pytest.mark.parametrize("rule", ["idle", "staff"])
def test_elsewhere_a_payment_ends_no_visit(db: Transactions, room: rooms.Room, rule: str) -> None:
    rooms.ruled(db, room, session_closing=rule)
    anna = rooms.guest(db, room)
    rooms.held(db, "bil_1", anna, rooms.sent(db, anna, rooms.soup(room))["id"])
    rooms.paid(db, "bil_1")
    assert (visit(db, anna), tidy(db)) == (OPEN, 0)


def test_where_staff_end_visits_even_a_quiet_one_lasts(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    for rule, ended in (("staff", 0), ("idle", 1)):
        rooms.ruled(db, room, session_closing=rule)
        with db.transaction() as tx:
            tx.execute(sa.update(table_sessions).values(last_activity_at=sa.text("now() - interval '9 hours'")))
            assert closing.close_quiet(tx) == ended
    assert visit(db, anna) == ("closed", "quiet")


@pytest.mark.parametrize("rule", ["idle", "paid"])
@pytest.mark.parametrize("status", ["partially_refunded", "refunded"])
def test_a_visit_ends_also_when_money_went_back(db: Transactions, room: rooms.Room, rule: str, status: str) -> None:
    rooms.ruled(db, room, session_closing=rule)
    anna = rooms.guest(db, room)
    cart = rooms.cart(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, rooms.sent(db, anna, rooms.soup(room))["id"])
    rooms.paid(db, "bil_1")
    assert visit(db, anna) == OPEN
    with db.transaction() as tx:
        settling.mark_refunded(tx, bill_id="bil_1", payment_status=status, step=1)
        tx.execute(sa.delete(order_items).where(order_items.c.order_id == cart["id"]))
        long_ago = sa.text("now() - interval '1 hour'")
        tx.execute(sa.update(orders).where(orders.c.status == "placed").values(status="served"))
        tx.execute(sa.update(orders).values(updated_at=long_ago))
        tx.execute(sa.update(table_sessions).values(last_activity_at=long_ago))
        assert (closing.close_quiet(tx) if rule == "idle" else closing.close_settled(tx)) == 1


def test_a_part_of_a_bill_ends_nothing(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    rooms.held(db, "bil_1", anna, rooms.sent(db, anna, rooms.soup(room))["id"])
    rooms.paid(db, "bil_1", "pay_1", "partially_paid")
    assert visit(db, anna) == OPEN
    rooms.paid(db, "bil_1", "pay_2")
    assert visit(db, anna) == PAID


def test_the_payment_that_was_a_part_may_be_the_one_named_in_the_end(db: Transactions, room: rooms.Room) -> None:
    """Whoever settles a bill after a crash names any of its payments."""
    anna = rooms.guest(db, room)
    order = rooms.sent(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    rooms.paid(db, "bil_1", "pay_1", "partially_paid")
    told = rooms.paid(db, "bil_1", "pay_1")
    assert told == {"orders": [{"id": order["id"], "payment_status": "paid"}]}
    assert rooms.paid(db, "bil_1", "pay_1", "partially_paid") == told == rooms.paid(db, "bil_1", "pay_1")
    assert endings(db, anna) == 1


def test_a_filled_cart_keeps_the_visit_open_until_it_is_dropped(db: Transactions, room: rooms.Room) -> None:
    anna, ben = rooms.guest(db, room), rooms.guest(db, room)
    cart = rooms.cart(db, ben, rooms.soup(room))
    rooms.cart(db, anna)
    rooms.held(db, "bil_1", anna, rooms.sent(db, anna, rooms.soup(room))["id"])
    rooms.paid(db, "bil_1")
    assert (visit(db, anna), tidy(db)) == (OPEN, 0)
    with db.transaction() as tx:
        carts.remove(tx, ben, cart["id"], cart["items"][0]["id"], match=None)
    assert (tidy(db), visit(db, anna)) == (1, PAID)


def test_an_order_that_is_taken_back_is_not_waited_for(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    first, second = (rooms.sent(db, anna, rooms.soup(room))["id"] for _ in range(2))
    rooms.held(db, "bil_1", anna, first)
    rooms.paid(db, "bil_1")
    assert (visit(db, anna), tidy(db)) == (OPEN, 0)
    rooms.moved(db, rooms.staff(room), second, "cancelled")
    assert (tidy(db), visit(db, anna)) == (1, PAID)


def test_where_one_pays_first_the_visit_lasts_until_all_is_served(db: Transactions, room: rooms.Room) -> None:
    rooms.ruled(db, room, policy="pay_first")
    anna = rooms.guest(db, room)
    order = rooms.cart(db, anna, rooms.soup(room))
    rooms.held(db, "bil_1", anna, order["id"])
    rooms.paid(db, "bil_1")
    assert (visit(db, anna), tidy(db)) == (OPEN, 0)
    rooms.moved(db, rooms.staff(room), order["id"], "accepted", "preparing", "ready", "served")
    assert (tidy(db), visit(db, anna)) == (1, PAID)


def test_rehearsals_end_no_visit(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    rooms.held(db, "bil_1", anna, rooms.sent(db, anna, rooms.soup(room), rehearsal=True)["id"])
    rooms.paid(db, "bil_1")
    assert (visit(db, anna), tidy(db)) == (OPEN, 0)


def test_a_repeat_ends_the_visit_that_the_first_time_did_not_come_to(db: Transactions, room: rooms.Room) -> None:
    anna = rooms.guest(db, room)
    rooms.held(db, "bil_1", anna, rooms.sent(db, anna, rooms.soup(room))["id"])
    rooms.ruled(db, room, session_closing="idle")
    rooms.paid(db, "bil_1")
    rooms.ruled(db, room, session_closing="paid")
    rooms.paid(db, "bil_1")
    assert (visit(db, anna), endings(db, anna)) == (PAID, 1)


def test_the_last_bills_paid_at_once_end_the_visit_once(db: Transactions, room: rooms.Room) -> None:
    for turn in range(6):
        anna, ben = rooms.guest(db, room), rooms.guest(db, room)
        for place, who in enumerate((anna, ben)):
            rooms.held(db, f"bil_{turn}_{place}", who, rooms.sent(db, who, rooms.soup(room))["id"])
        works = [partial(rooms.paid, db, f"bil_{turn}_{place}", f"pay_{place}") for place in (0, 1, 0, 1)]
        outcomes = at_once(works)
        assert all(isinstance(one, dict) for one in outcomes), outcomes
        assert (visit(db, anna), endings(db, anna)) == (PAID, 1)


def test_an_order_sent_while_the_last_bill_is_paid_is_in_or_refused(db: Transactions, room: rooms.Room) -> None:
    def send(guest: Caller) -> Any:
        return rooms.sent(db, guest, rooms.soup(room))

    for turn in range(8):
        anna, ben = rooms.guest(db, room), rooms.guest(db, room)
        rooms.held(db, f"bil_{turn}", anna, rooms.sent(db, anna, rooms.soup(room))["id"])
        paid, sent = at_once([partial(rooms.paid, db, f"bil_{turn}"), partial(send, ben)])
        assert isinstance(paid, dict)
        if isinstance(sent, dict):
            assert visit(db, anna) == OPEN
            rooms.held(db, f"bil_{turn}b", ben, sent["id"])
            rooms.paid(db, f"bil_{turn}b", "pay_2")
        else:
            assert isinstance(sent, errors.SessionClosed), sent
        assert visit(db, anna) == PAID
        with db.read() as tx:
            placed = sa.select(orders.c.id).where(orders.c.session_id == anna.session, orders.c.placed_at.is_not(None))
            unpaid = placed.where(orders.c.payment_status != "paid")
            assert tx.execute(unpaid).all() == []


def test_paying_costs_no_more_where_visits_do_not_end_so(db: Transactions, room: rooms.Room) -> None:
    costs = {}
    for rule in ("idle", "paid"):
        rooms.ruled(db, room, session_closing=rule)
        anna = rooms.guest(db, room)
        rooms.held(db, f"bil_{rule}", anna, rooms.sent(db, anna, rooms.soup(room))["id"])
        with watched(db.engine) as seen:
            rooms.paid(db, f"bil_{rule}")
        costs[rule] = len(seen)
    assert costs == {"idle": 1, "paid": 4}
