"""Working days."""

from datetime import UTC, date, datetime

import pytest

from services.audit.domain.deadlines import (
    OFFICIAL,
    WEEKDAYS,
    after_working_days,
    is_working_day,
)
from shared.clock import BEIJING


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("moment", "days", "due", "basis"),
    [
        ("2026-11-23T10:00", 3, "2026-11-26T23:59:59", OFFICIAL),  # Monday: the day itself is not counted
        ("2026-11-27T10:00", 1, "2026-11-30T23:59:59", OFFICIAL),  # over a weekend
        ("2026-09-30T10:00", 1, "2026-10-08T23:59:59", OFFICIAL),  # over the National Day holiday
        ("2026-02-13T10:00", 1, "2026-02-14T23:59:59", OFFICIAL),  # Saturday, but a make-up workday
        ("2026-10-09T10:00", 1, "2026-10-10T23:59:59", OFFICIAL),  # the same in October
        ("2026-11-23T10:00", 0, "2026-11-23T23:59:59", OFFICIAL),
        (
            "2026-12-31T10:00",
            1,
            "2027-01-01T23:59:59",
            WEEKDAYS,
        ),  # a year that nobody has announced: Friday counts
        ("2026-12-30T10:00", 3, "2027-01-04T23:59:59", WEEKDAYS),
    ],
)
def test_due_at_the_end_of_a_working_day(moment: str, days: int, due: str, basis: str) -> None:
    deadline = after_working_days(beijing(moment), days)
    assert deadline.at == beijing(due)
    assert deadline.basis == basis


def test_the_day_is_the_one_in_beijing() -> None:
    late_evening_in_london = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # already Tuesday in Beijing
    assert after_working_days(late_evening_in_london, 1).at == beijing("2026-11-25T23:59:59")


def test_unknown_years_count_monday_to_friday() -> None:
    assert is_working_day(date(2003, 1, 1)) == (True, False)
    assert is_working_day(date(2003, 1, 4)) == (False, False)
    assert is_working_day(date(2026, 1, 1)) == (False, True)
