"""notify without Kafka: its handler and sender on real PostgreSQL, with media that a test decides and a clock that it moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.notify import template_files
from services.notify.domain.course import Outcome
from services.notify.domain.templates import Templates
from services.notify.domain.texts import Content
from services.notify.gauges import Gauges
from services.notify.handlers import NotifyHandler
from services.notify.links import known_as
from services.notify.outcomes import Outcomes
from services.notify.providers.interface import Order, Provider, Result
from services.notify.providers.switch import Switch
from services.notify.sealing import Seal, read_key
from services.notify.sender import Sender
from shared import db, policies
from shared.contracts.base import Message
from shared.ids import SystemIds
from shared.messaging.handler import Due
from shared.messaging.records import PlainRecord
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.messaging.step import BatchStep
from shared.metrics import Metrics
from shared.testing.messages import MONDAY, KafkaMessage, to_kafka
from shared.testing.proofs import DATA_KEY

SEAL = Seal([read_key(DATA_KEY)])
LONG_AGO = datetime.fromtimestamp(0, UTC)


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = MONDAY.astimezone(UTC)

    def now(self) -> datetime:
        return self.at

    def from_broker(self, milliseconds: int) -> datetime:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)

    def forward(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Played:
    """A provider whose results a test lays out in order; the last one stays."""

    name: str
    results: list[Result]
    at_once: int = 10
    longest: float = 60.0
    up: bool = True
    sent: list[tuple[str, Content]] = field(default_factory=list)

    @property
    def medium(self) -> str:
        return self.name

    async def run(self) -> None:
        """Nothing to keep."""

    async def send(self, order: Order) -> Result:
        self.sent.append((order.number, order.content))
        return self.results.pop(0) if len(self.results) > 1 else self.results[0]


class Bench:
    """One notify."""

    def __init__(
        self,
        pool: db.Pool,
        *,
        sms: Sequence[Result] = (),
        call: Sequence[Result] = (),
        since: datetime = LONG_AGO,
        overlay: Path | None = None,
        templates: Templates | None = None,
    ) -> None:
        self.pool, self.clock, self.offset = pool, Hand(), 0
        self.policies = policies.load(overlay=overlay)
        words = templates or template_files.load()
        handler: Any = NotifyHandler(self.clock, self.policies, frozenset({"zheliban"}), words, since, SEAL)
        self.handler: NotifyHandler = handler
        self.step = BatchStep(handler, pool, self.clock, SystemIds())
        self.sms = Played("sms", list(sms) or [Result(Outcome.ACCEPTED, "sms-accepted", "0", ("sms-1",))])
        self.call = Played("call", list(call) or [Result(Outcome.DELIVERED, "call-confirmed")])
        self.providers: list[Provider] = [self.sms, self.call]
        self.sender = self.make_sender()

    def make_sender(self) -> Sender:
        """One more process's sender."""
        outcomes = Direct(self.step.apply)
        switches = [
            Switch(name, [one for one in self.providers if one.medium == name]) for name in ("sms", "call")
        ]
        return Sender(self.pool, outcomes, self.clock, self.policies, switches, Gauges(Metrics()), SEAL)

    async def publish(
        self,
        short_type: str,
        body: Message | None,
        source: str = "gongji-audit",
        *,
        said_at: datetime | None = None,
        **options: Any,
    ) -> None:
        """One record, appended now, handled at once; None is a tombstone. `said_at`: the sender's time, if not now."""
        self.offset += 1
        message = to_kafka(
            short_type, body or {}, source, f"m-{self.offset}", said_at or self.clock.now(), **options
        )
        await self._append(message if body else message._replace(value=b""))

    async def publish_raw(self, short_type: str, body: dict[str, Any], source: str, **options: Any) -> None:
        """A body as it is, right or wrong."""
        self.offset += 1
        await self._append(
            to_kafka(short_type, body, source, f"m-{self.offset}", self.clock.now(), **options)
        )

    async def publish_together(self, *records: tuple[str, Message], source: str = "gongji-audit") -> None:
        """Records that are handled in one batch."""
        batch = []
        for short_type, body in records:
            self.offset += 1
            message = to_kafka(short_type, body, source, f"m-{self.offset}", self.clock.now())
            batch.append(self._record(message))
        await self.step.run(batch)

    async def _append(self, message: KafkaMessage) -> None:
        await self.step.run([self._record(message)])

    def _record(self, message: KafkaMessage) -> PlainRecord:
        stamp = int(self.clock.now().timestamp() * 1000)
        value = message.value or None
        return PlainRecord(message.topic, 0, self.offset, stamp, message.key, value, message.headers)

    async def work(self) -> None:
        """Rounds of the sender until there is nothing due."""
        for _ in range(20):
            await self.sender.overdue()
            await self.sender.round()
            await self.sender.drain(5)
            if not await self.pool.fetchval(
                "select count(*) from notices where next_at <= $1 and leased_until is null", self.clock.now()
            ):
                return

    async def receipt(self, provider_id: str, fate: str) -> None:
        await self.step.apply(
            [Due("receipt", known_as("sms", provider_id), self.clock.now(), {"fate": fate, "code": "0"})]
        )

    async def notices(self) -> list[tuple[str, str | None]]:
        """State and reason of each notice, oldest first."""
        return [
            tuple(row)
            for row in await self.pool.fetch(
                "select state, reason from notices order by created_at, side desc, id"
            )
        ]

    async def attempts(self) -> list[tuple[str, str]]:
        """Medium and state of each attempt."""
        return [
            tuple(row)
            for row in await self.pool.fetch("select medium, state from attempts order by notice_id, number")
        ]

    async def said(self) -> list[str]:
        """Types of everything that was emitted, in order."""
        rows = await self.pool.fetch("select id, headers from outbox order by id")
        kinds = []
        for row in rows:
            for packed in row["headers"]:
                text = packed.decode()
                kinds.append(text.split('"gongji.')[1].split(".v1")[0])
        return kinds


class Direct(Outcomes):
    """Outcomes stored at once."""

    async def put(self, dues: Sequence[Due]) -> None:
        await self._apply(dues)


async def migrated(url: str) -> db.Pool:
    """A pool on an empty notify database."""
    pool = await db.open_pool(url, "notify")
    async with pool.acquire() as conn:
        await db.migrate(conn, "notify", [CORE_SCHEMA, *migrations_of(NotifyHandler.__new__(NotifyHandler))])
    return pool
