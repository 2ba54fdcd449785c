"""Tries a promotion on the paid orders of the past before guests see it; writes nothing."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ordering_platform.promotion import document, promotions
from ordering_platform.promotion.dry_run import DryRun, timeless
from ordering_platform.promotion.inquiry import line_of, zone_of
from ordering_platform.promotion.visit import Visit
from ordering_platform.runtime.clock import rfc3339
from ordering_platform.runtime.errors import FieldError, ValidationFailed
from ordering_platform.runtime.money import money

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from ordering_platform.promotion.document import Promotion
    from ordering_platform.runtime.database import Transactions
    from ordering_platform.runtime.peers import Calls

MOST_DAYS = 92
MOST_ORDERS = 20_000
# Below the time a request may take; what has been found by then is told, with where it ended.
MOST_SECONDS = 7.0
_PAGE = 200
_UNWRITTEN = "prm_unwritten"


def simulate(db: Transactions, order: Calls, venue_id: str, wish: Mapping[str, Any]) -> dict[str, Any]:
    """Report what a promotion would have cost from one day to another, both included, in the venue's calendar.

    ``wish`` holds ``promotion_id`` or ``document``, and ``from`` and ``to``. A promotion with a code is tried as
    if every guest had typed it, one with first and last days as if it ran all the time. Raises PromotionNotFound,
    ValidationFailed, and what calling order-service raises.
    """
    first, last = _days(wish)
    promotion, beside = _contenders(db, venue_id, wish)
    run = DryRun(timeless(promotion), beside)
    until, after, looked_at = time.monotonic() + MOST_SECONDS, None, None
    # Guests are known for one visit, so who has no earlier order in these days has none.
    guests: set[str | None] = {None}
    while True:
        # Every page is a call, and while it is under way the others in this process have their turn.
        page = order.paid_orders(
            venue_id=venue_id, first_day=first.isoformat(), last_day=last.isoformat(), after=after, limit=_PAGE
        )
        zone = zone_of(page["time_zone"])
        for past in page["orders"]:
            visit = _visit(past, zone, first_order=past["guest_id"] not in guests)
            guests.add(past["guest_id"])
            run.look_at(past["id"], [line_of(line) for line in past["lines"]], visit)
            looked_at = visit.now
        after = page["next"]
        if after is None or run.orders >= MOST_ORDERS or time.monotonic() > until:
            break
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "time_zone": page["time_zone"],
        "complete": after is None,
        "looked_at_until": rfc3339(looked_at) if looked_at else None,
        **_told(run),
    }


def _days(wish: Mapping[str, Any]) -> tuple[date, date]:
    first, last = date.fromisoformat(wish["from"]), date.fromisoformat(wish["to"])
    if last < first:
        raise ValidationFailed(errors=[FieldError("/to", "range", "Send a day that is not before from.")])
    if (last - first).days >= MOST_DAYS:
        raise ValidationFailed(errors=[FieldError("/to", "range", f"Send at most {MOST_DAYS} days.")])
    return first, last


def _contenders(db: Transactions, venue_id: str, wish: Mapping[str, Any]) -> tuple[Promotion, list[Promotion]]:
    """Give the promotion to try, and those that apply by themselves today."""
    promotion_id, written = wish.get("promotion_id"), wish.get("document")
    if (promotion_id is None) == (written is None):
        fault = FieldError("/promotion_id", "choice", "Send either promotion_id or document.")
        raise ValidationFailed(errors=[fault])
    with db.read() as tx:
        if promotion_id is not None:
            shown = promotions.read(tx, venue_id, promotion_id)
            tried = document.read(promotion_id, shown["version"], shown)
        else:
            tried = document.read(_UNWRITTEN, 0, {"name": "Unwritten", "trigger": "auto", **(written or {})})
        running = promotions.automatic(tx, venue_id)
    return tried, [document.read(one["id"], one["version"], one) for one in running if one["id"] != promotion_id]


def _visit(past: Mapping[str, Any], zone: ZoneInfo, *, first_order: bool) -> Visit:
    return Visit(
        currency=past["currency"],
        digits=past["currency_digits"],
        zone=zone,
        now=datetime.fromisoformat(past["placed_at"]),
        order_type="dine_in",
        table_id=past["table_id"],
        guest_id=past["guest_id"],
        first_order=first_order,
    )


def _told(run: DryRun) -> dict[str, Any]:
    found = run.report()
    for name in ("cost", "average_discount", "price_change"):
        found[name] = [money(amount, currency) for currency, amount in sorted(found[name].items())]
    found["examples"] = [
        {
            "order_id": one.order_id,
            "placed_at": rfc3339(datetime.fromisoformat(one.placed_at)),
            "gross": money(one.gross_minor, one.currency),
            "discount": money(one.discount_minor, one.currency),
            "price_change": money(one.price_change_minor, one.currency),
        }
        for one in found["examples"]
    ]
    return found
