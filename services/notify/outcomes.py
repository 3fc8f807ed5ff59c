"""Outcomes on their way into the database: many senders, one transaction for all that wait."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Final

from shared import log
from shared.db import is_infrastructure
from shared.messaging.handler import Due

Apply = Callable[[Sequence[Due]], Awaitable[None]]
_AT_ONCE: Final = 200
_MANY: Final = 5_000
"""So many may wait before nothing more is taken from outside: a few seconds of receipts, about as many kilobytes."""

Waiting = dict[asyncio.Future[None], Due]


class Crowded(Exception):
    """Too many outcomes wait for the database: whoever brought this one has to bring it again."""


class Outcomes:
    """`put` returns when the outcome is committed; `run` writes what waits. An outage of the database is waited for.

    What nobody waits for any more is not written: who gave up has said so, and a provider brings it again.
    """

    def __init__(self, apply: Apply, *, many: int = _MANY) -> None:
        """`many`: how many may wait before `offer` takes nothing more."""
        self._apply, self._many = apply, many
        self._waiting: Waiting = {}
        self._came = asyncio.Event()
        self._log = log.get()

    async def put(self, dues: Sequence[Due]) -> None:
        """Stores outcomes of what we did ourselves, of which there are as many as attempts. Raises what the handler raised if they can
        never be stored.
        """
        if not dues:
            return
        loop = asyncio.get_running_loop()
        own: Waiting = {loop.create_future(): due for due in dues}
        self._waiting |= own
        self._came.set()
        try:
            await asyncio.wait(own)  # for all of them, even if one can never be stored
        finally:
            for future in own:
                self._waiting.pop(future, None)
        if faults := [fault for future in own if (fault := future.exception()) is not None]:
            raise faults[0]

    async def offer(self, dues: Sequence[Due]) -> None:
        """Stores what came from outside, as `put` does. Raises `Crowded` at once if too many wait already."""
        if len(self._waiting) >= self._many:
            raise Crowded(f"{len(self._waiting)} outcomes wait for the database")
        await self.put(dues)

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            delay = 0.1
            while batch := dict(islice(self._waiting.items(), _AT_ONCE)):
                if await self._store(batch):
                    delay = 0.1
                else:
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, 5.0)

    async def _store(self, batch: Waiting) -> bool:
        """Whether the database was there. All of the batch is settled then; else it waits on, unless it is given up meanwhile."""
        try:
            await self._apply(list(batch.values()))
        except Exception as error:
            if is_infrastructure(error):
                self._log.warning(
                    "outcomes wait for the database", waiting=len(self._waiting), **log.fault(error)
                )
                return False
            if len(batch) > 1:  # one of them is the culprit: its neighbours go on
                return all([await self._store({future: due}) for future, due in batch.items()])
            (due,) = batch.values()
            self._log.error("outcome cannot be stored", kind=due.kind, **log.fault(error))
            self._settle(batch, error)
            return True
        self._settle(batch)
        return True

    def _settle(self, batch: Waiting, error: Exception | None = None) -> None:
        for future in batch:
            self._waiting.pop(future, None)
            if future.done():
                continue
            if error:
                future.set_exception(error)
            else:
                future.set_result(None)
