"""Seals each Beijing day once, as soon as it is over; days that passed while nobody ran are sealed at the next start."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import date, datetime

from services.audit.domain import record
from services.audit.domain.record import Seal
from services.audit.record.writing import Q
from shared import log
from shared.clock import BEIJING
from shared.db import Conn, is_infrastructure
from shared.messaging.service import Running

LONGEST_WAIT, AFTER_FAULT = 60.0, 5.0
"""Real seconds between two looks at the calendar, and after a fault of the database."""


async def keep_sealed(running: Running) -> None:
    """Background work of the service: looks at start, at every Beijing midnight of its clock, and now and then."""
    while not running.stopping.is_set():
        wait = LONGEST_WAIT
        try:
            async with running.pool.acquire() as conn:
                for one in await seal(conn, running.clock.now()):
                    log.get().info("record sealed", day=str(one.day), root=one.root.hex())
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.get().warning("record not sealed, trying again", **log.fault(error))
            wait = AFTER_FAULT
        today = running.clock.now().astimezone(BEIJING).date()
        until = running.clock.real_seconds_until(record.end_of(today)) + 0.2
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.stopping.wait(), min(wait, until))


async def seal(conn: Conn, now: datetime) -> list[Seal]:
    """Seals every day that is over at `now` and has no seal, in one transaction; those that it made.

    A day's seal covers each chain up to its last link before midnight. What another process writes with an earlier time
    afterwards (its clock is behind, or its batch took long) is covered by the next one: seals go by position, not by time.
    """
    async with conn.transaction():
        await conn.execute(Q["lock_sealing"])
        last = await conn.fetchrow(Q["last_seal"])
        chains = [row[0] for row in await conn.fetch(Q["chains"])]
        first = None if last else await conn.fetchval(Q["first_at"], chains)
        made: list[Seal] = []
        before = last["root"] if last else record.FIRST
        for day in record.unsealed(last["day"] if last else None, first, now):
            one = Seal(day, before, await _heads(conn, day, chains))
            await _add(conn, one, now)
            made.append(one)
            before = one.root
    return made


async def _heads(conn: Conn, day: date, chains: list[str]) -> dict[str, tuple[int, bytes]]:
    rows = await conn.fetch(Q["heads_until"], chains, record.end_of(day))
    return {chain: (entries, head) for chain, entries, head, _ in rows}


async def _add(conn: Conn, one: Seal, now: datetime) -> None:
    chains = sorted(one.heads)
    columns = [one.heads[c][0] for c in chains], [one.heads[c][1] for c in chains]
    await conn.execute(Q["add_seal"], one.day, one.root, one.previous, chains, *columns, now)
