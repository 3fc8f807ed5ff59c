"""In which month something is booked. Pure.

What happened at a time is booked in the Beijing month of that time. Where that month is closed for the institution's region, it is
booked in the first month after the closed ones: a closed month never changes. The time itself stays what it was.
"""

from calendar import monthrange
from datetime import date, datetime
from typing import NamedTuple

from services.settlement.domain.accounts import Entry, counter, month_of


class Late(NamedTuple):
    """A posting that stands in a later month than its time."""

    posting: bytes
    account: str
    at: datetime


def next_month(month: str) -> str:
    """`2026-12` → `2027-01`."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def booked_in(month: str, closed: str | None) -> str:
    """The month in which something of `month` is booked where months up to `closed` are closed."""
    return next_month(closed) if closed is not None and month <= closed else month


def booked(
    closed: str | None,
    code: str,
    amount: int,
    posting: bytes,
    kind: str,
    at: datetime,
    original: bytes | None,
) -> tuple[Entry, Late | None]:
    """The counter line of an institution, and whether it stands in a later month."""
    line = counter(code, amount, posting, kind, at, original)
    if closed is None or (month := month_of(at)) > closed:
        return line, None
    line = line._replace(account=f"{code}/{booked_in(month, closed)}")
    return line, Late(posting, line.account, at)


def last_day(month: str) -> date:
    """The last day of `2026-11`."""
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, monthrange(year, number)[1])


def first_day(month: str) -> date:
    """The first day of `2026-11`."""
    return date(int(month[:4]), int(month[5:]), 1)
