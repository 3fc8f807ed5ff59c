"""What reads topics for people is stopped by no record: a header name that is not UTF-8 is read past, by one record or by many."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.testing import TestStack
from deploy.reading.reader import Reader
from shared.messaging import lenient
from shared.testing import odd_names

PARTITIONS = 2


async def _made(kafka: str) -> str:
    """A topic of one's own: nobody else's plain consumer must meet such a record."""
    topic = f"odd-{uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for part in range(PARTITIONS):
            await producer.send_and_wait(topic, b"before", partition=part)
            await odd_names.publish(producer, topic, part)
            await producer.send_and_wait(topic, b"after", partition=part)
    return topic


async def _read(kafka: str, *, singly: bool) -> dict[int, list[bytes]]:
    topic = await _made(kafka)
    places = [TopicPartition(topic, part) for part in range(PARTITIONS)]
    found: dict[int, list[bytes]] = {part: [] for part in range(PARTITIONS)}
    async with asyncio.timeout(60), Reader(bootstrap_servers=kafka, auto_offset_reset="earliest") as reader:
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        while sum(map(len, found.values())) < 3 * PARTITIONS:
            batches = {None: [await reader.getone()]} if singly else await reader.getmany(timeout_ms=200)
            for records in batches.values():
                for record in records:
                    found[record.partition].append(record.value)
    return found


def test_records_around_an_odd_one_are_read_once_and_in_order(stack: TestStack) -> None:
    for singly in (False, True):
        found = asyncio.run(_read(stack.kafka, singly=singly))
        assert found == {part: [b"before", b"{}", b"after"] for part in range(PARTITIONS)}
    assert not lenient.is_lenient(), "others of this process read quickly again"
