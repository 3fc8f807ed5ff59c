"""Processes that die: a pool whose every I/O call is a point before and after which the process may be killed.

`Died` is no `Exception`, so no handler of errors can survive it. The transaction in flight is rolled back, as the server does when
a client is gone; what was committed stays.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from shared.db import Pool

_CALLS = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "copy_records_to_table")


class Died(BaseException):
    """The process was killed here."""


class Fate:
    """Decides at each point whether a process dies, and lets others run in between.

    Each process has its own stream of chance, so that two at once do not disturb one another's. `arm(name, n)` kills the process at
    its n-th point from now on; `points` counts all, `deaths` where processes died.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._streams: dict[str, random.Random] = {}
        self._left: dict[str, int] = {}
        self.points = 0
        self.deaths: Counter[str] = Counter()

    def arm(self, name: str, after: int) -> None:
        """Kills the process after so many further points."""
        self._left[name] = after

    def spare(self) -> None:
        """Lets all live from now on."""
        self._left.clear()

    async def point(self, name: str, where: str) -> None:
        """One point of a process. Raises `Died`."""
        self.points += 1
        stream = self._streams.setdefault(name, random.Random(f"{self._seed}:{name}"))
        for _ in range(stream.choice((0, 0, 1, 3))):
            await asyncio.sleep(0)
        left = self._left.get(name)
        if left is None:
            return
        if left:
            self._left[name] = left - 1
            return
        del self._left[name]
        self.deaths[f"{name}: {where}"] += 1
        raise Died(where)


class MortalConnection:
    """A connection of a mortal process."""

    def __init__(self, conn: Any, fate: Fate, name: str) -> None:
        self._conn, self._fate, self._name = conn, fate, name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._conn, attribute)
        return self._mortal(attribute, found) if attribute in _CALLS else found

    def _mortal(self, attribute: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def mortal(*args: Any, **kwargs: Any) -> Any:
            await self._fate.point(self._name, f"before {attribute}")
            result = await call(*args, **kwargs)
            await self._fate.point(self._name, f"after {attribute}")
            return result

        return mortal

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[None]:
        """A transaction (or savepoint) that may die before and after its commit."""
        transaction = self._conn.transaction(**options)
        await transaction.start()
        try:
            yield
            await self._fate.point(self._name, "before commit")
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()
        await self._fate.point(self._name, "after commit")


class MortalPool:
    """What a batch step needs of a pool, with mortal connections."""

    def __init__(self, pool: Pool, fate: Fate, name: str) -> None:
        self._pool, self._fate, self._name = pool, fate, name

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[MortalConnection]:
        async with self._pool.acquire() as conn:
            yield MortalConnection(conn, self._fate, self._name)

    def __getattr__(self, attribute: str) -> Any:
        if attribute not in _CALLS:
            raise AttributeError(attribute)

        async def once(*args: Any, **kwargs: Any) -> Any:
            async with self.acquire() as conn:
                return await getattr(conn, attribute)(*args, **kwargs)

        return once
