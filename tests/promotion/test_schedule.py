"""When a promotion runs, to the microsecond, across midnights and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordering_platform.promotion.errors import NotApplicable
from ordering_platform.promotion.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

BERLIN, NEW_YORK, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MICROSECOND = timedelta(microseconds=1)


def told(when: dict[str, Any], now: datetime, zone: ZoneInfo = BERLIN) -> str:
    """Give ``runs`` or the reason why not."""
    try:
        Schedule.read(when).check(now.astimezone(UTC), zone)
    except NotApplicable as reason:
        return reason.code
    return "runs"


def weekly(start: str, to: str, *days: str) -> dict[str, Any]:
    return {"weekly": [{"days": list(days) or EVERY_DAY, "from": start, "to": to}]}


def wall(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def minutes(when: dict[str, Any], first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Give each minute of the span in which the promotion runs."""
    moment = first.astimezone(UTC)
    while moment < last.astimezone(UTC):
        if told(when, moment, zone) == "runs":
            yield moment
        moment += timedelta(minutes=1)


def test_without_a_schedule_a_promotion_always_runs() -> None:
    assert told({}, datetime(2026, 1, 1, tzinfo=UTC)) == "runs"


def test_the_start_is_in_and_the_end_is_out() -> None:
    start, end = datetime(2026, 11, 1, 10, tzinfo=UTC), datetime(2026, 11, 2, 10, tzinfo=UTC)
    when = {"starts_at": start.isoformat(), "ends_at": end.isoformat()}
    assert told(when, start) == "runs"
    assert told(when, start - MICROSECOND) == "not_started"
    assert told(when, end - MICROSECOND) == "runs"
    assert told(when, end) == "expired"


def test_a_date_as_the_end_is_that_whole_day_at_the_venue() -> None:
    when = {"ends_at": "2026-12-31"}
    midnight = datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert told(when, midnight - MICROSECOND, TOKYO) == "runs"
    assert told(when, midnight, TOKYO) == "expired"


def test_a_date_as_the_start_is_the_first_instant_of_that_day_at_the_venue() -> None:
    when = {"starts_at": "2026-12-31"}
    assert told(when, wall("2026-12-31 00:00")) == "runs"
    assert told(when, wall("2026-12-31 00:00") - MICROSECOND) == "not_started"


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("16:59:59.999", "outside_schedule"),
        ("17:00:00", "runs"),
        ("18:59:59.999", "runs"),
        ("19:00:00", "outside_schedule"),
    ],
)
def test_happy_hour_is_half_open_in_venue_time(clock: str, expected: str) -> None:
    assert told(weekly("17:00", "19:00"), wall(f"2026-11-23 {clock}")) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-27 01:30", "outside_schedule"),
        ("2026-11-27 21:59:59", "outside_schedule"),
        ("2026-11-27 22:00", "runs"),
        ("2026-11-28 01:30", "runs"),
        ("2026-11-28 01:59:59", "runs"),
        ("2026-11-28 02:00", "outside_schedule"),
        ("2026-11-28 22:30", "outside_schedule"),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_starts(moment: str, expected: str) -> None:
    assert told(weekly("22:00", "02:00", "fri"), wall(moment)) == expected


def test_a_window_that_ends_where_it_starts_is_the_whole_day() -> None:
    when = weekly("00:00", "00:00", "fri")
    assert told(when, wall("2026-11-27 00:00")) == "runs"
    assert told(when, wall("2026-11-27 23:59:59.999999")) == "runs"
    assert told(when, wall("2026-11-28 00:00")) == "outside_schedule"
    assert told(when, wall("2026-11-26 23:59")) == "outside_schedule"


def test_an_hour_that_is_repeated_in_autumn_counts_twice() -> None:
    when = weekly("02:00", "03:00")
    running = list(minutes(when, wall("2026-10-25 00:00"), wall("2026-10-25 12:00"), BERLIN))
    assert len(running) == 120
    assert told(when, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == "runs"
    assert told(when, datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == "runs"
    assert told(when, datetime(2026, 10, 25, 2, 0, tzinfo=UTC)) == "outside_schedule"


def test_an_hour_that_is_skipped_in_spring_never_comes() -> None:
    assert not list(minutes(weekly("02:00", "03:00"), wall("2026-03-29 00:00"), wall("2026-03-29 12:00"), BERLIN))


@pytest.mark.parametrize(("saturday", "expected"), [("2026-03-28", 300), ("2026-10-24", 420), ("2026-11-21", 360)])
def test_a_night_is_as_long_as_the_clock_makes_it(saturday: str, expected: int) -> None:
    noon = wall(f"{saturday} 12:00")
    running = list(minutes(weekly("22:00", "04:00", "sat"), noon, noon + timedelta(days=1), BERLIN))
    assert len(running) == expected


@pytest.mark.parametrize(("day", "first", "after"), [("2026-03-07", 18, 23), ("2026-03-08", 17, 22)])
def test_a_window_follows_the_local_clock_when_it_changes(day: str, first: int, after: int) -> None:
    when = weekly("13:00", "18:00")
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert told(when, midnight + timedelta(hours=first), NEW_YORK) == "runs"
    assert told(when, midnight + timedelta(hours=first) - MICROSECOND, NEW_YORK) == "outside_schedule"
    assert told(when, midnight + timedelta(hours=after) - MICROSECOND, NEW_YORK) == "runs"
    assert told(when, midnight + timedelta(hours=after), NEW_YORK) == "outside_schedule"


def test_an_excepted_date_takes_out_the_whole_night_that_starts_on_it() -> None:
    when = {**weekly("22:00", "02:00"), "except_dates": ["2026-12-24"]}
    assert told(when, wall("2026-12-24 01:00")) == "runs"
    assert told(when, wall("2026-12-24 23:00")) == "outside_schedule"
    assert told(when, wall("2026-12-25 01:00")) == "outside_schedule"
    assert told(when, wall("2026-12-25 22:00")) == "runs"


def test_an_excepted_date_needs_no_weekly_window() -> None:
    when = {"except_dates": ["2026-12-24"]}
    assert told(when, wall("2026-12-24 00:00")) == "outside_schedule"
    assert told(when, wall("2026-12-25 00:00")) == "runs"


def test_of_two_windows_one_is_enough() -> None:
    windows = [*weekly("11:00", "14:00")["weekly"], *weekly("17:00", "19:00")["weekly"]]
    assert [told({"weekly": windows}, wall(f"2026-11-23 {clock}")) for clock in ("12:00", "15:00", "18:00")] == [
        "runs",
        "outside_schedule",
        "runs",
    ]


clock_times = st.times().map(lambda time: time.strftime("%H:%M"))


@given(clock_times, clock_times, st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001  a wall time
def test_a_window_and_its_complement_never_run_together_and_never_both_rest(
    start: str, to: str, moment: datetime
) -> None:
    if start == to:
        return
    now = moment.replace(tzinfo=UTC)
    states = {told(weekly(start, to), now), told(weekly(to, start), now)}
    assert states == {"runs", "outside_schedule"}
