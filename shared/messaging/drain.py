"""What happens when partitions come and go.

Going: the batch in flight is drained within the budget (a batch that waits for the database gives up at once). Coming: each
partition is sought to the offset in `consumed`, whatever Kafka's own offset says. No record of a partition is handled before
that was done; if the database was away during the assignment it is done when the first records arrive.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared import log
from shared.db import is_infrastructure
from shared.messaging import tables
from shared.messaging.records import Record
from shared.messaging.tables import Place

if TYPE_CHECKING:
    from shared.messaging.consumer import Consumer


class TopicShorter(Exception):
    """A topic ends before the place up to which it was read: it was made anew, or this database belongs to another cluster."""


class Drain(ConsumerRebalanceListener):  # type: ignore[misc]
    """The rebalance listener of a consumer. `positions` are the next offsets of the partitions that are in place."""

    def __init__(self, consumer: "Consumer") -> None:
        self._consumer = consumer
        self.give_up = asyncio.Event()
        self.positions: dict[Place, int] = {}
        self._log = log.get()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Drains. The library goes on with the rebalance when this returns."""
        self.give_up.set()
        await self._consumer.idle(self._consumer.settings.drain_budget)
        self.positions.clear()
        self._consumer.step.paused.clear()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Takes place. Errors must not pass unseen: the library would swallow them."""
        self.give_up.clear()
        self._consumer.step.metrics.rebalances.inc()
        try:
            await self.place((p.topic, p.partition) for p in assigned)
            self._consumer.health.set("partitions", None)
        except TopicShorter as error:
            self._consumer.end(str(error))
        except Exception as error:
            if not (is_infrastructure(error) or isinstance(error, KafkaError)):
                self._consumer.end(f"cannot take partitions: {type(error).__name__}")
            self._log.warning("partitions are not in place yet", **log.fault(error))

    async def ready(self, records: Sequence[Record]) -> bool:
        """Whether all partitions of a batch are in place; puts them there if not, and the batch must be dropped then."""
        missing = {(r.topic, r.partition) for r in records} - self.positions.keys()
        if not missing:
            return True
        await self.on_partitions_assigned([TopicPartition(*place) for place in missing])
        if missing - self.positions.keys():
            await asyncio.sleep(1)  # seek back without hurry: the database is away
            for record in reversed(records):
                self._consumer.kafka.seek(TopicPartition(record.topic, record.partition), record.offset)
        return False

    def handled(self, records: Sequence[Record]) -> None:
        """Moves the positions past a batch that was handled."""
        for record in records:
            self.positions[record.topic, record.partition] = record.offset + 1

    async def place(self, places: Iterable[Place]) -> None:
        """Seeks to `consumed`. Raises `TopicShorter`, `KafkaError` or a database error."""
        wanted = sorted(set(places))
        if not wanted:
            return
        async with self._consumer.step.pool.acquire() as conn, conn.transaction():
            marks = await tables.lock_consumed(conn, wanted)
        kafka = self._consumer.kafka
        partitions = [TopicPartition(*place) for place in wanted]
        ends = await kafka.end_offsets(partitions)
        for partition in partitions:
            place = partition.topic, partition.partition
            if ends[partition] < marks[place]:
                raise TopicShorter(
                    f"topic {place[0]} is shorter than what was read of it (partition {place[1]} ends at {ends[partition]},"
                    f" {marks[place]} were handled): was it made anew, or is this another cluster's database?"
                )
            kafka.seek(partition, marks[place])
            self.positions[place] = marks[place]
            self._consumer.failed.pop(place, None)
