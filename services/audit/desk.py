"""What the review desk reads: the queue, one case, looks and rates. Every statement goes through schema `audit_desk`, masked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from shared.contracts.base import UUID
from shared.contracts.binding_decisions import State
from shared.db import Conn, load_queries

Q = load_queries(__file__, "desk.sql")
RATED = timedelta(days=30)
"""Looks that count for the rate of disagreement: those of the last so many days."""
_REVIEWED = (State.UNDER_REVIEW.value,)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases a listing shows. `region`: first digits of `admdvs`; what follows `states` counts for cases under review only."""

    states: Sequence[str] = _REVIEWED
    region: str = ""
    claimed_by: str | None = None
    overdue: bool = False
    rows: int = 50
    pending: bool = False
    """Also cases whose documents are still being read, which nobody can take yet."""
    free: bool = False
    """Only cases that nobody has in hand."""
    marked: bool = False
    """Only cases with something that a person should look at."""
    counter: bool = False
    """Only cases of those who came to a window."""
    regions: Sequence[str] | None = None
    """Only cases of these regions (first digits); `None`: of all."""
    for_operator: str | None = None
    """Without cases that this operator has approved already, where two have to."""
    without: Collection[UUID] = ()

    @property
    def values(self) -> tuple[object, ...]:
        """What statement `queue` takes but for `now`, which comes fifth."""
        one = self.region, self.claimed_by, self.overdue, self.rows
        more = self.pending, self.free, self.marked, self.counter
        regions = None if self.regions is None else list(self.regions)
        return *one, *more, regions, self.for_operator, list(self.without) or None


async def queue(conn: Conn, wanted: Wanted, now: datetime) -> list[asyncpg.Record]:
    """Cases in the order in which they should be taken: window cases and the old (as the region says) first, then by due date."""
    if tuple(wanted.states) != _REVIEWED:
        return await conn.fetch(Q["cases"], wanted.region, wanted.states, wanted.rows, now)
    values = wanted.values
    return await conn.fetch(Q["queue"], *values[:4], now, *values[4:])


async def counts(conn: Conn, region: str, now: datetime) -> list[asyncpg.Record]:
    """How many undecided cases there are by region, state and whether somebody has them in hand."""
    return await conn.fetch(Q["counts"], region, now)


async def show(conn: Conn, binding_id: UUID) -> asyncpg.Record | None:
    """One case with what the registry says of its parties, who stand there by masked numbers; `None` if there is none."""
    return await conn.fetchrow(Q["show"], binding_id)


async def revealed(conn: Conn, binding_id: UUID, asked: UUID) -> asyncpg.Record | None:
    """The parties' numbers and dates of birth, where the look that message `asked` asked for is on the record and still open."""
    return await conn.fetchrow(Q["revealed"], binding_id, asked)


async def looks(
    conn: Conn, region: str, *, done: bool = False, disagreed: bool = False, rows: int = 50
) -> list[asyncpg.Record]:
    """Approvals that were drawn for a second person: those that wait, or (`done`) those that were looked at."""
    return await conn.fetch(Q["looks"], region, done, disagreed, rows)


async def rates(conn: Conn, region: str, now: datetime) -> list[asyncpg.Record]:
    """By province (two digits): waiting, agreed, disagreed. Looks count for `RATED`."""
    return await conn.fetch(Q["rates"], region, now - RATED)


async def views(conn: Conn, binding_id: UUID | None, operator: str | None, rows: int) -> list[asyncpg.Record]:
    """What operators saw or said without deciding, from the record, the last ones first: position and entry."""
    return await conn.fetch(Q["views"], binding_id, operator, rows)
