"""Public holidays, on which nobody is called without need."""

from datetime import date
from typing import Final

import chinese_calendar

_FIXED: Final = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""全国年节及纪念日放假办法 (2024) art. 2, the days of the solar calendar: all that is known of a year that is not arranged yet."""


def is_public_holiday(day: date) -> bool:
    """Whether a Beijing day is free because of a festival, by the arrangement of the State Council; plain weekends are not."""
    try:
        free, festival = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return (day.month, day.day) in _FIXED
    return bool(free) and festival is not None
