"""The stage: servers, fresh topics and databases, and services as processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError

from deploy import topics
from deploy.local.databases import variable_of
from deploy.local.postgres import Postgres
from deploy.local.testing import TestStack
from services.settlement.app import build
from services.settlement.settings import Settings
from shared import db
from shared.messaging.service import CORE_SCHEMA, migrations_of
from shared.testing.proofs import DEMO_OPERATORS, DEMO_SOURCES
from tests.bench import world
from tests.bench.applications import CHANNEL
from tests.bench.measure import Cpu

USED = (
    "settlement.requests", "settlement.results", f"answers.{world.SOURCE}", "binding.requests", "binding.screenings",
    "binding.decisions", f"answers.{CHANNEL}", "registry.persons", "registry.relations",
    "binding.notices", "answers.website",
)  # fmt: skip


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

    async def fresh(self, families: int) -> dict[str, str]:
        """Empty topics and a database with so many families for settlement; URLs by service."""
        urls = await self.empty()
        handler = build(Settings(bootstrap_servers=self.servers.kafka, database_url=urls["settlement"]))
        conn = await asyncpg.connect(urls["settlement"])
        try:
            await db.migrate(conn, "settlement", [CORE_SCHEMA, *migrations_of(handler)])
        finally:
            await conn.close()
        await world.load(urls["settlement"], families)
        admin = await asyncpg.connect(urls["admin"])
        try:
            await admin.execute("checkpoint")
        finally:
            await admin.close()
        return urls

    async def empty(self) -> dict[str, str]:
        """Empty topics and an empty database; URLs by service."""
        await renew(self.servers.kafka)
        return await self.servers.fresh_database()

    @contextlib.asynccontextmanager
    async def running(
        self, urls: dict[str, str], *commands: str, env: Mapping[str, str] | None = None
    ) -> AsyncIterator[list[psutil.Process]]:
        """Runs `python -m <command>` of each, words separated by blanks; stopped by SIGTERM at the end. `env`: more of the environment."""
        children = [await self._start(command, urls, n, env or {}) for n, command in enumerate(commands)]
        try:
            yield [psutil.Process(child.pid) for child in children]
        finally:
            for child in children:
                if child.returncode is None:
                    child.send_signal(signal.SIGTERM)
            for child in children:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(child.wait(), 30)

    async def _start(
        self, command: str, urls: dict[str, str], number: int, more: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        env = dict(os.environ) | {variable_of(name): url for name, url in urls.items() if name != "admin"}
        env |= {
            "KAFKA_BOOTSTRAP_SERVERS": self.servers.kafka, "GONGJI_INSTANCE": f"bench-{number}", "GONGJI_HTTP_PORT": "0",
            "GONGJI_SOURCES": str(DEMO_SOURCES),
            "GONGJI_OPERATORS": str(DEMO_OPERATORS),
        } | dict(more)  # fmt: skip
        with (self.log / f"{command.replace(' ', '-')}-{number}.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", *command.split(), stdout=output, stderr=output, env=env
            )

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
