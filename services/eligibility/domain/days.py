"""Days of Beijing: all policy dates are dates of this zone (one offset, no summer time since 1991)."""

from __future__ import annotations

from datetime import date, datetime

from shared.clock import BEIJING


def day_of(moment: datetime) -> date:
    """The Beijing date of an aware point in time."""
    return moment.astimezone(BEIJING).date()
