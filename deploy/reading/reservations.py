"""Slots of the family graph that are held for want of a decision: read from eligibility's tables, in a read-only transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from deploy.reading.running import Running
from shared.db import load_queries

Q = load_queries(__file__, "reservations.sql")


async def reservations(
    stack: Running, region: str, now: datetime, *, past_only: bool, rows: int
) -> Sequence[asyncpg.Record]:
    """Held slots, those whose deadline is nearest or longest past first. `region`: first digits of the sponsor's place.

    Columns: binding_id, region, stage, held_since, held_until, overdue. None of them names anybody. Raises `StackError`.
    """
    async with stack.reading("eligibility") as conn:
        return await conn.fetch(Q.reservations, region, now, past_only, rows)
