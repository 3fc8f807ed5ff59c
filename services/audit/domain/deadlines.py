"""Deadlines in Chinese working days.

Working days are those of the State Council's yearly notice, make-up workdays included, as the package `chinesecalendar` knows
them; for a year whose notice it does not know, Monday to Friday. The day of the event is not counted (民法典 §201).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import chinese_calendar

from shared.clock import BEIJING

OFFICIAL = "official-calendar"
WEEKDAYS = "weekdays"
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last second of the last day, and what the days were counted by: `OFFICIAL`, or `WEEKDAYS` if any day was assumed."""

    at: datetime
    basis: str


def after_working_days(moment: datetime, days: int) -> Deadline:
    """The end of the `days`-th working day after `moment`'s Beijing date; with 0 the end of the day itself."""
    day, basis = _count(moment.astimezone(BEIJING).date(), days)
    return Deadline(datetime.combine(day, time(23, 59, 59), BEIJING).astimezone(UTC), basis)


@lru_cache(maxsize=4096)
def _count(day: date, days: int) -> tuple[date, str]:
    basis = OFFICIAL
    while days > 0:
        day += timedelta(days=1)
        working, known = is_working_day(day)
        if not known:
            basis = WEEKDAYS
        days -= working
    return day, basis


def is_working_day(day: date) -> tuple[bool, bool]:
    """Whether people work on that day, and whether the calendar of its year is known."""
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() <= _FRIDAY, False
