"""Plays a conversation with one service in this process: its real handler and batch step on a real PostgreSQL, no Kafka."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from deploy.contract.conversation import Conversation, Event, Run, match
from services.audit.handlers import AuditHandler
from services.eligibility.app import build as build_eligibility
from services.eligibility.settings import Settings as EligibilitySettings
from services.notify import template_files
from services.notify.handlers import NotifyHandler
from services.notify.sealing import Seal
from services.settlement.app import may_bill
from services.settlement.domain.book import Regions
from services.settlement.handlers import SettlementHandler
from shared import db, policies
from shared.contracts import sources
from shared.contracts.structured import event_of, record_of
from shared.db import Pool
from shared.ids import SystemIds
from shared.messaging.due import DueRows
from shared.messaging.handler import Handler
from shared.messaging.records import Outgoing, PlainRecord
from shared.messaging.relay import Refusal, Relay
from shared.messaging.service import CORE_SCHEMA
from shared.messaging.step import BatchStep
from shared.testing.messages import MONDAY

SERVICES = Path(__file__).parents[2] / "services"
ADOPTED = SERVICES.parent / "deploy" / "demo" / "policies"


class Standing:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def from_broker(self, milliseconds: int) -> datetime:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)

    def set(self, now: datetime) -> None:
        self._now = now


def handler_of(service: str, clock: Standing) -> Handler[Any]:
    """The service's real handler with the committed policy and what the demo's officer adopted."""
    loaded = policies.load(overlay=ADOPTED)
    if service == "eligibility":
        return build_eligibility(EligibilitySettings.model_construct(regions_dir=ADOPTED))
    if service == "audit":
        return AuditHandler(loaded)
    if service == "settlement":
        return SettlementHandler(Regions(loaded, may_bill))
    centres = frozenset(one.id for one in sources.load().values() if one.message_centre)
    return NotifyHandler(
        clock, loaded, centres, template_files.load(), datetime.fromtimestamp(0, UTC), Seal([bytes(32)])
    )


class Alone:
    """One service without its surroundings. `said` keeps every event that it published."""

    def __init__(self, service: str, pool: Pool, url: str) -> None:
        self.clock = Standing(MONDAY.astimezone(UTC))
        self._url = url
        self.handler = handler_of(service, self.clock)
        self.step = BatchStep(self.handler, pool, self.clock, SystemIds())
        self.due = DueRows(self.step)
        self.said: list[Event] = []
        self._offset = 0
        self._read: set[tuple[str, int]] = set()

    async def tell(self, event: Event) -> list[Event]:
        """The service reads one record; what it publishes."""
        record = record_of(event)
        now = int(self.clock.now().timestamp() * 1000)
        self._offset += 1
        self._read.add((record.topic, 0))
        read = PlainRecord(record.topic, 0, self._offset, now, record.key, record.value, record.headers)
        await self.step.run([read])
        return await self._published()

    async def wait(self, until: datetime) -> list[Event]:
        """Time passes and everything that was read stays read; what due rows publish."""
        self.clock.set(until)
        places = sorted(self._read)
        await self.due.note_read(dict.fromkeys(places, 0), until)
        while await self.due.fire(places):
            pass
        return await self._published()

    async def _connect(self) -> Any:
        return await asyncpg.connect(self._url, server_settings=db.connection_settings(self.handler.name))

    async def _published(self) -> list[Event]:
        sent: list[Outgoing] = []

        async def send(records: Any) -> list[Refusal]:
            sent.extend(records)
            return []

        relay = Relay(self.handler.name, self._connect)
        assert await relay.lead()
        while await relay.round(send):
            pass
        await relay.close()
        events = [event_of(one.topic, one.key, _texts(one), one.value or b"null") for one in sent]
        self.said += events
        return events


def _texts(record: Outgoing) -> list[tuple[str, bytes]]:
    return [(name, value) for name, value in record.pairs() if value is not None]


@asynccontextmanager
async def service_alone(service: str, urls: Mapping[str, str]) -> AsyncIterator[Alone]:
    """The service on its migrated schema of a fresh database."""
    conn = await asyncpg.connect(urls[service])
    migrations = sorted((SERVICES / service / "migrations").glob("*.sql"))
    await db.migrate(conn, service, [CORE_SCHEMA, *migrations])
    await conn.close()
    pool = await db.open_pool(urls[service], service, size=4)
    try:
        yield Alone(service, pool, urls[service])
    finally:
        await pool.close()


async def play(conversation: Conversation, alone: Alone, run: Run) -> list[str]:
    """Complaints, each with the line; empty if the service said exactly what the conversation expects."""
    complaints: list[str] = []
    said: list[Event] = []
    wanted: list[Event] = []
    told: dict[int, Event] = {}
    place = 1
    for step in [step for step in conversation.steps if step.only != "stack"]:
        if step.kind == "out":
            wanted.append(run.fill(step.content, alone.clock.now()))
            continue
        complaints += [f"after line {place}: {what}" for what in _compared(wanted, said)]
        wanted, place = [], step.number
        if step.kind in ("in", "again"):
            told[step.number] = (
                told[step.content] if step.kind == "again" else run.event(step.content, alone.clock.now())
            )
            said = await alone.tell(told[step.number])
        else:
            seconds = float(step.content)
            said = await alone.wait(datetime.fromtimestamp(alone.clock.now().timestamp() + seconds, UTC))
    return complaints + [f"after line {place}: {what}" for what in _compared(wanted, said)]


def _compared(wanted: list[Event], said: list[Event]) -> list[str]:
    complaints, left = match(wanted, said)
    return complaints + [f"{event['type']}: was published and nobody expects it" for event in left]
