"""Keeps the gauges of what waits and of the links. Counting walks over all that waits, so one process does it, once a minute."""

import asyncio
import contextlib
from collections.abc import Sequence

from pydantic_core import from_json

from services.notify.gauges import Gauges
from services.notify.providers.switch import Switch
from services.notify.queueing import forget
from shared.clock import Clock
from shared.db import ERRORS, Pool, load_queries

Q = load_queries(__file__, "watching.sql")


class Watching:
    """Runs in every process of notify; all show the same counts."""

    def __init__(self, pool: Pool, clock: Clock, media: Sequence[Switch], gauges: Gauges) -> None:
        self._pool, self._clock, self._media, self._gauges = pool, clock, media, gauges

    async def run(self, every: float = 5.0) -> None:
        """Looks every so many seconds until cancelled; what cannot be counted now is counted later."""
        while True:
            with contextlib.suppress(*ERRORS):
                await self.look()
            for one in self._media:
                for provider in one.providers:
                    self._gauges.link_up.labels(one.name, provider.name).set(provider.up)
            await asyncio.sleep(every)

    async def look(self) -> None:
        """Counts if the last count is a minute old, and shows what was counted; removes uses that no cap counts any more and old receipts of nothing."""
        now = self._clock.now()
        await forget(self._pool, now)
        await self._pool.execute(Q["forget_unmatched"])
        self._gauges.unmatched.clear()
        for provider, receipts in await self._pool.fetch(Q["unmatched"]):
            self._gauges.unmatched.labels(provider).set(receipts)
        await self._pool.execute(Q["count"])
        waiting = from_json(await self._pool.fetchval(Q["counted"]))
        self._gauges.waiting.clear()
        for state, medium, count in waiting:
            self._gauges.waiting.labels(state, medium).set(count)
        staff = await self._pool.fetchrow(Q["for_staff"])
        if staff is not None:
            self._gauges.for_staff.set(staff["notices"])
            oldest = (now - staff["oldest"]).total_seconds() if staff["oldest"] else 0.0
            self._gauges.for_staff_oldest.set(oldest)
