"""Putting bills on the topic: as a backlog, or at a steady rate while the time of each answer is taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.messaging.producer import KafkaSender
from shared.messaging.records import Outgoing
from shared.metrics import Metrics
from tests.bench.measure import places


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


class Probe(NamedTuple):
    """Whose latency is taken: the topic of the requests, the one of the answers, and which answers count (by `ce_type`)."""

    requests: str
    answers: str
    counts: Callable[[str], bool]
    make: Callable[[int, datetime], Outgoing]


async def latencies(bootstrap: str, probe: Probe, first: int, per_s: float, seconds: float) -> list[float]:
    """Milliseconds from request record to answer record, by the broker's append times, at a steady rate, sorted.

    Both records carry the time at which the broker appended them, so no client's clock or delay is in the figure. Request and
    answer have the same subject.
    """
    count = int(per_s * seconds)
    asked: dict[bytes, int] = {}
    answered: dict[bytes, int] = {}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=200
    )
    await consumer.start()
    producer = _producer(bootstrap)
    await producer.start()
    try:
        both = places(probe.requests) + places(probe.answers)
        consumer.assign(both)
        await consumer.seek_to_end()
        for place in both:
            await consumer.position(place)
        reading = asyncio.create_task(_read(consumer, probe, asked, answered, count))
        await _send_steadily(producer, probe, first, count, per_s)
        async with asyncio.timeout(60):
            await reading
    finally:
        await producer.stop()
        await consumer.stop()
    return sorted(answered[subject] - at for subject, at in asked.items())


async def _send_steadily(
    producer: AIOKafkaProducer, probe: Probe, first: int, count: int, per_s: float
) -> None:
    made = [
        probe.make(n, datetime.now(UTC)) for n in range(first, first + count)
    ]  # signing costs more than sending
    start, sent = time.monotonic(), 0
    while sent < count:
        due = min(count, int((time.monotonic() - start) * per_s))
        for record in made[sent:due]:
            await producer.send(record.topic, record.value, record.key, headers=record.pairs())
        sent = max(sent, due)
        await asyncio.sleep(0.005)


async def _read(
    consumer: AIOKafkaConsumer, probe: Probe, asked: dict[bytes, int], answered: dict[bytes, int], count: int
) -> None:
    while len(answered) < count or len(asked) < count:
        for place, records in (await consumer.getmany(timeout_ms=200, max_records=2000)).items():
            for record in records:
                headers = dict(record.headers)
                if place.topic == probe.requests:
                    asked[headers["ce_subject"]] = record.timestamp
                elif probe.counts(headers["ce_type"].decode()):
                    answered.setdefault(headers["ce_subject"], record.timestamp)


async def skip_to_end(bootstrap: str, group: str, topics: Sequence[str]) -> None:
    """Lets a consumer group start behind everything that is there now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        everywhere = [place for topic in topics for place in places(topic)]
        consumer.assign(everywhere)
        await consumer.commit(await consumer.end_offsets(everywhere))
    finally:
        await consumer.stop()


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]
