"""Reading topics with a plain consumer that belongs to no group: it commits nothing and disturbs nobody."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from deploy.local.errors import StackError
from deploy.reading.reader import Reader
from deploy.reading.running import NO_STACK, Running
from deploy.reading.seen import Seen, in_order
from shared.clock import SystemClock
from shared.contracts.sources import SERVICES
from shared.contracts.topics import TOPICS, dead_letters_topic
from shared.messaging.records import Record

Wanted = Callable[[Record], bool]
FETCH_BYTES = 8 * 1024 * 1024
LOOK_AGAIN = 5.0  # seconds between looks for new topics
SILENCE = 60.0  # seconds without a record or a position, while there are more, after which the broker is taken for gone


def ours(topic: str) -> bool:
    """Whether a topic of the broker is one of gongji's."""
    own = topic in TOPICS and topic != "answers"
    return own or topic.startswith("answers.") or topic in map(dead_letters_topic, SERVICES)


@asynccontextmanager
async def consumer(running: Running) -> AsyncIterator[Any]:
    """A started consumer without group and without assignment. Raises `StackError` when no broker answers, or stops answering."""
    reader = Reader(
        bootstrap_servers=running.kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=100,
        metadata_max_age_ms=5_000,
        request_timeout_ms=10_000,
    )
    try:
        async with asyncio.timeout(15):
            await reader.start()
    except (KafkaConnectionError, TimeoutError, OSError) as error:
        await reader.stop()
        raise StackError(f"no Kafka answers at {running.kafka}", NO_STACK) from error
    try:
        yield reader
    except KafkaError as error:  # a broker that starts knows no leaders yet
        told = f"Kafka at {running.kafka}: {type(error).__name__}"
        raise StackError(told, "Try again in a minute; see `gongji status`.") from error
    finally:
        await reader.stop()


async def partitions(running: Running, topics: Collection[str] = ()) -> list[TopicPartition]:
    """All partitions of gongji's topics, sorted; of those that start with one of `topics` if any are given."""
    admin = AIOKafkaAdminClient(bootstrap_servers=running.kafka, request_timeout_ms=10_000)
    try:
        await admin.start()
        rows = await admin.describe_topics()
    finally:
        await admin.close()
    wanted = [row for row in rows if ours(row["topic"]) and _chosen(row["topic"], topics)]
    return sorted(
        TopicPartition(row["topic"], part["partition"]) for row in wanted for part in row["partitions"]
    )


def _chosen(name: str, topics: Collection[str]) -> bool:
    return not topics or any(name == t or name.startswith(f"{t.rstrip('.*')}.") for t in topics)


async def whole(
    running: Running,
    *,
    topics: Collection[str] = (),
    since: datetime | None = None,
    wanted: Wanted | None = None,
) -> list[Seen]:
    """Every record there is now (those that `wanted` accepts), in the order in which the broker appended them."""
    async with consumer(running) as reader:
        found = [seen async for seen in until_end(reader, running, topics=topics, since=since, wanted=wanted)]
    return sorted(found, key=in_order)


async def until_end(
    reader: Any,
    running: Running,
    *,
    topics: Collection[str] = (),
    since: datetime | None = None,
    wanted: Wanted | None = None,
) -> AsyncIterator[Seen]:
    """Records from `since` (or the beginning) to what was the end at the call; in order per partition only."""
    places = await partitions(running, topics)
    if not places:
        return
    reader.assign(places)
    ends = await reader.end_offsets(places)
    await seek(reader, running.clock, places, since)
    open_ = {place for place in places if ends[place] > await _position(reader, place)}
    reader.pause(*(place for place in places if place not in open_))
    silent = 0.0
    while open_:
        asked = time.monotonic()
        batches = await reader.getmany(timeout_ms=500, max_records=5000)
        silent = 0.0 if batches else silent + time.monotonic() - asked
        if silent > SILENCE:
            raise KafkaTimeoutError
        for place, records in batches.items():
            for record in records:
                if record.offset < ends[place] and (wanted is None or wanted(record)):
                    yield Seen.of(record, running.clock)
        done = {place for place in open_ if await _position(reader, place) >= ends[place]}
        if done:
            reader.pause(*done)
            open_ -= done


async def _position(reader: Any, place: TopicPartition) -> int:
    """Where the reader stands; it knows only once the partition's leader has answered."""
    try:
        at: int = await asyncio.wait_for(reader.position(place), SILENCE)
    except TimeoutError:
        raise KafkaTimeoutError from None
    return at


async def seek(reader: Any, clock: SystemClock, places: list[TopicPartition], since: datetime | None) -> None:
    """Goes to the beginning, or to the first record that was appended at or after `since` (by the stack's clock)."""
    if since is None:
        await reader.seek_to_beginning(*places)
        return
    real = clock.anchor + (since.timestamp() - clock.base) / clock.speed
    # The ends come first: what is appended between the two calls must not be passed over.
    ends = await reader.end_offsets(places)
    found = await reader.offsets_for_times({place: int(real * 1000) for place in places})
    for place in places:
        there = found.get(place)
        reader.seek(place, ends[place] if there is None else there.offset)


async def tail(
    running: Running,
    *,
    topics: Collection[str] = (),
    since: datetime | None = None,
    patience: float = math.inf,
) -> AsyncGenerator[Seen, None]:
    """Records as they arrive: from `since`, or from now. Topics that are made later join in.

    Ends after `patience` seconds. (To cancel it instead may leave connections open: aiokafka closes none that it is just making.)
    """
    end = time.monotonic() + patience
    async with consumer(running) as reader:
        places: list[TopicPartition] = []
        looked = -math.inf
        while (now := time.monotonic()) < end:
            if now - looked >= LOOK_AGAIN:
                places, looked = await _join(reader, running, places, topics, since), now
            batches = await reader.getmany(timeout_ms=300, max_records=2000)
            seen = [Seen.of(r, running.clock) for records in batches.values() for r in records]
            for one in sorted(seen, key=in_order):
                yield one


async def _join(
    reader: Any,
    running: Running,
    places: list[TopicPartition],
    topics: Collection[str],
    since: datetime | None,
) -> list[TopicPartition]:
    now = await partitions(running, topics)
    if now == places:
        return places
    keep = {place: await reader.position(place) for place in places}
    reader.assign(now)
    new = [place for place in now if place not in keep]
    if places or since is not None:  # a topic that appears while we watch is read from its first record
        await seek(reader, running.clock, new, since)
    else:
        await reader.seek_to_end(*new)
    for place, offset in keep.items():
        if place in now:
            reader.seek(place, offset)
    return now
