"""Once a night, by whichever process has the lock: every invariant of the ledger is checked, in one snapshot and beside the bills.

It has a connection of its own, one process of the database without helpers, and a bound in time; what it finds is a gauge, an alarm and
a line in the log, which names accounts by a token. Once a week, and as long as something is broken, everything is read; on other nights
the accounts that were touched since the last sound check.
"""

from __future__ import annotations

import asyncio
from datetime import time
from typing import Final

import asyncpg
from prometheus_client import Gauge

from services.settlement.nightly.soundness import BOUND, Q, broken, token
from services.settlement.nightly.when import next_at
from shared import log
from shared.db import connection_settings, is_infrastructure
from shared.messaging.service import Background, Running

NAMED: Final = 20
"""Broken invariants that a night's log names."""
_EVERY: Final = 30.0
"""Real seconds between two looks whether it is time."""
_NIGHT: Final = time(3, 30)


def nightly(url: str) -> Background:
    """The background work of one replica; `url`: of the database, for a connection of its own."""

    async def work(running: Running) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(_forever(Checking(running, url)))
            await running.stopping.wait()
            task.cancel()

    return work


async def _forever(checking: Checking) -> None:
    """An unreachable database and a check that takes too long are tried again."""
    while True:
        try:
            await checking.night()
            await checking.watch()
        except Exception as error:
            if not (is_infrastructure(error) or isinstance(error, TimeoutError)):
                raise
            log.get().warning("the check of the ledger waits", **log.fault(error))
        await asyncio.sleep(_EVERY)


class Checking:
    """The check, and the gauges by which its result is seen."""

    def __init__(self, running: Running, url: str) -> None:
        self._pool, self._clock, self._url = running.pool, running.clock, url
        registry = running.metrics.registry
        self.broken = Gauge(
            "gongji_ledger_broken", "Broken invariants that the last check of the ledger found", registry=registry
        )  # fmt: skip
        self.age = Gauge(
            "gongji_ledger_check_age_seconds", "Real seconds since the begin of the last check that came to its end", registry=registry
        )  # fmt: skip

    async def night(self) -> int | None:
        """One check; what it found, `None` if it is not time or another process is at it. Raises asyncpg's errors."""
        now = self._clock.now()
        if await self._pool.fetchrow(Q["due"], now) is None:
            return None
        quiet = {
            "max_parallel_workers_per_gather": "0",
            "work_mem": "64MB",
            "statement_timeout": f"{BOUND:.0f}s",
        }
        conn = await asyncpg.connect(
            self._url, timeout=10, server_settings=connection_settings("settlement") | quiet
        )
        try:
            due = await conn.fetchrow(Q["due"], now) if await conn.fetchval(Q["lease"]) else None
            if due is None:
                return None
            found = await broken(conn, due["since"])
            await conn.execute(
                Q["done"], next_at(now, _NIGHT), due["begun_at"], len(found), due["since"] is None
            )
        finally:
            await conn.close(timeout=10)
        _say(found, due["since"] is None)
        return len(found)

    async def watch(self) -> None:
        """Keeps the gauges, whichever process made the check."""
        row = await self._pool.fetchrow(Q["state"])
        if row is not None:
            self.broken.set(row["broken"])
            self.age.set(row["age"] or 0.0)


def _say(found: list[asyncpg.Record], full: bool) -> None:
    if not found:
        log.get().info("the ledger is sound", full=full)
        return
    for row in found[:NAMED]:
        log.get().error("the ledger is broken", invariant=row["invariant"], subject=token(row["subject"]))
    log.get().error("the ledger is broken", found=len(found), see="gongji ledger verify")
