"""PURE: weekly hours in the venue's wall time, and the business day an hour belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of some weekdays: from inclusive to exclusive; over midnight it belongs to the day it starts."""

    days: frozenset[int]
    start: time
    end: time

    def covers(self, wall: datetime) -> bool:
        """Whether a local moment lies inside; ``start == end`` means the whole day."""
        today = wall.weekday()
        now = wall.time()
        if self.start < self.end:
            return today in self.days and self.start <= now < self.end
        if self.start == self.end:
            return today in self.days
        return (today in self.days and now >= self.start) or ((today - 1) % 7 in self.days and now < self.end)


def windows(written: list[dict[str, Any]]) -> tuple[Window, ...]:
    """Read hours as they are stored: ``[{"days": ["mon"], "from": "11:00", "to": "14:30"}]``."""
    return tuple(
        Window(
            frozenset(DAYS.index(day) for day in one["days"]),
            time.fromisoformat(one["from"]),
            time.fromisoformat(one["to"]),
        )
        for one in written
    )


def served_now(hours: tuple[Window, ...], wall: datetime) -> bool:
    """Whether something with these hours is served at a local moment; no hours mean always."""
    return not hours or any(window.covers(wall) for window in hours)


def wall_time(moment: datetime, zone: str) -> datetime:
    """Give what the clock on the venue's wall shows."""
    return moment.astimezone(ZoneInfo(zone))


def business_day(moment: datetime, zone: str, close_hour: int) -> date:
    """Give the day a moment is counted to: after midnight it is still yesterday until ``close_hour``."""
    return (wall_time(moment, zone).replace(tzinfo=None) - timedelta(hours=close_hour)).date()
