"""The order service: doors, dependencies and what runs by the clock, and nothing else."""

from __future__ import annotations

from typing import Any

from ordering_platform.order import bills, closing, days, events, past, sessions, settling
from ordering_platform.order.doors import events as event_doors
from ordering_platform.order.doors import menu as menu_doors
from ordering_platform.order.doors import orders as order_doors
from ordering_platform.order.doors import tables as table_doors
from ordering_platform.order.menu import MenuBook
from ordering_platform.order.models import idempotency_keys
from ordering_platform.runtime.database import Database
from ordering_platform.runtime.entrypoints import rpc, timer
from ordering_platform.runtime.idempotency import forget
from ordering_platform.runtime.notifications import Notifications
from ordering_platform.runtime.provided import Provided


class OrderService(menu_doors.MenuDoors, order_doors.OrderDoors, table_doors.TableDoors, event_doors.EventDoors):
    """Venue, tables, table sessions, menu, orders, their status and their events."""

    name = "order"

    db: Any = Database()
    settings: Any = Provided(lambda settings: settings)
    news: Any = Provided(lambda settings: Notifications(settings.database_url, events.CHANNEL, events.heard))
    book: Any = MenuBook()

    @rpc(callers=("auth",))
    def open_table_session(
        self, *, table_code: str, guest_id: str, nickname: str | None = None, visit_code: str | None = None
    ) -> dict[str, Any]:
        """Seat a guest at the table with this code."""
        return sessions.open_by_scan(
            self.db, table_code=table_code, guest_id=guest_id, nickname=nickname, visit_code=visit_code
        )

    @rpc(callers=("payment",))
    def lock_for_bill(
        self,
        *,
        bill_id: str,
        venue_id: str,
        session_id: str | None,
        order_ids: list[str],
        guest_id: str | None = None,
        expected_versions: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        """Hold orders for a bill, all or none."""
        with self.db.transaction() as tx:
            return bills.lock(
                tx,
                self.book,
                bill_id=bill_id,
                venue_id=venue_id,
                session_id=session_id,
                order_ids=order_ids,
                guest_id=guest_id,
                expected_versions=expected_versions,
            )

    @rpc(callers=("payment",))
    def read_for_bill(
        self, *, venue_id: str, session_id: str | None, order_ids: list[str], guest_id: str | None = None
    ) -> dict[str, Any]:
        """Give what a bill over these orders would be made of, without holding them."""
        with self.db.read() as tx:
            return bills.read(tx, venue_id=venue_id, session_id=session_id, order_ids=order_ids, guest_id=guest_id)

    @rpc(callers=("payment",))
    def unlock(self, *, bill_id: str) -> dict[str, Any]:
        """Let the orders of a bill go; a lock that comes later is refused."""
        with self.db.transaction() as tx:
            return bills.unlock(tx, bill_id=bill_id)

    @rpc(callers=("payment",))
    def mark_paid(self, *, bill_id: str, payment_status: str, payment_id: str, paid_minor: int) -> dict[str, Any]:  # noqa: ARG002  the amount is the bill's business
        """Note a payment on the orders of a bill."""
        return settling.mark_paid(self.db, bill_id=bill_id, payment_status=payment_status, payment_id=payment_id)

    @rpc(callers=("payment",))
    def mark_refunded(self, *, bill_id: str, payment_status: str, step: int) -> dict[str, Any]:
        """Note on the orders of a bill how much of it is back; ``step`` says which news are newer."""
        with self.db.transaction() as tx:
            return settling.mark_refunded(tx, bill_id=bill_id, payment_status=payment_status, step=step)

    @rpc(callers=("payment",))
    def get_orders(self, *, venue_id: str, session_id: str | None, order_ids: list[str]) -> dict[str, Any]:
        """Give whole orders as clients see them."""
        with self.db.read() as tx:
            return settling.full_orders(tx, venue_id=venue_id, session_id=session_id, order_ids=order_ids)

    @rpc(callers=("promotion",))
    def paid_orders(
        self, *, venue_id: str, first_day: str, last_day: str, after: str | None = None, limit: int = past.MOST
    ) -> dict[str, Any]:
        """Give a page of the orders that were paid between two days of the venue, to try a promotion on them."""
        with self.db.read() as tx:
            return past.paid(tx, venue_id=venue_id, first_day=first_day, last_day=last_day, after=after, limit=limit)

    @rpc(callers=("payment",))
    def summarize_day(self, *, venue_id: str, day: str | None = None) -> dict[str, Any]:
        """Add up the orders of a business day: sent, voided, unpaid."""
        with self.db.read() as tx:
            return days.summary(tx, venue_id=venue_id, day=day)

    @timer(60.0)
    def close_quiet_sessions(self) -> None:
        """End the visits that are paid and quiet, and those that wait for nothing any more where that is enough."""
        with self.db.transaction() as tx:
            closing.close_settled(tx)
        with self.db.transaction() as tx:
            closing.close_quiet(tx)

    @timer(3600.0)
    def forget_old_keys(self) -> None:
        """Forget the Idempotency-Keys of orders after a day; nobody repeats a request that late."""
        with self.db.single() as tx:
            forget(tx, idempotency_keys)
