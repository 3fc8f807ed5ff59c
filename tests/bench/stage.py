"""The stage: servers, fresh topics and databases, and services as processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError

from deploy import topics
from deploy.local.postgres import Postgres
from deploy.local.testing import TestStack
from services.settlement.app import build
from services.settlement.settings import Settings
from shared import db
from shared.messaging.service import CORE_SCHEMA, migrations_of
from tests.bench import world
from tests.bench.measure import Cpu

USED = ("settlement.requests", "settlement.results", f"answers.{world.SOURCE}")


@dataclass
class Stage:
    """Servers that are ours. `log` is the folder of the services' output."""

    servers: TestStack
    log: Path

    @property
    def postgres(self) -> Postgres:
        """Our PostgreSQL. Raises `LookupError` for an external one, whose CPU time cannot be read."""
        found = self.servers.stack.server("postgres")
        if not isinstance(found, Postgres):
            raise LookupError(
                "the benchmark measures CPU time and needs servers of its own; unset DATABASE_URL"
            )
        return found

    async def fresh(self, families: int) -> str:
        """Empty topics and a database with so many families; the URL of settlement's role."""
        await renew(self.servers.kafka)
        urls = await self.servers.fresh_database()
        url = urls["settlement"]
        handler = build(Settings(bootstrap_servers=self.servers.kafka, database_url=url))
        conn = await asyncpg.connect(url)
        try:
            await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(handler)])
        finally:
            await conn.close()
        await world.load(url, families)
        admin = await asyncpg.connect(urls["admin"])
        try:
            await admin.execute("checkpoint")
        finally:
            await admin.close()
        return url

    @contextlib.asynccontextmanager
    async def service(self, module: str, url: str, workers: int = 1) -> AsyncIterator[list[psutil.Process]]:
        """Runs `python -m module` so many times; stopped by SIGTERM at the end."""
        children = [self._start(module, url, n) for n in range(workers)]
        try:
            yield [psutil.Process(child.pid) for child in await asyncio.gather(*children)]
        finally:
            for child in self._running:
                if child.returncode is None:
                    child.send_signal(signal.SIGTERM)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(child.wait(), 30)
            self._running.clear()

    def __post_init__(self) -> None:
        self._running: list[asyncio.subprocess.Process] = []

    async def _start(self, module: str, url: str, number: int) -> asyncio.subprocess.Process:
        env = dict(os.environ) | {
            "KAFKA_BOOTSTRAP_SERVERS": self.servers.kafka, "GONGJI_SETTLEMENT_DATABASE_URL": url, "GONGJI_INSTANCE": f"bench-{number}",
            "GONGJI_HTTP_PORT": "0",
        }  # fmt: skip
        with (self.log / f"{module}-{number}.log").open("ab") as output:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, stdout=output, stderr=output, env=env
            )
        self._running.append(child)
        return child

    def cpu(self, services: list[psutil.Process]) -> Cpu:
        """Readings of the service, PostgreSQL and Kafka."""
        kafka, postgres = self.servers.stack.server("kafka"), self.postgres.running()
        broker = kafka.running() if kafka is not None else None
        if broker is None or postgres is None:
            raise LookupError("Kafka or PostgreSQL does not run")
        return Cpu({"service": services, "postgresql": [postgres], "kafka": [broker]})


async def renew(bootstrap: str) -> None:
    """Deletes the topics that the benchmark fills and makes them again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=30_000)
    await admin.start()
    try:
        with contextlib.suppress(UnknownTopicOrPartitionError):
            await admin.delete_topics(list(USED))
        for _ in range(100):
            if not set(USED) & set(await admin.list_topics()):
                break
            await asyncio.sleep(0.1)
    finally:
        await admin.close()
    await topics.apply_at(bootstrap)


async def sound(url: str) -> list[str]:
    """Broken invariants of the ledger, none if all is well."""
    conn = await asyncpg.connect(url, server_settings={"search_path": "settlement"})
    try:
        return [" ".join(map(str, row)) for row in await conn.fetch("select * from verify() limit 5")]
    finally:
        await conn.close()
