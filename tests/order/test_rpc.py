"""The doors other services knock on: plain JSON in and out, and who may knock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

from ordering_platform.order.service import OrderService
from ordering_platform.runtime.rpc import Rpc
from tests.order import rooms
from tests.order.conftest import AMQP
from tests.support.bus import calling, failure_of

if TYPE_CHECKING:
    from ordering_platform.runtime.database import Transactions


def test_only_auth_seats_guests_only_payment_holds_orders_and_only_promotion_looks_back() -> None:
    callers = {}
    for name in dir(OrderService):
        for one in getattr(getattr(OrderService, name), ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(one, Rpc):
                callers[name] = tuple(one.callers)
    assert callers == {
        "open_table_session": ("auth",),
        "lock_for_bill": ("payment",),
        "read_for_bill": ("payment",),
        "unlock": ("payment",),
        "mark_paid": ("payment",),
        "mark_refunded": ("payment",),
        "get_orders": ("payment",),
        "summarize_day": ("payment",),
        "paid_orders": ("promotion",),
    }


def test_a_guest_is_seated_and_pays_over_the_bus(db: Transactions, room: rooms.Room, port: int) -> None:
    del port
    with calling(AMQP, "order") as order_service:
        seated = order_service.open_table_session(table_code=room.code, guest_id="gst_1", nickname="Anna")
        assert seated["session_status"] == "open"
        assert (seated["venue_id"], seated["table_id"], seated["table_name"]) == (room.venue, room.table, "T1")
        refused = failure_of(order_service.open_table_session, table_code="nonsense", guest_id="gst_1")
        assert (refused.status, refused.code) == (404, "table_not_found")

        anna = rooms.guest(db, room)
        order = rooms.sent(db, anna, rooms.soup(room))
        scope = {"venue_id": room.venue, "session_id": anna.session, "order_ids": [order["id"]]}
        priced = order_service.read_for_bill(**scope, guest_id=anna.id)
        held = order_service.lock_for_bill(bill_id="bil_1", **scope, guest_id=anna.id, expected_versions=None)
        assert held == priced
        busy = failure_of(order_service.lock_for_bill, bill_id="bil_2", **scope, guest_id=None, expected_versions=None)
        assert (busy.status, busy.code, busy.details["order_id"]) == (409, "order_locked", order["id"])
        paid = order_service.mark_paid(bill_id="bil_1", payment_status="paid", payment_id="pay_1", paid_minor=650)
        assert paid == {"orders": [{"id": order["id"], "payment_status": "paid"}]}
        (seen,) = order_service.get_orders(**scope)["orders"]
        assert (seen["payment_status"], seen["placed_at"]) == ("paid", order["placed_at"])
        assert order_service.mark_refunded(bill_id="bil_1", payment_status="refunded", step=1) == {}
        assert order_service.unlock(bill_id="bil_3") == {"released": 0}
        late = failure_of(order_service.lock_for_bill, bill_id="bil_3", **scope, guest_id=None, expected_versions=None)
        assert late.code == "bill_released"
