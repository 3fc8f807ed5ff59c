"""`gongji record verify --topic`: what the topic says is held against the record, decision by decision, both ways."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner

from deploy.cli import build
from deploy.local.testing import TestStack
from deploy.reading import record
from tests.integration.audit.replica import Replica, about
from tests.unit.audit.line import passed, verdict


class Published(NamedTuple):
    """A service that has decided, and a topic that holds nothing but what it said, or what somebody made of it."""

    replica: Replica
    kafka: str
    topic: str

    async def write(self, bodies: Sequence[tuple[bytes, bytes | None]]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
            for key, body in bodies:
                await producer.send_and_wait(self.topic, body, key=key)

    async def verify(self) -> tuple[int, list[tuple[str, str | None, int | None]]]:
        """Status of the command, and code, binding and version of everything it names."""
        result = await asyncio.to_thread(
            CliRunner().invoke, build("record"), ["record", "verify", "--topic", "--json"]
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        told = json.loads(result.stdout)
        assert told["whole"] is (result.exit_code == 0)
        return result.exit_code, [(one["code"], one["binding_id"], one["version"]) for one in told["broken"]]


@pytest_asyncio.fixture
async def published(
    stack: TestStack, database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> AsyncIterator[Published]:
    topic = f"answers.record-{time.time_ns()}"
    monkeypatch.setenv("GONGJI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack.kafka)
    for service in database_urls.keys() - {"admin"}:
        monkeypatch.setenv(f"GONGJI_{service.upper()}_DATABASE_URL", database_urls[service])
    monkeypatch.setattr(record, "DECISIONS", topic)
    monkeypatch.setattr(record, "PATIENCE", 3.0)
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 3, 1)])
    replica = await Replica.open(database_urls["audit"])
    try:
        await replica.bind(1, 4)
        await replica.bind(5, 3, partition=1)
        queued = about(UUID(int=77), passed(proven=()))
        await replica.take(queued)
        await replica.take(verdict("approve").model_copy(update={"binding_id": queued.binding_id}))
        yield Published(replica, stack.kafka, topic)
    finally:
        await replica.pool.close()
        await admin.delete_topics([topic])
        await admin.close()


async def said(published: Published) -> list[tuple[bytes, bytes | None, str, int]]:
    """Key, body, binding and version of every decision, in order."""
    return [
        (told["binding_id"].encode(), body, told["binding_id"], told["version"])
        for body, told in await published.replica.published()
    ]


async def test_a_topic_that_holds_every_decision_is_whole_also_without_what_was_compacted_away(
    published: Published,
) -> None:
    every = await said(published)
    await published.write([one[:2] for one in every])
    assert await published.verify() == (0, [])


async def test_only_last_decisions_are_missed(published: Published) -> None:
    every = await said(published)
    last = {one[2]: one for one in every}
    assert len(last) < len(every)
    gone = str(UUID(int=77))
    assert last[gone][3] == 3
    await published.write([one[:2] for name, one in last.items() if name != gone])
    assert await published.verify() == (1, [("decision-unpublished", gone, 3)])
    await published.write([one[:2] for one in every if one[2] == gone and one[3] < 3])
    assert await published.verify() == (1, [("decision-unpublished", gone, 3)]), "an older one does not do"
    await published.write([last[gone][:2]])
    assert await published.verify() == (0, [])


async def test_a_decision_that_is_altered_on_the_topic_is_named(published: Published) -> None:
    every = await said(published)
    target = next(one for one in every if one[2] == str(UUID(int=77)) and one[3] == 2)
    changed = (target[1] or b"").replace(b'"under-review"', b'"approved"')
    assert changed != target[1]
    await published.write([(one[0], changed if one is target else one[1]) for one in every])
    assert await published.verify() == (1, [("decision-altered", target[2], 2)])


async def test_what_nobody_decided_is_named(published: Published) -> None:
    every = await said(published)
    await published.write([one[:2] for one in every])
    stranger = str(UUID(int=4711))
    forged = (every[-1][1] or b"").replace(every[-1][2].encode(), stranger.encode())
    later = (every[-1][1] or b"").replace(b'"version":3', b'"version":4')
    await published.write([(stranger.encode(), forged), (every[-1][0], later), (every[0][0], b"{broken")])
    code, named = await published.verify()
    assert (code, sorted(named, key=str)) == (
        1,
        sorted(
            [
                ("decision-unrecorded", stranger, 3),
                ("decision-unrecorded", every[-1][2], 4),
                ("decision-unrecorded", every[0][2], 0),
            ],
            key=str,
        ),
    )


async def test_a_binding_that_was_erased_from_the_topic_is_not_missed(published: Published) -> None:
    every = await said(published)
    erased = every[0][2]
    await published.write([one[:2] for one in every if one[2] != erased])
    await published.write([(erased.encode(), None)])
    assert await published.verify() == (0, [])


async def test_a_decision_that_is_published_while_one_looks_is_waited_for(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "PATIENCE", 60.0)
    every = await said(published)
    await published.write([one[:2] for one in every[:-1]])
    looking = asyncio.create_task(published.verify())
    await asyncio.sleep(2)  # it has looked once by now, or it finds everything at once: both are right
    await published.write([every[-1][:2]])
    assert await looking == (0, [])
