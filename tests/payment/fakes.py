"""Stand-ins for order-service and promotion-service: the same functions with the same promises, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ordering_platform.runtime.errors import Conflict, DomainError, Invalid, NotFound, ServiceUnavailable


class OrderNotFound(NotFound):
    """No such order."""


class OrderLocked(Conflict):
    """Another bill holds this order."""


class OrderChanged(Conflict):
    """This order is another one now."""


class OrderAlreadyPaid(Conflict):
    """This order is paid."""


class BillReleased(Conflict):
    """This bill was given up."""


class CodeNotFound(Invalid):
    """No such code."""


class PromotionExhausted(Invalid):
    """All uses are gone."""


@dataclass
class _Peer:
    """What every stand-in can do: be away, fail once, remember what it was asked."""

    asked: list[str] = field(default_factory=list)
    away: DomainError | None = None
    failures: dict[str, int] = field(default_factory=dict)

    def _enter(self, method: str) -> None:
        self.asked.append(method)
        if self.away is not None:
            raise self.away
        if self.failures.get(method, 0):
            self.failures[method] -= 1
            raise ServiceUnavailable

    def leave(self, fault: DomainError | None = None) -> None:
        self.away = fault or ServiceUnavailable()

    def fail_next(self, method: str, times: int = 1) -> None:
        self.failures[method] = times

    def come_back(self) -> None:
        self.away = None


def line(name: str = "soup", gross: int = 1000, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "menu_item_id": f"itm_{name}",
        "category_id": "cat_food",
        "tags": [],
        "name": name,
        "quantity": quantity,
        "unit_minor": gross // quantity,
        "options": [],
        "gross_minor": gross,
        "tax_ppm": 190_000,
        "discountable": True,
        **fields,
    }


# Every order here is as it was when it was sent; the lock makes it the version after.
VERSION = 1
VENUE = {
    "name": "At the Corner",
    "address": "1 Market Street",
    "tax_number": "DE123456789",
    "time_zone": "Europe/Berlin",
    "business_day_close": 4,
    "cash_step_minor": 1,
}


@dataclass
class Orders(_Peer):
    """Order-service: locks all or none for a bill, lets go with a mark, notes payments."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    paid_by: dict[str, list[str]] = field(default_factory=dict)
    refunds: dict[str, tuple[int, str]] = field(default_factory=dict)
    venue: dict[str, Any] = field(default_factory=lambda: {**VENUE})
    sums: list[dict[str, Any]] = field(default_factory=list)
    named: list[dict[str, Any]] = field(default_factory=list)
    terms: dict[str, Any] = field(default_factory=dict)

    def add(self, order_id: str = "ord_1", *lines: dict[str, Any], session: str = "ses_1", **fields: Any) -> str:
        numbered = [{**one, "id": f"{order_id}_{n}", "order_id": order_id} for n, one in enumerate(lines or [line()])]
        self.orders[order_id] = {
            "session_id": session,
            "venue_id": "ven_1",
            "guest_id": "gst_1",
            "lines": numbered,
            "held_by": None,
            "paid": False,
            "rehearsal": False,
            **fields,
        }
        return order_id

    def _found(self, venue_id: str, session_id: str | None, order_ids: list[str]) -> dict[str, dict[str, Any]]:
        mine = {
            order_id: order
            for order_id, order in self.orders.items()
            if order["venue_id"] == venue_id and session_id in {None, order["session_id"]}
        }
        wanted = order_ids or [order_id for order_id, order in mine.items() if not order["paid"]]
        if not wanted or any(order_id not in mine for order_id in wanted):
            raise OrderNotFound
        return {order_id: mine[order_id] for order_id in sorted(wanted)}

    def lock_for_bill(
        self,
        *,
        bill_id: str,
        venue_id: str,
        session_id: str | None,
        order_ids: list[str],
        guest_id: str | None,
        expected_versions: dict[str, int] | None,
    ) -> dict[str, Any]:
        del guest_id
        self._enter("lock_for_bill")
        if bill_id in self.released:
            raise BillReleased
        if bill_id not in self.answers:
            found = self._found(venue_id, session_id, order_ids)
            if any(order["paid"] for order in found.values()):
                raise OrderAlreadyPaid
            if any(order["held_by"] not in {None, bill_id} for order in found.values()):
                raise OrderLocked
            if any((expected_versions or {}).get(order_id, VERSION) != VERSION for order_id in found):
                raise OrderChanged
            for order in found.values():
                order["held_by"] = bill_id
            self.answers[bill_id] = _answer(found, self.venue) | self.terms
        return self.answers[bill_id]

    def read_for_bill(
        self, *, venue_id: str, session_id: str | None, order_ids: list[str], guest_id: str | None
    ) -> dict[str, Any]:
        del guest_id
        self._enter("read_for_bill")
        return _answer(self._found(venue_id, session_id, order_ids), self.venue) | self.terms

    def unlock(self, *, bill_id: str) -> dict[str, Any]:
        self._enter("unlock")
        self.released.add(bill_id)
        held = [order for order in self.orders.values() if order["held_by"] == bill_id and not order["paid"]]
        for order in held:
            order["held_by"] = None
        return {"released": len(held)}

    def mark_paid(self, *, bill_id: str, payment_status: str, payment_id: str, paid_minor: int) -> dict[str, Any]:
        del paid_minor
        self._enter("mark_paid")
        self.paid_by.setdefault(bill_id, []).append(payment_id)
        if self.refund_status(bill_id) == "pending":
            self.refunds[bill_id] = (self.refunds[bill_id][0], "paid")
        for order in self.orders.values():
            # As order-service: old news, that a part was paid, changes nothing on a paid order.
            if order["held_by"] == bill_id and not order["paid"]:
                order["paid" if payment_status == "paid" else "partly_paid"] = True
        return {"orders": []}

    def mark_refunded(self, *, bill_id: str, payment_status: str, step: int) -> dict[str, Any]:
        self._enter("mark_refunded")
        if payment_status != "pending":
            assert any(order["held_by"] == bill_id and order["paid"] for order in self.orders.values())
        if step > self.refunds.get(bill_id, (0, "paid"))[0]:
            self.refunds[bill_id] = (step, payment_status)
        return {}

    def refund_status(self, bill_id: str) -> str:
        return self.refunds.get(bill_id, (0, "paid"))[1]

    def summarize_day(self, *, venue_id: str, day: str | None = None) -> dict[str, Any]:
        del venue_id
        self._enter("summarize_day")
        present = (datetime.now(ZoneInfo(self.venue["time_zone"])) - timedelta(hours=4)).date().isoformat()
        terms = {"time_zone": self.venue["time_zone"], "business_day_close": 4, "currency": "EUR"}
        return {**terms, "currency_digits": 2, "day": day or present, "sums": self.sums, "named": self.named}

    def is_free(self, order_id: str = "ord_1") -> bool:
        return self.orders[order_id]["held_by"] is None

    def is_partly_paid(self, order_id: str = "ord_1") -> bool:
        return bool(self.orders[order_id].get("partly_paid"))

    def is_paid(self, order_id: str = "ord_1") -> bool:
        return bool(self.orders[order_id]["paid"])


