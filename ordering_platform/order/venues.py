"""The venue and its rules: what guests may read, what a manager may change, the pause of the kitchen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from ordering_platform.order import errors
from ordering_platform.order.models import order_events, venues
from ordering_platform.order.orders import check_version
from ordering_platform.order.sessions import refusal
from ordering_platform.runtime.errors import FieldError, ValidationFailed
from ordering_platform.runtime.money import money

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from ordering_platform.runtime.identity import Caller

_VIEW = sa.text("""
    SELECT v.*, s.status AS session_status, v.paused AND (v.paused_until IS NULL OR v.paused_until > now()) AS is_paused
    FROM orders.venues v LEFT JOIN orders.table_sessions s ON s.id = :session_id AND s.venue_id = v.id
    WHERE v.id = :venue_id
""")

# Any change of the venue counts as one of its menu: languages and time zone are part of what guests read.
_NEXT_MENU_VERSION = sa.text("greatest(menu_version + 1, (extract(epoch from clock_timestamp()) * 1000)::bigint)")


def view(tx: Connection, caller: Caller) -> dict[str, Any]:
    """Show the caller's venue; raises VenueNotFound and, for a guest whose visit has ended, SessionClosed."""
    venue = tx.execute(_VIEW, {"venue_id": caller.venue, "session_id": caller.session}).one_or_none()
    if venue is None:
        raise refusal(tx, caller, errors.VenueNotFound())
    if caller.is_guest and venue.session_status != "open":
        raise errors.SessionClosed
    return _shown(venue)


def change(tx: Connection, caller: Caller, wish: dict[str, Any], *, match: str | None) -> dict[str, Any]:
    """Change the rules of the venue; raises VenueNotFound, PreconditionFailed and ValidationFailed."""
    venue = tx.execute(sa.select(venues).where(venues.c.id == caller.venue).with_for_update()).one_or_none()
    if venue is None:
        raise errors.VenueNotFound
    check_version(venue, match)
    values = {name: value for name, value in wish.items() if name != "order_cap"}
    if "order_cap" in wish:
        values["order_cap_minor"] = in_currency(wish["order_cap"], venue.currency, "/order_cap")
    if "time_zone" in wish:
        _check_zone(wish["time_zone"])
    if wish.get("paused") is False:
        values |= {"paused_until": None, "pause_message": ""}
    statement = sa.update(venues).where(venues.c.id == caller.venue).values(**values, version=venues.c.version + 1)
    tx.execute(statement.values(updated_at=sa.func.now()))
    announce(tx, caller, "venue.changed", caller.venue, sorted(wish))
    return view(tx, caller)


def announce(tx: Connection, caller: Caller, kind: str, subject_id: str, what: list[str]) -> None:
    """Give the menu a new version and tell everybody in the venue, in the transaction of the change itself."""
    bump = sa.update(venues).where(venues.c.id == caller.venue).values(menu_version=_NEXT_MENU_VERSION)
    version = tx.execute(bump.returning(venues.c.menu_version)).scalar_one()
    tx.execute(
        sa.insert(order_events).values(
            venue_id=caller.venue,
            subject_id=subject_id,
            kind=kind,
            actor_kind=caller.kind,
            actor_id=caller.id,
            details={"menu_version": version, "what": what},
        )
    )


def in_currency(amount: dict[str, Any], currency: str, pointer: str) -> int:
    """Give the minor units of an amount; raises ValidationFailed for money of another country."""
    if amount["currency"] != currency:
        raise ValidationFailed(errors=[FieldError(f"{pointer}/currency", "currency", f"Send it in {currency}.")])
    return int(amount["amount"])


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fault = FieldError("/time_zone", "time_zone", "Send an IANA time zone such as Europe/Berlin.")
        raise ValidationFailed(errors=[fault]) from None


def _shown(venue: Any) -> dict[str, Any]:
    return {
        "id": venue.id,
        "name": venue.name,
        "currency": venue.currency,
        "currency_digits": venue.currency_digits,
        "time_zone": venue.time_zone,
        "languages": venue.languages,
        "policy": venue.policy,
        "tax_included": venue.tax_included,
        "tax_rounding": venue.tax_rounding,
        "service_charge_bps": venue.service_charge_bps,
        "paused": venue.is_paused,
        "paused_until": venue.paused_until if venue.is_paused else None,
        "pause_message": venue.pause_message if venue.is_paused else "",
        "max_quantity": venue.max_quantity,
        "max_items": venue.max_items,
        "max_unpaid_orders": venue.max_unpaid_orders,
        "order_cap": money(venue.order_cap_minor, venue.currency),
        "business_day_close": venue.business_day_close,
        "idle_close_minutes": venue.idle_close_minutes,
        "session_closing": venue.session_closing,
        "cash_step_minor": venue.cash_step_minor,
        "address": venue.address,
        "tax_number": venue.tax_number,
        "menu_version": venue.menu_version,
        "version": venue.version,
    }
