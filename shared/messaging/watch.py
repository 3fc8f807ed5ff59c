"""Tasks beside the subscriber: due rows, the state of the database, lag, and old rows that may go."""

import asyncio
from datetime import timedelta
from typing import Any

from aiokafka.errors import KafkaError

from shared import log
from shared.clock import Clock
from shared.db import ERRORS, Pool, is_infrastructure
from shared.health import Health
from shared.messaging.brake import Brake, Braked, Controls
from shared.messaging.consumer import Consumer
from shared.messaging.due import BATCH, DueRows
from shared.messaging.tables import LostRace, Place, Q
from shared.metrics import Metrics

DUE_SECONDS = 0.25
WATCH_SECONDS = 1.0
LOOK_SECONDS = 3.0
PRUNE_SECONDS = 600.0
PRUNE_ROWS = 5_000


async def watch_due(consumer: Consumer, dues: DueRows) -> None:
    """Fires due rows between batches, once the partitions were read past their time."""
    while True:
        await asyncio.sleep(DUE_SECONDS)
        try:
            if await dues.waiting():
                await note_read(consumer, dues)
                places = await all_places(consumer)
                fired = BATCH
                while fired == BATCH:
                    async with consumer.turn:
                        fired = await dues.fire(places)
        except Exception as error:
            if not (isinstance(error, Braked | LostRace | KafkaError) or is_infrastructure(error)):
                raise
            await asyncio.sleep(1.0)


async def note_read(consumer: Consumer, dues: DueRows) -> None:
    """Asks the broker for the ends of this replica's partitions."""
    before = dues.step.clock.now()
    partitions = [
        p for p in consumer.kafka.assignment() if (p.topic, p.partition) in consumer.drain.positions
    ]
    if partitions:
        ends: dict[Any, int] = await consumer.kafka.end_offsets(partitions)
        starts: dict[Any, int] = await consumer.kafka.beginning_offsets(partitions)
        # What expired before anybody read it cannot be waited for: an empty partition has been read.
        empty = {p for p in partitions if starts[p] == ends[p]}
        await dues.note_read(
            {(p.topic, p.partition): 0 if p in empty else ends[p] for p in partitions}, before
        )


async def all_places(consumer: Consumer) -> set[Place]:
    """All partitions of all topics of the service, whoever reads them. Empty as long as one topic is unknown."""
    places: set[Place] = set()
    for topic in consumer.step.handler.topics:
        partitions = consumer.kafka.partitions_for_topic(topic)
        if not partitions:
            return set()
        places |= {(topic, p) for p in partitions}
    return places


async def watch_database(
    pool: Pool, controls: Controls, health: Health, metrics: Metrics, brake: Brake
) -> None:
    """Is it writable, is the brake pulled, which sources are set aside? Clears what an operator cleared."""
    while True:
        was = controls.braked
        try:
            read_only = await pool.fetchval("select current_setting('transaction_read_only')", timeout=5)
            await controls.refresh(pool)
        except ERRORS as error:
            health.set("database", type(error).__name__)
        else:
            health.set("database", "read-only" if read_only == "on" else None)
            health.set("brake", controls.braked)
            if was and not controls.braked:
                brake.reset()
                log.get().info("brake released")
            metrics.brake.set(1 if controls.braked else 0)
            metrics.set_aside.set(len(controls.set_aside))
        await asyncio.sleep(WATCH_SECONDS)


async def watch_kafka(consumer: Consumer, health: Health) -> None:
    """Does the broker answer, and how far are we behind?"""
    while True:
        try:
            await consumer.look()
            health.set("broker", None)
        except (KafkaError, OSError, TimeoutError) as error:
            health.set("broker", type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)


async def prune(pool: Pool, clock: Clock, days: int) -> None:
    """Forgets ids and dead letters older than any topic keeps records. A few thousand rows at a time."""
    while True:
        await asyncio.sleep(PRUNE_SECONDS)
        try:
            while True:
                status = await pool.execute(Q["prune_inbox"], clock.now() - timedelta(days=days), PRUNE_ROWS)
                if int(status.rpartition(" ")[2]) < PRUNE_ROWS:
                    break
            await pool.execute(Q["prune_dead_letters"], days)
        except Exception as error:
            if not is_infrastructure(error):
                raise
