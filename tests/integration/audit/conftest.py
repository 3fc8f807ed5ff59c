"""Audit as a process of its own on real Kafka and PostgreSQL, and the desk's command line beside it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from deploy import topics
from deploy.cli import build
from deploy.local.http import readiness
from deploy.local.ports import free_port
from deploy.local.testing import TestStack
from deploy.reading.running import Running, find
from deploy.reading.seen import Seen
from deploy.reading.topics import whole
from shared.clock import from_setting, with_anchor
from shared.contracts.base import Message
from shared.testing.messages import MONDAY, to_kafka

CLOCK = with_anchor(MONDAY.isoformat())
POLICIES = Path(__file__).with_name("policies")
PATIENCE = 90.0
RUN = int(time.time() * 1000) % 10**10
"""Milliseconds that tell this run's ids from those of others on the same servers."""


@dataclass
class Desk:
    """What a test does with one audit service. Ids of bindings are the test's own, because topics are shared."""

    kafka: str
    urls: dict[str, str]
    """By service, the desk's and the administrator's."""
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    published: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, clock: str = CLOCK) -> None:
        """Starts the service and waits until it is ready."""
        self.port = free_port()
        group = f"audit-{RUN}-{self.folder.name}"
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "GONGJI_AUDIT_DATABASE_URL": self.urls["audit"],
            "GONGJI_DESK_DATABASE_URL": self.urls["desk"],
            "GONGJI_CLOCK": clock,
            "GONGJI_GROUP": group,
            "GONGJI_INSTANCE": group,
            "GONGJI_HTTP_PORT": str(self.port),
            "GONGJI_REGIONS_DIR": os.environ.get("GONGJI_REGIONS_DIR", str(POLICIES)),
        }
        with (self.folder / "audit.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.audit"],
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + PATIENCE
        while not _ready(self.port):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def publish(self, short: str, body: Message, *, id: str | None = None, at: datetime = MONDAY) -> str:
        """One message of eligibility, the authority or the desk; its id."""
        source = {"binding": "gongji-eligibility", "registry": "authority", "review": "desk"}[
            short.split(".")[0]
        ]
        self.published += 1
        name = id or f"{self.folder.name}-{RUN}-{self.published}"
        one = to_kafka(short, body, source, name, at)

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
                await producer.send_and_wait(one.topic, one.value, key=one.key, headers=one.headers)

        asyncio.run(send())
        return name

    @property
    def running(self) -> Running:
        return find(self.environment, self.folder)

    def seen(self, topic: str, about: object) -> list[Seen]:
        """Every record of a topic about a binding, in order."""
        key = str(about).encode()
        return asyncio.run(whole(self.running, topics=[topic], wanted=lambda record: record.key == key))

    def until(self, topic: str, about: object, enough: Callable[[list[Seen]], bool] | int) -> list[Seen]:
        """Waits for records about a binding: so many, or until they are `enough`."""
        end = time.monotonic() + PATIENCE
        while True:
            found = self.seen(topic, about)
            if len(found) >= enough if isinstance(enough, int) else enough(found):
                return found
            assert time.monotonic() < end, f"{[_type(one) for one in found]}; {self.log()}"
            time.sleep(0.2)

    def decisions(self, about: object, count: int) -> list[str]:
        """The types of a binding's decisions once there are `count`."""
        return [_type(one) for one in self.until("binding.decisions", about, count)]

    def rows(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """A statement in audit's schema."""

        async def one() -> list[asyncpg.Record]:
            conn = await asyncpg.connect(self.urls["audit"], server_settings={"search_path": "audit"})
            try:
                return list(await conn.fetch(statement, *values))
            finally:
                await conn.close()

        return asyncio.run(one())

    def run(self, *arguments: object, command: str = "review") -> tuple[int, str]:
        """`gongji review ...`, or another command; its status and what it printed."""
        words = [command, *map(str, arguments)]
        result = CliRunner().invoke(build(command), words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    def log(self) -> str:
        return (self.folder / "audit.log").read_text(encoding="utf-8")[-3000:]


def _type(seen: Seen) -> str:
    return seen.spec.short.rpartition(".")[2] if seen.spec else "?"


def _ready(port: int) -> bool:
    return bool(asyncio.run(readiness(port))["ok"])


@contextmanager
def started(stack: TestStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A running audit with tables of its own, and the desk's commands told of it."""
    asyncio.run(topics.apply_at(stack.kafka))
    urls = asyncio.run(stack.fresh_database())
    made = Desk(stack.kafka, urls, folder)
    try:
        made.start()
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "250")
        monkeypatch.setenv("GONGJI_HOME", str(folder / "home"))
        yield made
    finally:
        made.stop()
        asyncio.run(stack.drop_databases())


@pytest.fixture
def desk(stack: TestStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A running audit with tables of its own."""
    with started(stack, tmp_path, monkeypatch) as made:
        yield made


def shifted(days: int) -> str:
    """The clock of a service that is started again `days` later."""
    now = from_setting(CLOCK).now()
    return with_anchor(datetime.fromtimestamp(now.timestamp() + days * 86_400, UTC).isoformat())
