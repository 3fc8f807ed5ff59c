"""The yardstick: the service that most people would write. `python -m tests.bench.baseline settlement`

One FastStream handler a message, one transaction a message, the same inbox and outbox, the same domain code and statements, the
offset committed by hand after the transaction, the outbox published by a relay with one `publish` a record. Nothing is slowed
down on purpose; what it lacks is batches.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from importlib import import_module
from typing import Any

import uvloop
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared import clock, db
from shared.ids import SystemIds
from shared.messaging import tables
from shared.messaging.collector import Collector
from shared.messaging.decode import Decoded, Decoder
from shared.messaging.handler import Handler
from shared.messaging.records import Outgoing, pack_records
from shared.messaging.registry import default
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.settings import ServiceSettings

TOPICS = {
    "settlement": ("settlement.requests",),
    "eligibility": ("binding.requests", "binding.decisions"),
    "audit": ("binding.screenings",),
    "notify": ("binding.decisions",),
}
"""What a service of the baseline reads: the line itself; registry facts were loaded before by the real service."""


def group(service: str) -> str:
    """Its consumer group."""
    return f"bench-baseline-{service}"


class Baseline:
    """One message in, one transaction, its answers into the outbox."""

    def __init__(self, handler: Handler[Any], settings: ServiceSettings, pool: db.Pool) -> None:
        self.handler = handler
        self.pool, self.ids = pool, SystemIds()
        self.registry = default()
        self.decoder = Decoder(self.registry, clock.from_setting(settings.clock))
        self.heads: dict[str, str] = {}
        self.wake = asyncio.Event()

    async def handle(self, record: Any) -> None:
        decoded = self.decoder.decode(record)
        if not isinstance(decoded, Decoded):
            raise TypeError(f"the benchmark sent a record that is no message: {decoded.reason}")
        event = decoded.event
        async with self.pool.acquire() as conn, conn.transaction():
            if await tables.known_claims(conn, [decoded]):
                return
            keys = await self.handler.lock(conn, [event])
            book = await self.handler.load(conn, [event], keys)
            out = Collector(self.handler.name, self.registry, self.ids, self.heads)
            out.begin(event)
            self.handler.decide(book, event, out)
            await self.handler.save(conn, book)
            kept = out.kept.get((event.source, event.id))
            answers = pack_records(kept) if kept else None
            row = (
                event.source,
                event.id,
                decoded.hash,
                event.topic,
                event.partition,
                event.offset,
                event.appended_at,
                False,
                answers,
            )
            await tables.insert_claims(conn, [row])
            await tables.write_dues(conn, out.dues)
            await tables.insert_outbox(conn, out.outgoing)
        self.wake.set()

    async def relay(self, broker: KafkaBroker) -> None:
        """Publishes the outbox in order, one record after the other awaited together, and deletes what was taken."""
        while True:
            self.wake.clear()
            rows = await self.pool.fetch(tables.Q["oldest_outbox"], 64)
            if not rows:
                try:
                    await asyncio.wait_for(self.wake.wait(), 0.5)
                except TimeoutError:
                    continue
                continue
            records = [Outgoing(t, *one) for _, t, k, h, b in rows for one in zip(k, h, b, strict=True)]
            await asyncio.gather(*(self._publish(broker, r) for r in records))
            await self.pool.execute(tables.Q["delete_outbox"], [row[0] for row in rows])

    @staticmethod
    async def _publish(broker: KafkaBroker, record: Outgoing) -> None:
        headers = {name: (value or b"").decode("latin-1") for name, value in record.pairs()}
        await broker.publish(record.value, record.topic, key=record.key, headers=headers)


async def run(name: str) -> None:
    """Runs until SIGTERM."""
    settings: ServiceSettings = import_module(f"services.{name}.settings").Settings()
    handler: Handler[Any] = import_module(f"services.{name}.app").build(settings)
    pool = await db.open_pool(settings.database_url.get_secret_value(), name, size=8)
    async with pool.acquire() as conn:
        await db.migrate(conn, name, [CORE_SCHEMA, *migrations_of(handler)])
    service = Baseline(handler, settings, pool)
    broker = KafkaBroker(
        settings.kafka()["bootstrap_servers"], enable_idempotence=True, acks="all", logger=None
    )

    async def raw(message: Any) -> Any:
        return message.raw_message

    @broker.subscriber(
        *TOPICS[name], group_id=group(name), auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL, no_reply=True, decoder=raw
    )  # fmt: skip
    async def one(record: Any, message: KafkaMessage) -> None:
        await service.handle(record)
        await message.ack()

    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await broker.start()
    tasks = {asyncio.create_task(service.relay(broker)), asyncio.create_task(stopping.wait())}
    if name == "notify":
        beside = import_module("tests.bench.notify_baseline").sending
        tasks.add(asyncio.create_task(beside(handler, settings, pool, service.wake.set, stopping)))
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await broker.stop()
    await pool.close()


if __name__ == "__main__":
    uvloop.run(run(sys.argv[1]))
