"""Premiums of relatives, paid from personal accounts: all or nothing, once for each person, kind and year. Pure.

Source: 国办发〔2024〕38号 (居民医保 of close relatives), notice of 2026-01-09 (长期护理保险, across provinces).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from services.settlement.domain.accounts import CURRENT, HISTORIC, Account
from services.settlement.domain.bindings import Binding
from services.settlement.domain.limits import Limit
from shared.clock import BEIJING
from shared.contracts.binding_requests import Use
from shared.policies.values import Spending

KIND = {
    "390": Use.RESIDENT_PREMIUM.value,
    "391": Use.RESIDENT_PREMIUM.value,
    "410": Use.LONG_TERM_CARE_PREMIUM.value,
}
"""The use that a kind of insurance is. 390 and 391 are one insurance of residents under an older and a newer code."""
PAID = frozenset({"paid", "remitted"})


class Premium:
    """A stored request to pay. `shares` is the JSON of what each account paid, `periods` the quota period of each share."""

    __slots__ = (
        "amount", "answer", "at", "changed", "ended_at", "hash", "insutype", "kind", "payer", "periods", "posting",
        "premium_id", "psn_no", "shares", "state", "year",
    )  # fmt: skip

    def __init__(
        self, premium_id: UUID, hash: bytes, payer: str, psn_no: str, kind: str, insutype: str, year: int, amount: int,
        state: str, posting: bytes | None, periods: str, shares: str, answer: bytes, at: datetime,
        ended_at: datetime | None = None,
    ) -> None:  # fmt: skip
        self.premium_id, self.hash, self.payer, self.psn_no = premium_id, hash, payer, psn_no
        self.kind, self.insutype, self.year, self.amount, self.state = kind, insutype, year, amount, state
        self.posting, self.periods, self.shares, self.answer = posting, periods, shares, answer
        self.at, self.ended_at = at, ended_at
        self.changed = False

    @property
    def paid_for(self) -> tuple[str, str, int]:
        """What may be paid once only."""
        return self.psn_no, self.kind, self.year

    def share_list(self) -> list[dict[str, Any]]:
        """The shares, first to pay first."""
        shares: list[dict[str, Any]] = from_json(self.shares)
        return shares


class Premiums:
    """What a batch knows of premiums: rows by id, and what has been paid."""

    def __init__(self) -> None:
        self.all: dict[UUID, Premium] = {}
        self.paid: set[tuple[str, str, int]] = set()
        self.new: list[Premium] = []


class Purse(NamedTuple):
    """An account as one premium may use it, fen. `limit` bounds both segments together (`None`: no bound), `binding` is `None` for the
    payer's own money, `counted` are the keys under which use counts (see `limits`)."""

    account: Account
    binding: Binding | None
    current: int
    historic: int
    limit: Limit | None = None
    counted: str = ""

    @property
    def money(self) -> int:
        """What is in it for premiums, fen."""
        return self.current + self.historic

    @property
    def usable(self) -> int:
        """What it can give, fen."""
        return max(0, self.money if self.limit is None else min(self.money, self.limit.left))


class Part(NamedTuple):
    """What one segment of one account pays, fen."""

    purse: Purse
    segment: int
    amount: int


def split(amount: int, purses: Sequence[Purse]) -> list[Part] | None:
    """Who pays how much, first purse first and current money before historic; `None` when it is not enough."""
    parts: list[Part] = []
    left = amount
    for purse in purses:
        here = min(left, purse.usable)
        current = min(here, purse.current)
        parts += [Part(purse, s, n) for s, n in ((CURRENT, current), (HISTORIC, here - current)) if n]
        left -= here
    return None if left else parts


def segments(account: Account, allowed: frozenset[str]) -> tuple[int, int]:
    """(current, historic) fen of the parts that may pay a premium."""
    return (
        account.current if "current" in allowed else 0,
        account.historic if "historic" in allowed else 0,
    )


def collected(spending: Spending, insutype: str, year: int, at: datetime) -> bool:
    """Whether the premium of a year is taken at a time. A kind without a period in the policy is taken at any time."""
    period = spending.premium_periods.get(insutype)
    if period is None:
        return True
    first, until = period_of(period.first, period.until, year)
    return first <= at.astimezone(BEIJING).date() < until


def period_of(first: str, until: str, year: int) -> tuple[date, date]:
    """First day and first day no more of the collection for a year: it begins in the year before."""
    begin = _day(first, year - 1)
    return begin, _day(until, year - 1 if until > first else year)


def _day(month_day: str, year: int) -> date:
    return date(year, int(month_day[:2]), int(month_day[3:]))
