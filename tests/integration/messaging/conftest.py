"""A toy service on a database of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.testing import TestStack
from shared import db
from shared.clock import SystemClock
from shared.ids import SystemIds
from shared.messaging.brake import Brake
from shared.messaging.due import DueRows
from shared.messaging.records import Outgoing, PlainRecord
from shared.messaging.relay import Refusal, Relay
from shared.messaging.service import CORE_SCHEMA
from shared.messaging.step import BatchStep
from tests.integration.messaging import toy
from tests.integration.messaging.live import Live

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass
class World:
    """Everything a test of the step needs. `real` is the real time in seconds, which tests move."""

    url: str
    conn: Any
    pool: Any
    handler: toy.ToyHandler = field(default_factory=toy.ToyHandler)
    real: list[float] = field(default_factory=lambda: [NOW.timestamp()])
    sent: list[Outgoing] = field(default_factory=list)

    def step(self, **options: Any) -> BatchStep:
        """A fresh step, as after a restart."""
        clock = SystemClock(real=lambda: self.real[0])
        options.setdefault("brake", Brake(run=5))
        handler: Any = self.handler
        return BatchStep(handler, self.pool, clock, SystemIds(), registry=toy.make_registry(), **options)

    def replace(self, name: str, function: Any) -> None:
        """Replaces a method of the handler."""
        setattr(self.handler, name, function)

    def dues(self, **options: Any) -> DueRows:
        return DueRows(self.step(**options))

    def record(
        self, offset: int, person: str = "a", *, id: str | None = None, source: str = "app-one", partition: int = 0,
        more: Sequence[tuple[str, bytes | None]] = (), value: bytes | None = None, **body: Any,
    ) -> PlainRecord:  # fmt: skip
        """A request to add 1 (or `amount`) to the count of `person`."""
        content = value if value is not None else json.dumps({"person": person, "amount": 1} | body).encode()
        headers = (
            ("ce_specversion", b"1.0"),
            ("ce_id", (id or f"id-{partition}-{offset}").encode()),
            ("ce_source", source.encode()),
            ("ce_type", b"gongji.toy.requests.asked.v1"),
            *more,
        )
        return PlainRecord(
            toy.TOPIC, partition, offset, int(self.real[0] * 1000), person.encode(), content, headers
        )

    async def totals(self) -> dict[str, int]:
        rows = await self.conn.fetch("select person, total from counts where total > 0")
        return {row[0]: row[1] for row in rows}

    async def outbox(self) -> list[Outgoing]:
        """What waits for the relay, in order."""
        rows = await self.conn.fetch("select topic, keys, headers, bodies from outbox order by id")
        return [Outgoing(r[0], *f) for r in rows for f in zip(r[1], r[2], r[3], strict=True)]

    async def letters(self) -> list[tuple[int, str]]:
        """Offset and reason of each dead letter in the outbox."""
        found = [dict(o.pairs()) for o in await self.outbox() if o.topic == "audit.dead-letters"]
        return [(int(h["x-original-offset"] or 0), (h["x-reason"] or b"").decode()) for h in found]

    async def answers(self) -> list[Outgoing]:
        return [o for o in await self.outbox() if o.topic.startswith("answers.")]

    def relay(self, **options: Any) -> Relay:
        async def connect() -> db.Conn:
            return await asyncpg.connect(self.url, server_settings=db.connection_settings("audit"))

        return Relay("audit", connect, **options)

    async def send(self, records: Sequence[Outgoing]) -> list[Refusal]:
        self.sent += records
        return []

    def pass_time(self, **delta: float) -> None:
        self.real[0] += timedelta(**delta).total_seconds()


@pytest.fixture(scope="module")
def toy_url(stack: TestStack) -> Iterator[str]:
    """A database for the tests of one module, which empty it one after the other: to make one takes a second."""

    async def prepare() -> str:
        urls = await stack.fresh_database()
        stack.names.pop()  # ours to drop
        conn = await asyncpg.connect(urls["audit"])
        await db.migrate(conn, "audit", [CORE_SCHEMA])
        await toy.make_tables(conn)
        await conn.close()
        return urls["audit"]

    async def drop(name: str) -> None:
        conn = await asyncpg.connect(stack.database_url)
        await conn.execute(f'drop database "{name}" with (force)')
        await conn.close()

    url = asyncio.run(prepare())
    yield url
    asyncio.run(drop(url.rpartition("/")[2]))


TABLES = "consumed, inbox, outbox, refused, due, dead_letters, senders, brake, counts, log"


@pytest_asyncio.fixture
async def world(toy_url: str) -> AsyncIterator[World]:
    """A toy service without Kafka, on empty tables."""
    conn = await asyncpg.connect(toy_url, server_settings=db.connection_settings("audit"))
    await conn.execute(f"truncate {TABLES} restart identity")
    pool = await db.open_pool(toy_url, "audit")
    yield World(toy_url, conn, pool)
    await pool.close()
    await conn.close()


@pytest_asyncio.fixture
async def live(stack: TestStack, world: World) -> AsyncIterator[Live]:
    """Topics and tables of this test alone."""
    one = Live(stack, world.url)
    await one.create()
    yield one
