"""Reads eligibility's own record of past screenings, without being able to write, and replays it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from deploy.policy.replay import Replay, Replayed, Tally
from deploy.reading.running import Running
from services.eligibility import record
from services.eligibility.domain import probing
from shared.clock import BEIJING

COLUMNS = (
    "binding_id",
    "round",
    "date",
    "region",
    "recorded",
    "before",
    "after",
    "reasons_added",
    "reasons_gone",
    "keys",
)
NOT_LOOKED_AT = "not-looked-at"
"""A screening of a sponsor who was stopped for the day: the relative was not looked at, so no policy has anything to judge."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests: Beijing dates, both included, and the first digits of the region."""

    first: date
    last: date
    region: str = ""

    @property
    def span(self) -> tuple[datetime, datetime, str]:
        """From, until (not included), region: what the record is asked for."""
        until = datetime.combine(self.last + timedelta(days=1), time(), BEIJING)
        return datetime.combine(self.first, time(), BEIJING), until, self.region


async def replayed(
    stack: Running, wanted: Wanted, replay: Replay, started: Callable[[int], None], tick: Callable[[], None]
) -> Tally:
    """Replays every screening of the requests. `started` hears how many there are, `tick` each one.

    Raises `StackError` when the record cannot be read.
    """
    tally = Tally()
    async with stack.reading("eligibility") as conn:
        started(await record.count(conn, *wanted.span))
        async for one in record.read(conn, *wanted.span):
            if one.gap is not None:
                tally.miss(one.gap.value)
            elif probing.STOPPED in one.codes:
                tally.miss(NOT_LOOKED_AT)
            else:
                tally.add(replay.judge(one))
            tick()
    tally.changed = replay.blame.seen
    return tally


def write_csv(file: Path, rows: list[Replayed]) -> None:
    """Every differing screening as a line; UTF-8 with a mark, so that spreadsheets read it as such."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.DictWriter(out, COLUMNS)
        table.writeheader()
        table.writerows(one.row() for one in rows)


def first_to_read(rows: list[Replayed], limit: int) -> list[Replayed]:
    """Other outcomes before other reasons, the newest first, at most so many."""
    newest = sorted(rows, key=lambda one: (one.day, str(one.binding_id), one.round), reverse=True)
    return sorted(newest, key=lambda one: one.now.outcome == one.changed.outcome)[:limit]
