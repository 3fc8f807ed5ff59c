"""Once a night, by whichever process gets the lease: personal data that were kept long enough go, and what an older key sealed is sealed anew.

Both go in batches, each a transaction of its own: whoever is killed in the middle has done what it has done, and the next one goes on.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

from prometheus_client import Gauge

from services.notify.domain.course import State
from services.notify.domain.retention import gone_before
from services.notify.sealing import Seal, answer_row, content_row, person_row
from services.notify.storage import open_or_none
from shared import log
from shared.clock import BEIJING, Clock
from shared.db import Conn, Pool, is_infrastructure, load_queries
from shared.metrics import Metrics
from shared.policies.loader import Policies

Q = load_queries(__file__, "keeping.sql")
ROWS: Final = 2_000
_EVERY: Final = 30.0
"""Real seconds between two looks whether it is time."""
_SAID_EVERY: Final = 25
"""Batches from one line in the log to the next."""
_NIGHT: Final = time(3)
_FIRST_PERSON, _FIRST_NOTICE = "", UUID(int=0)


class Keeping:
    """Runs until cancelled."""

    def __init__(
        self, pool: Pool, clock: Clock, policies: Policies, seal: Seal, metrics: Metrics, *, rows: int = ROWS
    ) -> None:
        """`rows`: of one batch."""
        self._pool, self._clock, self._policies, self._seal = pool, clock, policies, seal
        self._rows = rows
        self.unstripped = Gauge(
            "gongji_notify_oldest_unstripped_seconds",
            "Service-clock seconds since the end of the oldest notice whose personal data are there",
            ["state"],
            registry=metrics.registry,
        )
        self.late = Gauge(
            "gongji_notify_unstripped_late_seconds",
            "How far that notice is past the longest time for which any region keeps such notices",
            ["state"],
            registry=metrics.registry,
        )
        self.night_late = Gauge(
            "gongji_notify_night_late_seconds",
            "Service-clock seconds since the night's work was due; 0 before the first night and while it is not due",
            registry=metrics.registry,
        )
        self.older_keys = Gauge(
            "gongji_notify_older_keys_needed",
            "1 until a night has sealed every row under the first key",
            registry=metrics.registry,
        )
        self._log = log.get()

    async def run(self) -> None:
        """Looks whether it is night; an unreachable database and a key that is missing are waited for."""
        while True:
            try:
                await self.night()
                await self.watch()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self._log.warning("the night's work waits", why=str(type(error).__name__), **log.fault(error))
            await asyncio.sleep(_EVERY)

    async def night(self) -> int | None:
        """The night's work; the notices it stripped, None if it is not time or another process does it."""
        now = self._clock.now()
        leased = await self._pool.fetchrow(Q["lease"], now)
        if leased is None:
            return None
        stripped = await self._strip(now)
        if leased["sealed_under"] != self._seal.prefix:
            await self._seal_persons()
            await self._seal_notices()
        await self._pool.execute(Q["done"], _next_night(now), self._seal.prefix)
        self._log.info("the night's work is done", stripped=stripped)
        return stripped

    async def watch(self) -> None:
        """Keeps the gauges."""
        now = self._clock.now()
        row = await self._pool.fetchrow(Q["state"])
        if row is not None:
            for state, since in ((str(State.HANDED), row["staff"]), ("others", row["others"])):
                age = (now - since).total_seconds() if since else 0.0
                self.unstripped.labels(state).set(age)
                late = (
                    (self._longest(now, staff=state == State.HANDED) - since).total_seconds()
                    if since
                    else 0.0
                )
                self.late.labels(state).set(max(0.0, late))
            self.night_late.set(max(0.0, (now - row["next_at"]).total_seconds()) if row["begun"] else 0.0)
            self.older_keys.set(row["sealed_under"] != self._seal.prefix)

    def _longest(self, now: datetime, *, staff: bool) -> datetime:
        """What ended before this no region keeps any more."""
        rules = (self._policies.at(region, now).notice for region in self._policies.files)
        return min(gone_before(one, now, staff=staff) for one in rules)

    async def _strip(self, now: datetime) -> int:
        regions = [row[0] for row in await self._pool.fetch(Q["regions"])]
        rules = [self._policies.at(region, now).notice for region in regions]
        stripped = 0
        for staff in (False, True):
            before = [gone_before(one, now, staff=staff) for one in rules]
            batches, done = 0, self._rows
            while regions and done == self._rows:
                status = await self._pool.execute(Q["strip"], staff, regions, before, now, self._rows)
                done = int(status.rpartition(" ")[2])
                stripped, batches = stripped + done, batches + 1
                await self._progress("stripped", batches, stripped)
        return stripped

    async def _seal_persons(self) -> None:
        after, sealed, batches = _FIRST_PERSON, 0, 0
        while True:
            async with self._pool.acquire() as conn, conn.transaction():
                rows = await conn.fetch(Q["persons_otherwise"], after, self._seal.prefix, self._rows)
                anew = [
                    (row["psn_no"], one)
                    for row in rows
                    if (one := self._anew(row["sealed"], person_row(row["psn_no"]))) is not None
                ]
                await _write(conn, Q["seal_persons"], anew)
            sealed, batches = sealed + len(anew), batches + 1
            await self._progress("sealed persons", batches, sealed)
            if len(rows) < self._rows:
                return
            after = rows[-1]["psn_no"]

    async def _seal_notices(self) -> None:
        after, sealed, batches = _FIRST_NOTICE, 0, 0
        while True:
            async with self._pool.acquire() as conn, conn.transaction():
                rows = await conn.fetch(Q["notices_otherwise"], after, self._seal.prefix, self._rows)
                anew = [
                    (
                        row["id"],
                        self._anew(row["content"], content_row(row["id"])) or row["content"],
                        self._anew(row["answer"], answer_row(row["id"])) or row["answer"],
                    )
                    for row in rows
                ]
                await _write(conn, Q["seal_notices"], anew)
            sealed, batches = sealed + len(anew), batches + 1
            await self._progress("sealed notices", batches, sealed)
            if len(rows) < self._rows:
                return
            after = rows[-1]["id"]

    def _anew(self, sealed: bytes | None, row: str) -> bytes | None:
        """Under the first key; None for nothing, and for what is damaged: it stays as it is. Raises `KeyMissing`."""
        if sealed is None or (opened := open_or_none(self._seal, sealed, row)) is None:
            return None
        return self._seal.seal(opened, row)

    async def _progress(self, what: str, batches: int, rows: int) -> None:
        await self._pool.execute(Q["renew"])
        if batches % _SAID_EVERY == 0:
            self._log.info("the night's work goes on", what=what, rows=rows)


async def _write(conn: Conn, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        await conn.execute(statement, *map(list, zip(*rows, strict=True)))


def _next_night(now: datetime) -> datetime:
    here = now.astimezone(BEIJING)
    tonight = datetime.combine(here.date(), _NIGHT, BEIJING)
    return tonight if tonight > here else tonight + timedelta(days=1)
