"""Days of Beijing: all policy dates are dates of this zone (one offset, no summer time since 1991)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


def day_of(moment: datetime) -> date:
    """The Beijing date of an aware point in time."""
    return moment.astimezone(BEIJING).date()
