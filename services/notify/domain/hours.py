"""When a medium may be used: quiet hours of the region, and hours for calls. All spans are Beijing times of day."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Protocol

from shared.clock import BEIJING


class Span(Protocol):
    """A daily span, `start` included and `end` not; it may run over midnight."""

    @property
    def start(self) -> time: ...
    @property
    def end(self) -> time: ...


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


def next_allowed(now: datetime, quiet: Span | None, only: Sequence[Span]) -> datetime | None:
    """`now` if it is allowed, else the next moment that is; None when the spans leave no time of any day."""
    local = now.astimezone(BEIJING)
    if allowed(local.time(), quiet, only):
        return now
    edges = [span.start for span in only] + ([quiet.end] if quiet else [])
    days = (local.date(), local.date() + timedelta(days=1))
    moments = sorted(datetime.combine(day, edge, BEIJING) for day in days for edge in edges)
    return next((one for one in moments if one > local and allowed(one.time(), quiet, only)), None)
