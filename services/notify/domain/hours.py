"""When a medium may be used: hours of the region, and days on which it is not used. All spans are Beijing times of day."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol

from shared.clock import BEIJING

_FAR: Final = 21
"""Days to look ahead: longer than any row of holidays."""


class Span(Protocol):
    """A daily span, `start` included and `end` not; it may run over midnight."""

    @property
    def start(self) -> time: ...
    @property
    def end(self) -> time: ...


def open_every_day(_: date) -> bool:
    """No day is closed."""
    return False


def within(span: Span, at: time) -> bool:
    """Whether a time of day lies in the span. A span of no length holds nothing."""
    if span.start <= span.end:
        return span.start <= at < span.end
    return at >= span.start or at < span.end


def allowed(at: time, quiet: Span | None, only: Sequence[Span]) -> bool:
    """Whether something may be sent at this time of day."""
    if quiet is not None and within(quiet, at):
        return False
    return not only or any(within(span, at) for span in only)


def next_allowed(
    now: datetime,
    quiet: Span | None,
    only: Sequence[Span],
    closed: Callable[[date], bool] = open_every_day,
) -> datetime | None:
    """`now` if it is allowed, else the next moment that is; None when the spans leave no time of any day.

    `closed`: Beijing days on which nothing is sent.
    """
    local = now.astimezone(BEIJING)
    if allowed(local.time(), quiet, only) and not closed(local.date()):
        return now
    edges = sorted({time(), *(span.start for span in only), *([quiet.end] if quiet else [])})
    open_edges = [edge for edge in edges if allowed(edge, quiet, only)]
    for ahead in range(_FAR):
        day = local.date() + timedelta(days=ahead)
        moments = (datetime.combine(day, edge, BEIJING) for edge in open_edges)
        found = next((one for one in moments if one > local), None)
        if found is not None and not closed(day):
            return found
    return None
