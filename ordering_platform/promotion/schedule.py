"""When a promotion runs: from, until, and weekly windows in the wall time of the venue. PURE.

Windows are half open and compared with the wall clock: an hour that is repeated in autumn counts
twice, one that is skipped in spring never comes. A window over midnight belongs to the day it starts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from ordering_platform.promotion.errors import Expired, NotStarted, OutsideSchedule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
_CLOCK = re.compile(r"[0-2][0-9]:[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Window:
    """Some days of the week from one wall time to another; ``to`` not after ``begin`` means the next day."""

    days: frozenset[int]
    begin: time
    to: time

    def started_on(self, wall: datetime) -> date | None:
        """Give the day on which the window that holds this wall time began, or None outside of it."""
        today, clock = wall.date(), wall.time()
        if self.begin < self.to:
            candidates = [today] if self.begin <= clock < self.to else []
        else:
            candidates = [today] * (clock >= self.begin) + [today - _DAY] * (clock < self.to)
        return next((day for day in candidates if day.weekday() in self.days), None)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All bounds in time; a bound given as a date alone is meant in the venue's own calendar."""

    starts_at: datetime | date | None = None
    ends_at: datetime | date | None = None
    windows: tuple[Window, ...] = ()
    except_dates: frozenset[date] = frozenset()

    @classmethod
    def read(cls, when: Mapping[str, Any]) -> Self:
        """Read the ``when`` block of a promotion document."""
        return cls(
            starts_at=moment_or_date(when["starts_at"]) if when.get("starts_at") else None,
            ends_at=moment_or_date(when["ends_at"]) if when.get("ends_at") else None,
            windows=tuple(_window(window) for window in when.get("weekly") or ()),
            except_dates=frozenset(date.fromisoformat(day) for day in when.get("except_dates") or ()),
        )

    def check(self, now: datetime, zone: ZoneInfo) -> None:
        """Raise NotStarted, Expired or OutsideSchedule unless the promotion runs at this moment."""
        if self.starts_at is not None and now < _first_instant(self.starts_at, zone):
            raise NotStarted
        # A date as the end means that day is still in: it ends where the next day begins.
        if self.ends_at is not None and now >= _first_instant(_after(self.ends_at), zone):
            raise Expired
        if not (self.windows or self.except_dates):
            return
        wall = now.astimezone(zone).replace(tzinfo=None)
        if self.windows:
            started = (window.started_on(wall) for window in self.windows)
            days = [day for day in started if day is not None]
        else:
            days = [wall.date()]
        if all(day in self.except_dates for day in days):
            raise OutsideSchedule


def moment_or_date(text: str) -> datetime | date:
    """Read a moment with its offset, or a date alone; raises ValueError for anything else."""
    if len(text) == len("2026-11-23"):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = "a moment needs its offset from UTC"
        raise ValueError(msg)
    return moment


def clock_time(text: str) -> time:
    """Read a wall time such as 17:00; raises ValueError for anything else."""
    if not _CLOCK.fullmatch(text):
        msg = "a wall time is written as hours and minutes"
        raise ValueError(msg)
    return time.fromisoformat(text)


def _window(window: Mapping[str, Any]) -> Window:
    days = frozenset(DAYS.index(day) for day in window["days"])
    return Window(days, clock_time(window["from"]), clock_time(window["to"]))


def _after(bound: datetime | date) -> datetime | date:
    return bound if isinstance(bound, datetime) else bound + _DAY


def _first_instant(bound: datetime | date, zone: ZoneInfo) -> datetime:
    if isinstance(bound, datetime):
        return bound
    # In UTC, because Python compares two moments of one zone by their wall time.
    return datetime.combine(bound, time(), tzinfo=zone).astimezone(UTC)
