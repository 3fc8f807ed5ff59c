"""A command line whose stack is the tests' own servers: topics made, the core's tables in every service's schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

import shared.messaging
from deploy import topics
from deploy.cli import build
from deploy.local.testing import TestStack
from shared.contracts.sources import SERVICES
from shared.messaging.records import Outgoing
from shared.testing.messages import KafkaMessage

SCHEMA = Path(next(iter(shared.messaging.__path__))) / "schema.sql"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the commands of one test work."""

    kafka: str
    urls: dict[str, str]
    run: Callable[..., tuple[int, str]]

    def execute(self, service: str, statement: str, *values: object) -> list[asyncpg.Record]:
        """A statement in a service's schema."""

        async def one() -> list[asyncpg.Record]:
            conn = await asyncpg.connect(self.urls[service], server_settings={"search_path": service})
            try:
                return list(await conn.fetch(statement, *values))
            finally:
                await conn.close()

        return asyncio.run(one())

    def publish(self, *records: KafkaMessage | Outgoing) -> None:
        """Publishes as a plain producer does."""

        async def all_() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
                for one in records:
                    headers = one.pairs() if isinstance(one, Outgoing) else one.headers
                    await producer.send_and_wait(one.topic, one.value, key=one.key, headers=headers)

        asyncio.run(all_())


@pytest.fixture
def place(stack: TestStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Real servers, fresh tables. `run("trace", ...)` gives the exit status and what was printed."""
    urls = asyncio.run(_prepare(stack))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack.kafka)
    monkeypatch.setenv("DATABASE_URL", urls["admin"])
    monkeypatch.setenv("GONGJI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "250")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(build(arguments[0]), list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    yield Place(stack.kafka, urls, run)
    asyncio.run(stack.drop_databases())


async def _prepare(stack: TestStack) -> dict[str, str]:
    await topics.apply_at(stack.kafka)
    urls = await stack.fresh_database()
    for service in SERVICES:
        conn = await asyncpg.connect(urls[service])
        await conn.execute(SCHEMA.read_text(encoding="utf-8"))
        await conn.close()
    return urls