def _answer(found: dict[str, dict[str, Any]], venue: dict[str, Any]) -> dict[str, Any]:
    first = next(iter(found.values()))
    return {
        "currency": "EUR",
        "currency_digits": 2,
        "tax_included": True,
        "tax_rounding": "per_rate",
        "service_charge_bps": 0,
        "rehearsal": first["rehearsal"],
        "time_zone": "Europe/Berlin",
        "venue": dict(venue),
        "session_id": first["session_id"],
        "table_id": "tbl_1",
        "table_name": "Table 1",
        "orders": [
            {"id": order_id, "number": "A1", "version": VERSION + 1, "guest_id": order["guest_id"], "first": True}
            for order_id, order in found.items()
        ],
        "lines": [one for order in found.values() for one in order["lines"]],
    }


@dataclass
class Promotions(_Peer):
    """Promotion-service with percent codes and limits: reserves by bill, confirms, releases with a mark."""

    codes: dict[str, int] = field(default_factory=lambda: {"TEN": 10, "FREE": 100})
    automatic: int = 0
    limits: dict[str, int] = field(default_factory=dict)
    bills: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)

    def evaluate(self, **question: Any) -> dict[str, Any]:
        self._enter("evaluate")
        return self._decide(question)

    def apply(self, *, bill_id: str, **question: Any) -> dict[str, Any]:
        self._enter("apply")
        if self.state.get(bill_id) == "released":
            raise BillReleased
        if bill_id not in self.bills:
            answer = self._decide(question)
            self.bills[bill_id] = answer
            self.state[bill_id] = "reserved" if answer["applied"] else "none"
        return self.bills[bill_id]

    def confirm(self, *, bill_id: str) -> dict[str, Any]:
        self._enter("confirm")
        assert self.state.get(bill_id) in {"reserved", "confirmed"}
        self.state[bill_id] = "confirmed"
        return {"confirmed": 1}

    def release(self, *, bill_id: str) -> dict[str, Any]:
        self._enter("release")
        assert self.state.get(bill_id) != "confirmed"
        self.state[bill_id] = "released"
        return {"released": 1}

    def reverse(self, *, bill_id: str, reason: str) -> dict[str, Any]:
        self._enter("reverse")
        assert reason == "full_refund"
        assert self.state.get(bill_id) in {"confirmed", "reversed"}
        self.state[bill_id] = "reversed"
        return {"reversed": 1}

    def used(self, code: str) -> int:
        """How many bills hold a use of this code, reserved or confirmed."""
        return sum(
            any(one["code"] == code for one in answer["applied"])
            for bill_id, answer in self.bills.items()
            if self.state[bill_id] in {"reserved", "confirmed"}
        )

    def _decide(self, question: dict[str, Any]) -> dict[str, Any]:
        wanted = [("auto", None, self.automatic)] if self.automatic else []
        for code in question["codes"]:
            if code not in self.codes:
                raise CodeNotFound
            if self.used(code) >= self.limits.get(code, 10**9):
                raise PromotionExhausted
            wanted.append((code, code, self.codes[code]))
        applied = [_applied(name, code, percent, question["lines"]) for name, code, percent in wanted]
        return {
            "applied": applied,
            "rejected": [],
            "hints": [],
            "discount_minor": sum(one["discount_minor"] for one in applied),
        }


def _applied(name: str, code: str | None, percent: int, lines: list[dict[str, Any]]) -> dict[str, Any]:
    shares = [{"line_id": one["id"], "discount_minor": one["gross_minor"] * percent // 100} for one in lines]
    return {
        "promotion_id": f"prm_{name.lower()}",
        "version": 1,
        "name": name,
        "code": code,
        "stage": "order",
        "discount_minor": sum(one["discount_minor"] for one in shares),
        "lines": shares,
    }
