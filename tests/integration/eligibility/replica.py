"""One replica of eligibility without Kafka: the real batch step on real PostgreSQL, fed with records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from services.eligibility.handler import Eligibility
from shared import db
from shared.clock import SystemClock
from shared.ids import SystemIds
from shared.messaging.records import PlainRecord, unpack_headers
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.messaging.step import BatchStep
from shared.policies import Policies
from shared.testing.messages import MONDAY, KafkaMessage, to_kafka
from tests.unit.eligibility.line import demo_policies, provider_keys

PARTITIONS = 12


@dataclass
class Replica:
    """A pool and a batch step of its own. `offsets` are shared by the replicas of one test: one log, several readers."""

    pool: db.Pool
    step: BatchStep
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    @classmethod
    async def open(
        cls, url: str, offsets: dict[tuple[str, int], int], policies: Policies | None = None
    ) -> Replica:
        """Connects and brings the schema up to date. `policies`: those of the demo, if no others are given."""
        handler: Any = Eligibility(policies or demo_policies(), provider_keys())
        pool = await db.open_pool(url, handler.name)
        async with pool.acquire() as conn:
            await db.migrate(conn, handler.name, [CORE_SCHEMA, *migrations_of(handler)])
        clock = SystemClock(MONDAY.timestamp(), datetime.now(UTC).timestamp())
        return cls(pool, BatchStep(handler, pool, clock, SystemIds()), offsets)

    async def take(self, *messages: KafkaMessage, partition: int = 0, at: datetime = MONDAY) -> None:
        """Handles the messages as one batch, appended at `at`."""
        await self.step.run(self.records(*messages, partition=partition, at=at))

    def records(
        self, *messages: KafkaMessage, partition: int = 0, at: datetime = MONDAY
    ) -> list[PlainRecord]:
        """The messages as the topic has them, one after the other."""
        return [self._record(m, partition, at) for m in messages]

    async def erase(self, short_type: str, key: str) -> None:
        """A tombstone of the registry."""
        sent = to_kafka(short_type, {}, "authority", f"erase-{key}", key=key)
        record = self._record(sent, 0, MONDAY)
        await self.step.run([replace(record, value=None)])

    def _record(self, message: KafkaMessage, partition: int, at: datetime) -> PlainRecord:
        place = message.topic, partition
        offset = self.offsets.get(place, 0)
        self.offsets[place] = offset + 1
        base = self.step.clock
        assert isinstance(base, SystemClock)
        stamp = int((base.anchor + at.timestamp() - base.base) * 1000)
        headers: Sequence[tuple[str, bytes | None]] = message.headers
        return PlainRecord(*place, offset, stamp, message.key, message.value, headers)

    async def said(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Everything in the outbox, in order: topic, short type, body."""
        rows = await self.pool.fetch("select topic, headers, bodies from outbox order by id")
        return [
            (row["topic"], _type(headers), json.loads(body))
            for row in rows
            for headers, body in zip(row["headers"], row["bodies"], strict=True)
        ]


def _type(headers: bytes) -> str:
    named = dict(unpack_headers(headers))
    return (named["ce_type"] or b"").decode().removeprefix("gongji.").removesuffix(".v1")
