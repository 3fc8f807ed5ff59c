"""Outcomes on their way into the database: many senders, one transaction for all that wait."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared import log
from shared.db import is_infrastructure
from shared.messaging.handler import Due

Apply = Callable[[Sequence[Due]], Awaitable[None]]
_AT_ONCE: Final = 200


class Outcomes:
    """`put` returns when the outcome is committed; `run` writes what waits. An outage of the database is waited for."""

    def __init__(self, apply: Apply) -> None:
        self._apply = apply
        self._queue: asyncio.Queue[tuple[Due, asyncio.Future[None]]] = asyncio.Queue()
        self._log = log.get()

    async def put(self, dues: Sequence[Due]) -> None:
        """Stores outcomes. Raises what the handler raised if they can never be stored."""
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in dues]
        for due, future in zip(dues, futures, strict=True):
            self._queue.put_nowait((due, future))
        await asyncio.gather(*futures)

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            waiting = [await self._queue.get()]
            while not self._queue.empty() and len(waiting) < _AT_ONCE:
                waiting.append(self._queue.get_nowait())
            await self._store(waiting)

    async def _store(self, waiting: Sequence[tuple[Due, asyncio.Future[None]]]) -> None:
        delay = 0.1
        while True:
            try:
                await self._apply([due for due, _ in waiting])
            except Exception as error:
                if is_infrastructure(error):
                    self._log.warning("outcomes wait for the database", **log.fault(error))
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, 5.0)
                    continue
                if len(waiting) > 1:  # one of them is the culprit: its neighbours go on
                    for one in waiting:
                        await self._store([one])
                    return
                self._log.error("outcome cannot be stored", kind=waiting[0][0].kind, **log.fault(error))
                _done(waiting[0][1], error)
                return
            for _, future in waiting:
                _done(future)
            return


def _done(future: asyncio.Future[None], error: Exception | None = None) -> None:
    if future.done():
        return
    if error:
        future.set_exception(error)
    else:
        future.set_result(None)
