"""When the work of a night begins."""

from datetime import datetime, time, timedelta

from shared.clock import BEIJING


def next_at(now: datetime, night: time) -> datetime:
    """The next time that a clock in Beijing shows `night`."""
    here = now.astimezone(BEIJING)
    tonight = datetime.combine(here.date(), night, BEIJING)
    return tonight if tonight > here else tonight + timedelta(days=1)
