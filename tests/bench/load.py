"""Putting bills on the topic: as a backlog, or at a steady rate while the time of each answer is taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.messaging.producer import KafkaSender
from shared.messaging.records import Outgoing
from shared.metrics import Metrics
from tests.bench import world
from tests.bench.measure import ANSWERS, places


async def publish(bootstrap: str, records: Sequence[Outgoing]) -> None:
    """Publishes a backlog, batches built by hand."""
    sender = KafkaSender(lambda: _producer(bootstrap), Metrics())
    try:
        for start in range(0, len(records), 4000):
            await sender(records[start : start + 4000])
    finally:
        await sender.stop()


def _producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_batch_size=256 * 1024, max_request_size=8 * 1024 * 1024
    )


async def latencies(bootstrap: str, first: int, per_s: float, seconds: float) -> list[float]:
    """Milliseconds from request record to answer record, by the broker's append times, at a steady rate.

    Both records carry the time at which the broker appended them, so no client's clock or delay is in the figure.
    """
    count = int(per_s * seconds)
    asked: dict[str, int] = {}
    answered: dict[str, int] = {}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=200
    )
    await consumer.start()
    producer = _producer(bootstrap)
    await producer.start()
    try:
        both = places("settlement.requests") + places(ANSWERS)
        consumer.assign(both)
        await consumer.seek_to_end()
        for place in both:
            await consumer.position(place)
        reading = asyncio.create_task(_read(consumer, asked, answered, count))
        await _send_steadily(producer, first, count, per_s)
        async with asyncio.timeout(30):
            await reading
    finally:
        await producer.stop()
        await consumer.stop()
    return sorted(answered[msgid] - at for msgid, at in asked.items())


async def _send_steadily(producer: AIOKafkaProducer, first: int, count: int, per_s: float) -> None:
    start, sent = time.monotonic(), 0
    while sent < count:
        due = min(count, int((time.monotonic() - start) * per_s))
        for n in range(first + sent, first + due):
            record = world.bill(n, datetime.now(UTC))
            await producer.send(record.topic, record.value, record.key, headers=record.pairs())
        sent = max(sent, due)
        await asyncio.sleep(0.005)


async def _read(
    consumer: AIOKafkaConsumer, asked: dict[str, int], answered: dict[str, int], count: int
) -> None:
    while len(answered) < count or len(asked) < count:
        for place, records in (await consumer.getmany(timeout_ms=200, max_records=2000)).items():
            for record in records:
                if place.topic == ANSWERS:
                    answered[record.key.decode()] = record.timestamp
                else:
                    asked[dict(record.headers)["ce_subject"].decode()] = record.timestamp


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]
