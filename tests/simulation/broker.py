"""A broker in memory: partitions are lists, the append time is the virtual clock's, keys go where Kafka would put them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from aiokafka.partitioner import murmur2

from shared.messaging.records import Outgoing, PlainRecord
from tests.simulation.virtual import VirtualClock

PARTITIONS = 3
"""Few, so that keys meet on a partition often."""

Place = tuple[str, int]


class ModelBroker:
    """Topics as lists of records. What is appended stays."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.logs: dict[Place, list[PlainRecord]] = defaultdict(list)

    def append(
        self, topic: str, key: bytes | None, headers: Sequence[tuple[str, bytes | None]], value: bytes | None
    ) -> PlainRecord:
        """Appends one record and returns it with its coordinates."""
        partition = ((murmur2(key or b"") & 0x7FFFFFFF) % PARTITIONS) if key is not None else 0
        log = self.logs[topic, partition]
        record = PlainRecord(
            topic, partition, len(log), self._clock.milliseconds(), key, value, tuple(headers)
        )
        log.append(record)
        return record

    def publish(self, records: Iterable[Outgoing]) -> None:
        """What a relay sends."""
        for record in records:
            self.append(record.topic, record.key, record.pairs(), record.value)

    def places(self, topics: Iterable[str]) -> list[Place]:
        """All partitions of the topics."""
        return [(topic, partition) for topic in topics for partition in range(PARTITIONS)]

    def end(self, place: Place) -> int:
        """The offset behind the last record."""
        return len(self.logs[place])

    def read(self, place: Place, offset: int, limit: int) -> list[PlainRecord]:
        """Up to `limit` records from `offset` on."""
        return self.logs[place][offset : offset + limit]

    def topic(self, name: str) -> list[PlainRecord]:
        """All records of a topic, partition by partition."""
        return [record for partition in range(PARTITIONS) for record in self.logs[name, partition]]
