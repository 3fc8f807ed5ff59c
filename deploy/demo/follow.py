"""Follows all topics of the line from their beginning, as an operator's tool would, and lets scenes wait for what they expect."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from aiokafka import TopicPartition

from deploy.reading.reader import Reader
from deploy.reading.seen import Seen
from shared.clock import SystemClock


class Follower:
    """All records so far, by every id by which somebody may ask for them. `topics`: their numbers of partitions."""

    def __init__(self, bootstrap: str, topics: Mapping[str, int], clock: SystemClock) -> None:
        self._consumer = Reader(
            bootstrap_servers=bootstrap,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            metadata_max_age_ms=5000,
        )
        self._topics = topics
        self._clock = clock
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.by_name: dict[str, list[Seen]] = defaultdict(list)
        self.by_topic: dict[str, list[Seen]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        parts = [
            TopicPartition(topic, part) for topic, count in self._topics.items() for part in range(count)
        ]
        self._consumer.assign(parts)
        await self._consumer.seek_to_beginning(*parts)
        self._task = asyncio.create_task(self._follow(), name="demo-follower")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._consumer.stop()

    async def _follow(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=200)
            if not batches:
                continue
            async with self._news:
                for records in batches.values():
                    for record in records:
                        self._take(Seen.of(record, self._clock))
                self._news.notify_all()

    def _take(self, seen: Seen) -> None:
        self.by_topic[seen.topic].append(seen)
        for name in seen.names():
            self.by_name[name].append(seen)

    async def until(self, find: Callable[[], Seen | None], what: str, timeout: float = 120.0) -> Seen:
        """The record that `find` finds among those so far, waiting up to `timeout` real seconds.

        Raises `TimeoutError` that names `what` was waited for.
        """
        try:
            async with asyncio.timeout(timeout), self._news:
                while (seen := find()) is None:
                    await self._news.wait()
                return seen
        except TimeoutError as error:
            raise TimeoutError(f"waited {timeout:.0f} s in vain for {what}") from error

    def named(self, name: str, topic: str) -> list[Seen]:
        """Records of a topic about the id, in order of arrival."""
        return [seen for seen in self.by_name.get(name, ()) if seen.topic == topic]
