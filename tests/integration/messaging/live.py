"""The toy as a whole service in the test's own process, on real Kafka and PostgreSQL."""

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr

from deploy.local.ports import free_port
from deploy.local.testing import TestStack
from shared.messaging import service
from shared.messaging.service import Running
from shared.settings import ServiceSettings
from tests.integration.messaging import toy

FIXED = ("answers.app-one", "answers.app-two", "audit.dead-letters")


class Settings(ServiceSettings, env_prefix="GONGJI_AUDIT_"):
    """Those of the service whose role and schema the toy borrows."""


@dataclass
class Live:
    """A topic of the test's own and the services that read it."""

    stack: TestStack
    url: str
    name: str = field(default_factory=lambda: f"toy-{uuid4().hex[:8]}")
    partitions: int = 4

    @property
    def topic(self) -> str:
        return self.name + ".requests"

    @property
    def results(self) -> str:
        return self.name + ".results"

    async def create(self) -> None:
        """Creates the topics, with the broker's time."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.stack.kafka)
        await admin.start()
        configs = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "2097152"}
        for topic in (self.topic, self.results, *FIXED):
            await admin.create_topics([NewTopic(topic, self.partitions, 1, topic_configs=configs)])
        await admin.close()

    def settings(self, **options: Any) -> Settings:
        """Settings of one replica."""
        told: dict[str, Any] = {
            "bootstrap_servers": self.stack.kafka,
            "database_url": SecretStr(self.url),
            "group": self.name,
            "http_port": 0,
            "start_timeout": 60,
        }
        return Settings(**(told | options))

    def headers(self, id: str, **named: bytes) -> list[tuple[str, bytes | None]]:
        """Those of a request."""
        base = {
            "ce_specversion": b"1.0",
            "ce_id": id.encode(),
            "ce_source": b"app-one",
            "ce_type": b"gongji.toy.requests.asked.v1",
            "content-type": b"application/json",
        }
        return list((base | named).items())

    async def publish(
        self, *messages: tuple[str, dict[str, Any]], headers: list[tuple[str, bytes | None]] | None = None
    ) -> None:
        """Publishes (person, body) with the person's name and a number as id."""
        async with self.producer() as producer:
            futures = [
                await producer.send(
                    self.topic,
                    key=person.encode(),
                    value=json.dumps({"person": person, "amount": 1} | body).encode(),
                    headers=headers if headers is not None else self.headers(uuid4().hex),
                )
                for person, body in messages
            ]
            await asyncio.gather(*futures)

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[Any]:
        producer = AIOKafkaProducer(bootstrap_servers=self.stack.kafka, linger_ms=5)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def read(
        self, topic: str, count: int, wanted: Callable[[Any], bool] = lambda _: True, seconds: float = 60
    ) -> list[Any]:
        """The first `count` records of a topic that are wanted."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.stack.kafka, auto_offset_reset="earliest")
        await consumer.start()
        consumer.assign([TopicPartition(topic, p) for p in range(await self._partitions(topic))])
        found: list[Any] = []
        try:
            async with asyncio.timeout(seconds):
                while len(found) < count:
                    for records in (await consumer.getmany(timeout_ms=100)).values():
                        found += filter(wanted, records)
        finally:
            await consumer.stop()
        return found

    async def _partitions(self, topic: str) -> int:
        """How many a topic has: the dead letters' topic may have been made by another test of the session."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.stack.kafka)
        await admin.start()
        try:
            return len((await admin.describe_topics([topic]))[0]["partitions"])
        finally:
            await admin.close()

    async def letters(self, count: int) -> list[Any]:
        """Dead letters from this test's topic."""
        return await self.read(
            "audit.dead-letters",
            count,
            lambda r: dict(r.headers).get("x-original-topic") == self.topic.encode(),
        )

    @asynccontextmanager
    async def service(
        self, handler: toy.ToyHandler | None = None, *, stop: bool = True, **options: Any
    ) -> AsyncIterator["Replica"]:
        """Runs a replica until the block ends (`stop` False: until it ends by itself)."""
        used = handler or toy.ToyHandler((self.topic,))
        used.topics = (self.topic,)
        replica = Replica(used)
        told = options.pop("settings", None) or self.settings(**options)
        registry = toy.make_registry(self.topic, self.results)
        replica.task = asyncio.create_task(service.run(used, told, [replica.background], registry=registry))
        try:
            yield replica
        finally:
            await replica.end()


@dataclass
class Replica:
    """One running service."""

    handler: toy.ToyHandler
    task: "asyncio.Task[int]" = field(init=False)
    running: Running | None = None

    async def background(self, running: Running) -> None:
        self.running = running
        await running.stopping.wait()

    async def started(self) -> Running:
        """Waits until background work runs, which is last."""
        async with asyncio.timeout(60):
            while self.running is None and not self.task.done():
                await asyncio.sleep(0.02)
        assert self.running is not None, f"ended with {self.task.result()}"
        return self.running

    async def end(self) -> int:
        """Asks it to stop, as a signal does; its exit code."""
        if self.running is None and not self.task.done():
            self.task.cancel()
        if self.running is not None:
            self.running.stopping.set()
        async with asyncio.timeout(60):
            found = await asyncio.gather(self.task, return_exceptions=True)
        return found[0] if isinstance(found[0], int) else -1

    def value(self, name: str, **labels: str) -> float:
        """A metric."""
        assert self.running is not None
        return self.running.metrics.registry.get_sample_value(name, labels) or 0.0


async def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Waits until `condition()` (or what it awaits) holds."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)


def world_total(world: Any, person: str, total: int) -> Any:
    async def check() -> bool:
        return bool((await world.totals()).get(person) == total)

    return check


async def http(port: int, path: str) -> tuple[int, dict[str, Any]]:
    """What a probe says; 0 and nothing as long as nobody answers."""

    def get() -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except OSError:
            return 0, {}

    return await asyncio.to_thread(get)


__all__ = ["Live", "Replica", "Settings", "free_port", "http", "os", "until"]
