"""A consumer that no record can stop: header names that are not UTF-8 are read, too, as the services read them."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer

from shared.messaging import lenient


class Reader(AIOKafkaConsumer):  # type: ignore[misc]
    """aiokafka's consumer, without a group. Once it has met such a record it reads leniently until it stops."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        lenient.install()
        self._met = False

    async def getmany(self, *places: Any, **options: Any) -> Any:
        """As aiokafka's; never raises `UnicodeDecodeError`."""
        return await self._past(partial(super().getmany, *places, **options))

    async def getone(self, *places: Any) -> Any:
        """As aiokafka's; never raises `UnicodeDecodeError`."""
        return await self._past(partial(super().getone, *places))

    async def stop(self) -> None:
        """Ends it; other consumers of the process get their quick parser back."""
        await super().stop()
        if self._met:
            lenient.read_leniently(False)

    async def _past(self, poll: Callable[[], Awaitable[Any]]) -> Any:
        """What a failed poll took of other partitions is gone, so all are read again from where they were."""
        while True:
            begun = {place: await self.position(place) for place in self.assignment() - self.paused()}
            try:
                return await poll()
            except UnicodeDecodeError:
                self._met = True
                lenient.read_leniently(True)
                for place, offset in begun.items():
                    self.seek(place, offset)
