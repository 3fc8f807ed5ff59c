"""Fen by place, and what a share is: the plainest part of the second reckoning.

Money only moves from one place to another, so none is made and none is lost, and no place that belongs to a person goes below zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shared.clock import BEIJING
from shared.contracts.binding_decisions import BindingState

Place = tuple[str, str]
"""A row of the ledger and its segment."""
Bound = tuple[bool, str, str, object, object]
"""A quota or cap: whether all of a sponsor's bindings share it, its period and an insured year's begin, its uses and kinds of care."""
SEGMENTS = ("current", "historic")
COUNTER, HELD = "counter", "held"
APART = ("earmark/", "transfer/", "wallet/")


class Impossible(AssertionError):
    """The rules would take more than there is: the rules as reckoned here are wrong, or a fact is missing."""


@dataclass
class Money:
    """Who has what. `touched` are the places that moved since it was emptied last; `given`, by person, when how much current money went to
    stand apart (below zero: came back), `now` being the time of what is reckoned."""

    fen: dict[Place, int] = field(default_factory=dict)
    touched: set[Place] = field(default_factory=set)
    given: dict[str, list[tuple[datetime, int]]] = field(default_factory=dict)
    now: datetime | None = None

    def of(self, row: str) -> tuple[int, int]:
        """(current, historic) fen."""
        return self.fen.get((row, SEGMENTS[0]), 0), self.fen.get((row, SEGMENTS[1]), 0)

    def move(self, giver: Place, taker: Place, amount: int) -> None:
        """From one place to the other."""
        for place, change in ((giver, -amount), (taker, amount)):
            self.fen[place] = self.fen.get(place, 0) + change
            self.touched.add(place)
        if giver[1] != COUNTER and self.fen[giver] < 0:
            raise Impossible(f"{giver} would have {self.fen[giver]}")
        if giver[1] == taker[1] == SEGMENTS[0] and self.now is not None:
            for (own, _), (other, _), sum_ in ((giver, taker, amount), (taker, giver, -amount)):
                if "/" not in own and other.startswith(APART):
                    self.given.setdefault(own, []).append((self.now, sum_))

    def pour(self, giver: str, taker: str, parts: tuple[int, int]) -> None:
        """(current, historic) fen from one row to another, each to the same segment."""
        for segment, amount in zip(SEGMENTS, parts, strict=True):
            if amount:
                self.move((giver, segment), (taker, segment), amount)


def split(there: tuple[int, int], allowed: frozenset[str], most: int) -> tuple[int, int]:
    """(current, historic) of at most so many fen of the segments that are allowed: current first."""
    current = min(max(0, most), there[0] if "current" in allowed else 0)
    return current, min(max(0, most) - current, there[1] if "historic" in allowed else 0)


@dataclass(slots=True)
class Share:
    """What one segment of one row paid: `first` fen, of which `amount` have not gone back. `holder` is whose money it is, `at` when it was
    taken; `binding` is `None` for the patient's own, `counted` the bounds under which it counts: those that there were when it was taken."""

    holder: str
    row: str
    segment: str
    first: int
    amount: int
    at: datetime
    binding: BindingState | None = None
    counted: frozenset[Bound] = frozenset()


def counter(owner: str, at: datetime) -> Place:
    """The other side: an institution, the authority, the collector of premiums, by Beijing month."""
    return f"{owner}/{day_of(at).isoformat()[:7]}", COUNTER


def day_of(at: datetime) -> date:
    """The Beijing day of a time."""
    return (
        (at + timedelta(hours=8)).date() if at.utcoffset() == timedelta(0) else at.astimezone(BEIJING).date()
    )


def period(per: str, at: datetime, start: str) -> object:
    """What tells a period from another one of its kind; `start` is the month and day on which an insured year begins."""
    day = day_of(at)
    if per == "insured-year":
        return day.year - (day.isoformat()[5:] < start)
    return {"day": day, "month": (day.year, day.month), "year": day.year, "lifetime": 0}[per]


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
