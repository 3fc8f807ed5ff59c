"""One replica of audit without Kafka: the real batch step on real PostgreSQL, fed with records."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.audit.domain.record import Seal
from services.audit.handlers import AuditHandler
from services.audit.record import sealing
from shared import db
from shared.contracts import binding_screenings as found
from shared.contracts import review_verdicts as said
from shared.contracts.base import Message
from shared.ids import SystemIds
from shared.messaging.due import DueRows
from shared.messaging.records import PlainRecord
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.messaging.step import BatchStep
from shared.policies.values import Review
from shared.testing.messages import MONDAY, to_kafka, uid
from tests.unit.audit.line import OPERATORS, TYPES, Everywhere, passed, policy

_CARRIES = {"review_verdicts": ("review.verdicts", "desk"), "registry": ("registry.persons", "authority")}


@dataclass
class Hand:
    """A clock that is moved by hand."""

    at: datetime = field(default_factory=lambda: MONDAY.astimezone(UTC))

    def now(self) -> datetime:
        return self.at

    def from_broker(self, milliseconds: int) -> datetime:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)


@dataclass
class Replica:
    """A pool and a batch step of its own. `offsets` may be shared: one log, several readers."""

    pool: db.Pool
    step: BatchStep
    clock: Hand
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    number: int = 0

    @classmethod
    async def open(
        cls, url: str, offsets: dict[tuple[str, int], int] | None = None, review: Review | None = None
    ) -> Replica:
        """Connects and brings the schema up to date."""
        clock = Hand()
        handler: Any = AuditHandler(Everywhere(policy(review=review)), clock.now, operators=OPERATORS)
        pool = await db.open_pool(url, handler.name)
        async with pool.acquire() as conn:
            await db.migrate(conn, handler.name, [CORE_SCHEMA, *migrations_of(handler)])
        step = BatchStep(handler, pool, clock, SystemIds())
        return cls(pool, step, clock, {} if offsets is None else offsets)

    async def take(self, *bodies: Message, partition: int = 0) -> None:
        """Handles the messages as one batch, appended now."""
        await self.step.run([self.record(body, partition) for body in bodies])

    async def bind(self, first: int, count: int, partition: int = 0) -> list[UUID]:
        """So many bindings that are approved at once, in one batch."""
        ids = [uid(number) for number in range(first, first + count)]
        await self.take(*(about(one, passed()) for one in ids), partition=partition)
        return ids

    async def wait(self, until: datetime) -> None:
        """Time passes; what falls due fires."""
        self.clock.at = until
        dues = DueRows(self.step)
        places = [("binding.screenings", 0)]
        await dues.note_read(dict.fromkeys(places, 0), until)
        while await dues.fire(places):
            pass

    async def seal(self, days: int = 1) -> list[Seal]:
        """So many days pass; the seals that follow."""
        self.clock.at += timedelta(days=days)
        async with self.pool.acquire() as conn:
            return await sealing.seal(conn, self.clock.now())

    def record(self, body: Message, partition: int) -> PlainRecord:
        """The next record of a partition that carries a message."""
        topic, source = _CARRIES.get(
            type(body).__module__.rpartition(".")[2], ("binding.screenings", "gongji-eligibility")
        )
        self.number += 1
        name = f"{id(self)}-{self.number}"
        kind = TYPES.get(type(body), "recorded")
        sent = to_kafka(f"{topic}.{kind}", body, source, name, self.clock.now())
        offset = self.offsets.get((topic, partition), 0)
        self.offsets[topic, partition] = offset + 1
        stamp = int(self.clock.now().timestamp() * 1000)
        return PlainRecord(topic, partition, offset, stamp, sent.key, sent.value, sent.headers)

    async def published(self) -> list[tuple[bytes, dict[str, Any]]]:
        """Every decision in the outbox, in order: its bytes and what they say."""
        rows = await self.pool.fetch(
            "select bodies from outbox where topic = 'binding.decisions' order by id"
        )
        return [(body, json.loads(body)) for row in rows for body in row["bodies"]]


def about(binding_id: UUID, body: found.Passed) -> found.Passed:
    return body.model_copy(update={"binding_id": binding_id})


def look(binding_id: UUID, why: str = "电话核实关系") -> said.Revealed:
    return said.Revealed(binding_id=binding_id, operator_id="op-1", note=why)
