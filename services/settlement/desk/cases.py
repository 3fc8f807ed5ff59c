"""What the desk of the ledger reads: cases, what was decided of them, closed months and their clearing. Persons stand there masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from pydantic_core import from_json

from shared.db import Conn, load_queries

Q = load_queries(__file__, "cases.sql")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases a listing shows. `region`: first digits; `what`: break, held or recovery; `overdue`: past its deadline then."""

    region: str = ""
    what: str = ""
    states: Sequence[str] = ("open",)
    overdue: datetime | None = None
    month: str = ""
    rows: int = 50


async def listed(conn: Conn, wanted: Wanted) -> list[asyncpg.Record]:
    """Cases, open ones first, then by deadline."""
    states = list(wanted.states)
    return await conn.fetch(
        Q["listed"], wanted.region, wanted.what, states, wanted.overdue, wanted.month, wanted.rows
    )


async def show(conn: Conn, case_id: str) -> dict[str, Any] | None:
    """One case with what was decided of it; `None` if there is none."""
    row = await conn.fetchrow(Q["one"], case_id)
    if row is None:
        return None
    told: dict[str, Any] = dict(row)
    for side in ("ours", "theirs"):
        told[side] = None if told[side] is None else from_json(told[side])
    told["verdicts"] = [dict(one) for one in await conn.fetch(Q["verdicts"], case_id)]
    return told


async def periods(conn: Conn, region: str) -> list[asyncpg.Record]:
    """The last closed month of each region."""
    return await conn.fetch(Q["periods"], region)


async def clearing(conn: Conn, month: str, region: str) -> list[asyncpg.Record]:
    """What accounts of each region owe the institutions of another for a closed month, by heading, fen."""
    return await conn.fetch(Q["clearing"], month, region)
