"""Weekly hours and business days; computed, not waited for."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ordering_platform.order.hours import business_day, served_now, windows

LUNCH = windows([{"days": ["mon", "tue"], "from": "11:30", "to": "14:30"}])
NIGHT = windows([{"days": ["sat"], "from": "22:00", "to": "02:00"}])
SUNDAY = windows([{"days": ["sun"], "from": "00:00", "to": "00:00"}])


@pytest.mark.parametrize(
    ("hours", "wall", "served"),
    [
        ((), "2026-11-23T03:00", True),
        (LUNCH, "2026-11-23T11:29", False),
        (LUNCH, "2026-11-23T11:30", True),
        (LUNCH, "2026-11-24T14:29", True),
        (LUNCH, "2026-11-23T14:30", False),
        (LUNCH, "2026-11-25T12:00", False),
        (NIGHT, "2026-11-28T00:30", False),
        (NIGHT, "2026-11-28T22:00", True),
        (NIGHT, "2026-11-29T01:59", True),
        (NIGHT, "2026-11-29T02:00", False),
        (NIGHT, "2026-11-29T22:30", False),
        (SUNDAY, "2026-11-29T00:00", True),
        (SUNDAY, "2026-11-29T23:59", True),
        (SUNDAY, "2026-11-30T00:00", False),
    ],
)
def test_hours_are_half_open_and_belong_to_the_day_they_start(hours: object, wall: str, served: bool) -> None:
    assert served_now(hours, datetime.fromisoformat(wall)) is served  # type: ignore[arg-type]  # windows


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 23, 2, 59, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 3, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 6, 23, 2, 0, tzinfo=UTC), date(2026, 6, 23)),
        (datetime(2026, 6, 23, 1, 59, tzinfo=UTC), date(2026, 6, 22)),
        (datetime(2026, 3, 29, 2, 30, tzinfo=UTC), date(2026, 3, 29)),
    ],
)
def test_after_midnight_it_is_still_yesterday_until_the_house_closes(moment: datetime, day: date) -> None:
    assert business_day(moment, "Europe/Berlin", 4) == day
