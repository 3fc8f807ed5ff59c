"""Keeps the shares of the providers: reads what each did lately, moves shares by the rules, and tells the switches."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.notify.domain import weights
from services.notify.domain.weights import Seen, Share
from services.notify.gauges import Gauges
from services.notify.providers import storage
from services.notify.providers.catalogue import Entry
from services.notify.providers.switch import Switch
from shared import log
from shared.clock import Clock
from shared.db import Pool, is_infrastructure

_SLOWNESS_EVERY: Final = timedelta(minutes=1)


class Balancing:
    """Runs in every process of notify; the rows' lock lets one of them move a share at a time."""

    def __init__(
        self, pool: Pool, clock: Clock, switches: Sequence[Switch], entries: Sequence[Entry], gauges: Gauges
    ) -> None:
        self._pool, self._clock, self._switches, self._entries = pool, clock, switches, entries
        self._gauges = gauges
        self._slowness_at: datetime | None = None
        self._slow: dict[str, float] = {}
        self._log = log.get()

    async def begin(self) -> None:
        """Makes the configured providers known and reads their shares."""
        providers = [one for switch in self._switches for one in switch.providers]
        async with self._pool.acquire() as conn, conn.transaction():
            await storage.configure(conn, providers, self._entries, self._clock.now())
        await self.look()

    async def run(self, every: float = 2.0) -> None:
        """Looks every so many seconds until cancelled; an unreachable database is waited for."""
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                self._log.warning("shares of providers wait for the database", **log.fault(error))
            await asyncio.sleep(every)

    async def look(self) -> None:
        """One look: shares that have to move are moved, and the switches follow."""
        now = self._clock.now()
        slowness = self._slowness_at is None or now - self._slowness_at >= _SLOWNESS_EVERY
        if slowness:
            self._slowness_at = now
        for switch in self._switches:
            switch.began = switch.began or now
            shares = await self._shares(switch, now, slowness=slowness)
            switch.shares = {one.name: one for one in shares}
            for one in shares:
                self._gauges.share.labels(one.name).set(one.weight)

    def _remembered(self, seen: Mapping[str, Seen], *, slowness: bool) -> dict[str, Seen]:
        """Slowness is measured now and then: in between a provider is as slow as it was, or its share would come back."""
        if slowness:
            self._slow |= {name: one.slow for name, one in seen.items()}
        return {name: replace(one, slow=self._slow.get(name, 0.0)) for name, one in seen.items()}

    async def _shares(self, switch: Switch, now: datetime, *, slowness: bool) -> list[Share]:
        """The shares of one medium's providers, moved if they have to."""
        names = [one.name for one in switch.providers]
        async with self._pool.acquire() as conn, conn.transaction():
            await storage.seen_up(conn, [one.name for one in switch.providers if one.up], now)
            shares = await storage.shares(conn, names)
            if len(names) < 2:
                return shares
            seen = self._remembered(
                await storage.lately(conn, names, now, slowness=slowness), slowness=slowness
            )
            if not weights.moves(shares, seen, now):
                return shares
            shares = await storage.shares(
                conn, names, lock=True
            )  # another process may have moved them meanwhile
            changes = weights.moves(shares, seen, now)
            await storage.move(conn, changes, now)
        for one in changes:
            self._log.warning(
                "share moved",
                provider=one.after.name,
                before=one.before.weight,
                after=one.after.weight,
                why=one.why,
            )
        moved = {one.after.name: one.after for one in changes}
        return [moved.get(one.name, one) for one in shares]
