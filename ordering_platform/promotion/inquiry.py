"""What another service asks about an order, read once from plain JSON into the words of this service."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from ordering_platform.promotion import spelling
from ordering_platform.promotion.rules.basket import Line
from ordering_platform.promotion.visit import Visit
from ordering_platform.runtime.errors import FieldError, ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """An order and its circumstances; ``tryer`` is the guest whose wrong codes are counted, if any."""

    venue_id: str
    currency: str
    digits: int
    zone: ZoneInfo
    now: datetime | None
    codes: tuple[str, ...]
    table_id: str | None
    order_type: str
    guest_id: str | None
    first_order: bool | None
    tryer: str | None
    lines: tuple[Line, ...]

    @property
    def fingerprint(self) -> bytes:
        """Condense what was asked, so that a bill cannot come back with other content."""
        lines = [(line.id, line.menu_item_id, line.quantity, line.gross) for line in self.lines]
        asked = [self.venue_id, self.currency, sorted(self.codes), self.table_id, self.guest_id, sorted(lines)]
        return hashlib.sha256(orjson.dumps(asked)).digest()

    def visit(self, now: datetime) -> Visit:
        """Give the circumstances; ``now`` is the database's clock and counts unless the asker named a moment."""
        return Visit(
            currency=self.currency,
            digits=self.digits,
            zone=self.zone,
            now=(self.now or now).astimezone(UTC),
            order_type=self.order_type,
            table_id=self.table_id,
            guest_id=self.guest_id,
            first_order=self.first_order,
        )


def read(
    *,
    venue_id: str,
    currency: str,
    currency_digits: int,
    time_zone: str,
    lines: Sequence[Mapping[str, Any]],
    codes: Sequence[str] = (),
    now: str | None = None,
    table_id: str | None = None,
    order_type: str = "dine_in",
    guest_id: str | None = None,
    session_id: str | None = None,
    first_order: bool | None = None,
    counted: bool = True,
) -> Inquiry:
    """Read the arguments of ``evaluate`` and ``apply``; without ``counted`` nobody's wrong codes are counted.

    Raises ValidationFailed for a zone or a moment nobody knows.
    """
    return Inquiry(
        venue_id=venue_id,
        currency=currency,
        digits=currency_digits,
        zone=zone_of(time_zone),
        now=_moment(now) if now else None,
        codes=spelling.distinct(codes),
        table_id=table_id,
        order_type=order_type,
        guest_id=guest_id,
        first_order=first_order,
        tryer=(session_id or guest_id) if counted else None,
        lines=tuple(line_of(line) for line in lines),
    )


def line_of(line: Mapping[str, Any]) -> Line:
    """Read one line of an order as order-service gives it."""
    return Line(
        id=line["id"],
        menu_item_id=line["menu_item_id"],
        category_id=line["category_id"],
        tags=frozenset(line.get("tags") or ()),
        quantity=line["quantity"],
        unit=line["unit_minor"],
        gross=line["gross_minor"],
        discountable=line.get("discountable", True),
    )


def zone_of(name: str) -> ZoneInfo:
    """Read the name of a time zone; raises ValidationFailed for one nobody knows."""
    try:
        return ZoneInfo(name)
    # The zone files are looked up by path, so an odd name may also end in a fault of the file system.
    except (KeyError, ValueError, OSError):
        fault = FieldError("/time_zone", "time_zone", "Send an IANA time zone such as Europe/Berlin.")
        raise ValidationFailed(errors=[fault]) from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        fault = FieldError("/now", "zone", "Send a time with its offset, such as 2026-11-23T19:30:00Z.")
        raise ValidationFailed(errors=[fault])
    return moment
