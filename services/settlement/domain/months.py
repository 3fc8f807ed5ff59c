"""In which month something is booked, and which region closes and clears that month. Pure.

What happened at a time is booked in the Beijing month of that time. Where that month is closed for the institution's region, it is
booked in the first open month after it: a closed month never changes. The time itself stays what it was.

A month of an institution belongs to one region, whenever something is booked in it. An institution that moves stays with its old
region for the month of the move and for every month that either region had closed by then (docs/adr/0012).
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from services.settlement.domain.accounts import Entry, counter, month_of

FOR_GOOD = "9999-12"


class Span(NamedTuple):
    """Months of an institution that belong to one region: up to `until`, after those of the span before. `closed` is the last month
    that the region has closed, wherever it lies."""

    until: str
    admdvs: str
    closed: str | None


class Move(NamedTuple):
    """The months of an institution up to `until` stay with the region that it left."""

    fixmedins_code: str
    until: str
    admdvs: str


class Months:
    """Which months are closed for the institutions that a batch knows.

    `closed`: no month after it is closed, by institution; those that never moved have every month closed up to it. `spans` are in order,
    the last one for good, of institutions that have moved.
    """

    __slots__ = ("closed", "spans")

    def __init__(self) -> None:
        self.closed: dict[str, str] = {}
        self.spans: dict[str, Sequence[Span]] = {}

    def learn(self, code: str, spans: Sequence[Span]) -> None:
        """Takes over what is known of an institution that has moved."""
        self.spans[code] = spans
        if ends := [min(span.until, span.closed) for span in spans if span.closed is not None]:
            self.closed[code] = max(ends)

    def region(self, code: str, month: str, now: str) -> str:
        """The region that a month of an institution belongs to; `now`: the one in which the institution is."""
        return next((span.admdvs for span in self.spans.get(code, ()) if month <= span.until), now)

    def open_from(self, code: str, month: str) -> str:
        """The first open month, from this one on."""
        closed = self.closed.get(code)
        if closed is None or month > closed:
            return month
        if code not in self.spans:
            return next_month(closed)
        for span in self.spans[code]:
            if month <= span.until and span.closed is not None and month <= span.closed:
                month = next_month(min(span.until, span.closed))
            if month <= span.until:
                break
        return month

    def close(self, admdvs: str, month: str, places: Iterable[tuple[str, str]]) -> None:
        """A region closes a month; `places` are institutions, each with the region in which it is."""
        for code, now in places:
            if code in self.spans:
                spans = self.spans[code]
                self.learn(code, [s._replace(closed=month) if s.admdvs == admdvs else s for s in spans])
            elif now == admdvs:
                self.closed[code] = month

    def relocate(self, code: str, old: str, new: str, month: str, closed: str | None) -> Move | None:
        """An institution moves from region to region in a month; `closed` is the last one that the new region has closed. `None`: it had
        come to the old region too late for any month of its own there."""
        *before, now = self.spans.get(code, (Span(FOR_GOOD, old, self.closed.get(code)),))
        last = before[-1].until if before else ""
        until = max(month, now.closed or "", closed or "", last)
        if until > last:
            before.append(now._replace(until=until))
        self.learn(code, [*before, Span(FOR_GOOD, new, closed)])
        return Move(code, until, old) if until > last else None


class Late(NamedTuple):
    """A posting that stands in a later month than its time."""

    posting: bytes
    account: str
    at: datetime


def next_month(month: str) -> str:
    """`2026-12` → `2027-01`."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def booked(
    months: Months,
    code: str,
    amount: int,
    posting: bytes,
    kind: str,
    at: datetime,
    original: bytes | None,
) -> tuple[Entry, Late | None]:
    """The counter line of an institution, and whether it stands in a later month."""
    line = counter(code, amount, posting, kind, at, original)
    closed = months.closed.get(code)
    if closed is None or (month := month_of(at)) > closed:
        return line, None
    if (there := months.open_from(code, month)) == month:
        return line, None
    line = line._replace(account=f"{code}/{there}")
    return line, Late(posting, line.account, at)


def last_day(month: str) -> date:
    """The last day of `2026-11`."""
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, monthrange(year, number)[1])


def first_day(month: str) -> date:
    """The first day of `2026-11`."""
    return date(int(month[:4]), int(month[5:]), 1)
